"""HTML in its final form, which no parser needs to look at.

Sanitising, parsing and writing out again is half of what an article costs, and most come out of Markdown as
they would come out of that. A grammar knows them: few elements, few attributes, each where it may stand, and
everything written in the one way in which it would be written out. What it does not know goes the long way.
"""

from __future__ import annotations

import re
from typing import TypeAlias

from publisher.articles.decoding import is_printable

_TAG = re.compile(r"<[^<>]*>")
# only three signs are written by name
_OTHER_NAME = re.compile(r"&(?!(?:amp|[lg]t);)")
# text where a list or a table holds none, or a line end that a parser would drop
_STRAY = re.compile(
    r"<(?:(?:[ou]l|table|t(?:head|body|r)|/(?:li|t(?:head|body|[drh])))(?![^<>]*>[ \n\t]*<)"
    r"|pre(?![^<>]*><code>))"
)
_SAID = r"\"[^<>&\"\n\t\xa0]*(?:&amp;[^<>&\"\n\t\xa0]*)*\""
_SIGNS = r"[\w.~!*()#$%+,/;=?@-]*(?:&amp;[\w.~!*()#$%+,/;=?@-]*)*"
_MORE = _SIGNS.replace("[", "[:")
# a host that every parser takes for a name: no number, no punycode
_HOST = r"(?:[A-Za-z\d]+(?:-[A-Za-z\d]+)*\.)*[A-Za-z][A-Za-z\d]*(?:-[A-Za-z\d]+)*(?::\d{1,4})?"
_ADDRESS = rf"\"(?:(?:https?|ftp)://{_HOST}(?:[/?#]{_MORE})?|mailto:{_MORE}|[/?#]{_MORE}|{_SIGNS})\""
_COLOUR, _FONT = r"color:#[\da-fA-F]+", r"font-(?:weight|style):[a-z]+"
_STYLE = rf"\"(?:(?:background-{_COLOUR};)?{_COLOUR}(?:;{_FONT})?|{_FONT}|text-align:[a-z]+)\""
_ATTRIBUTES = re.compile(
    rf"<(?:a href={_ADDRESS}(?: title={_SAID})?|img src={_ADDRESS} alt={_SAID}(?: title={_SAID})?"
    rf"|h[1-6] id=\"[\w-]+\"|ol start=\"\d+\"|(?:pre|span|t[dh]) style={_STYLE})>",
    re.ASCII,
)
# one that stands in a text, and not in a value
_COMMENT = re.compile(r"(\A|>)([^<>]*)<!--[^<>-]*(?:-[^<>-]+)*-->")
# those in a text: what stands in a tag is passed over with it
_QUOTE = re.compile(r"<[^<>]*>|&quot;")
_STYLED = re.compile(r"<(?:span|t[dh]) style=\"[^<>\"]*\"")
_DEEPEST = 100
_Within: TypeAlias = "dict[str, _Within | None]"


def form(html: str) -> str | None:
    """What sanitising, parsing and writing out makes of it, where that can be known; else None."""
    if "<!--" in html:
        html = _COMMENT.sub(r"\1\2", html)
    # so does Markdown write elements that hold nothing
    html = html.replace(" />", ">").strip()
    if "&" in html:
        html = html.replace("&#x27;", "'").replace("&#39;", "'")
        if "&quot;" in html:
            html = _QUOTE.sub(lambda found: found[0] if found[0][0] == "<" else '"', html)
    if ' style="' in html:
        html = _STYLED.sub(lambda tag: tag[0].replace(": ", ":").replace("; ", ";"), html)
    return html if settled(html) else None


def settled(html: str) -> bool:
    """Whether sanitising, parsing and writing it out gives the very same text. If not sure it says no."""
    if html != html.strip() or "\r" in html or not is_printable(html):
        return False
    tags = _TAG.findall(html)
    whole = len(tags) == html.count("<") == html.count(">")
    return whole and not _OTHER_NAME.search(html) and not _STRAY.search(html) and _nested(tags)


def _nested(tags: list[str]) -> bool:
    """Whether each stands where it may, and all are closed."""
    within, around = _FLOW, list[_Within]()
    for tag in tags:
        if tag not in within:
            tag = tag.partition(" ")[0] if _ATTRIBUTES.fullmatch(tag) else ""
            if tag not in within:
                return False
        inside = within[tag]
        if inside is None:
            within = around.pop()
        elif inside:
            if len(around) > _DEEPEST:
                return False
            around.append(within)
            within = inside
    return not around


def _marked(held: _Within) -> _Within:
    """What is held, and the same marked in any way."""
    marks: dict[str, _Within] = {name: {} for name in ("em", "strong", "del")}
    opening = {f"<{name}>": inside for name, inside in marks.items()}
    for name, inside in marks.items():
        inside |= {**held, **opening, f"</{name}>": None}
    return {**held, **opening}


def _flow() -> _Within:
    """What may stand in an article, by its tags (with attributes: their beginning), and what in that.

    None is the end of an element.
    """
    code: _Within = {"<span": {"</span>": None}, "</code>": None}
    plain: _Within = {"<br>": {}, "<img": {}, "<code>": code}
    words = _marked({**plain, "<a": {**_marked(plain), "</a>": None}})
    flow: _Within = {**words, "<hr>": {}, "<pre": {"<code>": code, "</pre>": None}}
    for name in ("p", "h1", "h2", "h3", "h4", "h5", "h6"):
        flow[f"<{name}>"] = flow[f"<{name}"] = {**words, f"</{name}>": None}
    table: _Within = {"</table>": None}
    for part, name in (("thead", "th"), ("tbody", "td")):
        cell: _Within = {**words, f"</{name}>": None}
        row: _Within = {f"<{name}>": cell, f"<{name}": cell, "</tr>": None}
        table[f"<{part}>"] = {"<tr>": row, f"</{part}>": None}
    item: _Within = {}
    quote: _Within = {}
    numbered: _Within = {"<li>": item, "</ol>": None}
    flow |= {"<table>": table, "<ul>": {"<li>": item, "</ul>": None}, "<blockquote>": quote}
    flow |= {"<ol>": numbered, "<ol": numbered}
    item |= {**flow, "</li>": None}
    quote |= {**flow, "</blockquote>": None}
    return flow


_FLOW = _flow()
