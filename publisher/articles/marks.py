"""Marks that other programs take out of a text: kramdown's attributes and comments, the place of a table of
contents, the end of a teaser, and what WordPress writes in brackets.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape

from publisher.articles import embeds
from publisher.articles.code_spans import Code

_PAIR = r"(?:[.#][\w:-]++|[\w:-]++=(?:\"[^\"\n]*\"|'[^'\n]*'|[^\s{}\"']++))"
# a space behind the colon tells an attribute list from code such as `{:a => 1}`; else it is read strictly
_MARK = (
    rf"\{{:(?:[ \t][^{{}}\n]*|(?:\s*{_PAIR},?)+\s*|(?:no_)?toc\b[^{{}}\n]*|[\w-]+:(?:\s*{_PAIR})*\s*"
    r"|:(?:options|nomarkdown|comment)\b[^{}\n]*|/[\w-]*)\}"
)
_KRAMDOWN = re.compile(rf"^[ \t>]*{_MARK}[ \t]*(?:\n|\Z)|{_MARK}", re.MULTILINE)
# what kramdown replaces by a table of contents, with the heading that is to stay out of it
_CONTENTS = re.compile(
    r"(?:^##[^\n]*\n\{:[^{}\n]*\bno_toc\b[^{}\n]*\}[ \t]*\n(?:\{:[^\n]*\}[ \t]*\n)?(?:[ \t]*\n)*)?"
    r"^[ >]*(?:[*+-]|1\.)[ \t][^\n]*\n[ >]*\{:[ \t]*toc\b[^{}\n]*\}[ \t]*$",
    re.MULTILINE,
)
_COMMENT = re.compile(r"\{::comment\}[^{]*+(?:\{(?!:/|::comment)[^{]*+)*+\{:/(?:comment)?\}[ \t]*\n?")
_TOC = re.compile(r"^ {0,3}\[(?:toc|TOC|\[_?(?:toc|TOC)_?\])\][ \t]*$", re.MULTILINE)
_READ_MORE = re.compile(r"^\(?READMORE\)?[ \t]*$", re.MULTILINE)
# attributes of Goldmark and Pandoc, on the line below a block or behind a picture
_ATTRIBUTES = re.compile(r"\{(?:[.#][A-Za-z]|(?:width|height)=)[^{}\n]*\}[ \t]*(?:\n|\Z)?")
# what ox-hugo writes around a table of contents
_TOC_OPENS, _TOC_CLOSES = '<div class="ox-hugo-toc', "<!--endtoc-->"
_CAPTION = re.compile(r"\[/?caption\b[^\[\]]*\]")
_SOURCE = re.compile(
    r"\[(sourcecode|code|bash|cpp|csharp|css|html|java|javascript|js|php|python|ruby|shell|sql|vb|xml)"
    r"((?:\s[^\[\]\n]{0,200})?)\]([^\[]*+(?:\[(?!/?\1\b)[^\[]*+)*+)\[/\1\]"
)
_GALLERY = re.compile(r"\[gallery(?:\s+\w+=[^\[\]\n]*)?\](?![(\[:])")
_EMBED = re.compile(
    r"\[embed\b[^\[\]\n]*\]\s*(https?:[^\s\[\]]+)\s*\[/embed\]|\[(?:youtube|vimeo)[= ](https?:[^\s\[\]]+)\]"
)
_BRACKETS = re.compile(r"\[(?:/\w+\]|gallery|youtube|vimeo|toc\]|TOC\]|\[_?(?:toc|TOC))")
_LANGUAGE = re.compile(r"\blang(?:uage)?=[\"']?([\w+#-]+)")
_BREAK = re.compile(r"<br ?/?>\n?|</?p>")


def removed(text: str, *, markdown: bool, language: str) -> str:
    """The text without such marks, except where it is code.

    What WordPress marks as code becomes code, and what it embeds a link with words in `language`.
    """
    if "{:" in text:
        text = outside(_COMMENT, "", text, markdown)
        text = outside(_KRAMDOWN, "", _CONTENTS.sub("", text), markdown)
    if markdown and "{" in text:
        text = outside(_ATTRIBUTES, _attributes, text, markdown)
    if (start := text.find(_TOC_OPENS, 0, 800)) >= 0 and (end := text.find(_TOC_CLOSES, start)) >= 0:
        text = text[:start] + text[end + len(_TOC_CLOSES) :]
    if _BRACKETS.search(text):
        text = outside(_SOURCE, lambda found: _block(found, markdown), _CAPTION.sub("", text), markdown)
        text = outside(_TOC, "", outside(_GALLERY, "", text, markdown), markdown)
        text = outside(_EMBED, lambda found: embeds.link(found[1] or found[2], language), text, markdown)
    return outside(_READ_MORE, "<!--more-->", text, markdown) if "READMORE" in text else text


def outside(
    pattern: re.Pattern[str], instead: str | Callable[[re.Match[str]], str], text: str, markdown: bool
) -> str:
    """The text with what matches replaced, but not in its code."""
    if not pattern.search(text):
        return text
    code = Code(text if markdown else "")

    def replaced(found: re.Match[str]) -> str:
        if code.holds(found.start()):
            return found[0]
        return found.expand(instead) if isinstance(instead, str) else instead(found)

    return pattern.sub(replaced, text)


def _block(found: re.Match[str], markdown: bool) -> str:
    """A block of code; what it holds may have been escaped and broken into lines for HTML."""
    named = _LANGUAGE.search(found[2])
    language = named[1] if named else found[1] if found[1] not in ("code", "sourcecode") else ""
    code = _BREAK.sub("\n", found[3]).strip("\n")
    if markdown:
        return f"\n\n~~~{language}\n{unescape(code)}\n~~~\n\n"
    return f'<pre><code class="language-{language}">{code}</code></pre>'


def _attributes(found: re.Match[str]) -> str:
    """Nothing where they stand alone on a line or behind a link; elsewhere they may mean something."""
    text, start = found.string, found.start()
    if text[start - 1 : start] == ")":
        return found[0][found[0].index("}") + 1 :]
    alone = not text[text.rfind("\n", 0, start) + 1 : start].strip() and (
        found[0].endswith("\n") or found.end() == len(text)
    )
    return "" if alone else found[0]
