"""Tags of other programs' templates (Liquid, Nunjucks, Hugo, kramdown, WordPress) in a text.

What a tag wraps stays. A tag that names a picture becomes the picture, one that shows a film or a post a
link to it, one that names another article its path, and one that prints a literal that literal. The rest is
dropped and named. Code stays as it is.
"""

from __future__ import annotations

import re
from html import escape
from urllib.parse import quote

from publisher.articles import asides, embeds, marks, quotes, references, theme_tags
from publisher.articles.code_spans import Code
from publisher.articles.prose import flat

_ANY = re.compile(r"\{(?:[%{]|# )")
_OPENING = re.compile(r"\{\{[<%]?|\{%|\{#(?=\s)")
_CLOSING = {"{{": "}}", "{{<": ">}}", "{{%": "%}}", "{%": "%}", "{#": "#}"}
_UNTIL = {word: re.compile(rf"\{{%-?\s*end{word}\s*-?%\}}") for word in ("raw", "comment")}
# how Hugo shows a shortcode instead of running it
_SHOWN = re.compile(r"\{\{([<%])/\*(.{0,200}?)\*/([>%])\}\}")
_CODE_BLOCK = ("highlight", "codeblock", "code")
_DIAGRAM = re.compile(
    r"\{[{%][<%]?[ \t]*mermaid\b[^{}]*\}\}?\n?((?:[^{]|\{(?![{%]))*)"
    r"\{[{%][<%]?[ \t]*(?:/|end)mermaid[^{}]*\}\}?"
)
# a tag written as Zola and Nunjucks write a call
_ALONE = re.compile(r"(?:^|\n)[ \t]*\Z")
_CALL = re.compile(r"([\w-]+)\((.*)\)", re.DOTALL)
_HASHES = re.compile(r"(?:^|\n)#{1,6}[ \t]+\Z")
_LONGEST = 8_000
_LITERAL = re.compile(r"\"([^\"]*)\"|'([^']*)'|(?:raw\s*)?`([^`]*)`")
_PICTURE = re.compile(r"[\"']?([^\"'\n=]+\.(?:png|jpe?g|gif|webp|avif))[\"']?(?=[\s,]|$)", re.IGNORECASE)
_SIZES = re.compile(r"^(?:\d+%?(?:\s+|$)){1,2}")
_NAMED = re.compile(r"\b(alt|caption|title)=(?:\"([^\"]*)\"|'([^']*)')")
# an address in Markdown or in an attribute
_VALUE = re.compile(r"(?:\]\(|=[\"']?|^[ ]{0,3}\[[^\[\]\n]+\]:[ \t]?)\s*\Z", re.MULTILINE)
_NOWHERE = re.compile(r"!\[[^\[\]]*\]\(\s*\)|\[([^\[\]]+)\]\(\s*\)|<img\b[^<>]*\bsrc=(?:\"\"|'')[^<>]*>")
# what an include shows in a box of its own
_SAID = re.compile(r"\b(?:content|text)=(?:\"((?:[^\"\\]|\\.)*)\"|'([^']*)')", re.DOTALL)
# the title that is printed above the text anyway
_OWN_TITLE = re.compile(
    r"^[ \t]*+(?:#{1,6}[ \t]*+|<h[1-6][^<>\n]*+>[ \t]*+)?\{\{-?[ \t]*+page\.title\b[^{}\n]*+\}\}[ \t]*+"
    r"(?:</h[1-6]>|#*+[ \t]*+\n(?:={3,}|-{3,})[ \t]*+$)?",
    re.MULTILINE,
)


def resolve(text: str, *, markdown: bool = True, language: str = "en") -> tuple[str, tuple[str, ...]]:
    """The text without template tags, and a note that names the kinds that were dropped.

    What is indented is code in Markdown, and nothing but indented in HTML. `language` is that of the words
    that stand for what was embedded.
    """
    dropped: dict[str, None] = {}
    text = references.plain(text)
    # to look for one character is many times as fast as for two
    if "{" in text and _ANY.search(text):
        text = _DIAGRAM.sub(r"~~~\n\1\n~~~", text) if "mermaid" in text else text
        if "quote" in text and "{%" in text:
            text = quotes.marked(text, Code(text if markdown else "").holds)
        text = _OWN_TITLE.sub("", text) if "page.title" in text else text
        text = _replace(text, Code(text if markdown else ""), dropped, language)
        text = _SHOWN.sub(r"{{\1\2\3}}", text) if "*/" in text else text
    if dropped:
        # a picture or a link whose address was a tag
        text = marks.outside(_NOWHERE, r"\1", text, markdown)
    text = marks.removed(text, markdown=markdown, language=language)
    if markdown and asides.any_in(text):
        text = asides.opened(text, Code(text).holds)
    notes = (f"template tags were dropped: {', '.join(dropped)}",) if dropped else ()
    return text, notes


def _replace(text: str, code: Code, dropped: dict[str, None], language: str) -> str:
    closings: dict[str, int] = {}
    endless: set[str] = set()
    untils: dict[str, re.Match[str]] = {}
    pieces: list[str] = []
    at = 0
    for opening in _OPENING.finditer(text):
        start = opening.start()
        if start < at:
            continue
        closing = _CLOSING[opening[0]]
        # found once for all openings before it, so that a thousand of them cost one search
        end = closings.get(closing, 0)
        if 0 <= end < opening.end():
            end = closings[closing] = text.find(closing, opening.end())
        if end < 0 or end - start > _LONGEST:
            continue
        inside, stop = text[opening.end() : end], end + len(closing)
        if ("\n\n" in inside and "`" not in inside) or inside.startswith("/*"):
            continue
        word = inside.strip("-# \n\t")
        if called := _CALL.fullmatch(word):
            word = f"{called[1]} {called[2]}"
        in_code = code.holds(start)
        if opening[0] == "{%" and word in _UNTIL and word not in endless:
            whole = untils.get(word)
            if whole is None or whole.start() < stop:
                whole = _UNTIL[word].search(text, stop)
            if whole:
                untils[word] = whole
                kept = text[stop : whole.start()] if word == "raw" else ""
                # Liquid comes before Markdown: a raw block in code goes, unless the code is about it
                if not in_code or (word == "raw" and "`" not in kept):
                    pieces += [text[at:start], kept]
                    at = whole.end()
                    continue
            else:
                endless.add(word)
        if in_code:
            continue
        pieces.append(text[at:start])
        following = text[stop : stop + 1]
        instead = _instead(opening[0], word, pieces, following, dropped, language)
        if not instead and following in "\n" and (hashes := _HASHES.search(pieces[-1])):
            # a heading of nothing else
            pieces[-1] = pieces[-1][: hashes.start()] + "\n"
        pieces.append(instead)
        at = stop
    return "".join([*pieces, text[at:]])


def _instead(
    opening: str, inside: str, before: list[str], following: str, dropped: dict[str, None], language: str
) -> str:
    """What stands for one tag."""
    word = inside.lstrip("/").split(None, 1)[0] if inside.strip("/ ") else ""
    if opening == "{#":
        return ""
    if word.removeprefix("end") in _CODE_BLOCK and opening != "{{":
        return _fence(word, inside, following)
    if opening == "{{" and (literal := _LITERAL.match(inside)):
        return next((part for part in literal.groups() if part is not None), "")
    if word in references.TAGS and (address := references.of_tag(word, inside, _last(before))):
        return address
    if shown := embeds.of_tag(word, inside[len(word) :].strip(), language):
        return shown
    if opening in ("{{<", "{{%") and _ALONE.search(before[-1]) and (title := asides.title_of(word, inside)):
        return f"**{title}**\n"
    picture = None if word.startswith("end") else _PICTURE.search(inside[:1000], len(word))
    if (
        word == "include"
        and (said := _SAID.search(inside))
        and not (picture and picture.end() < said.start())
    ):
        return re.sub(r"\{\{[^{}]*\}\}", "", said[1] or said[2] or "").replace('\\"', '"')
    if picture:
        if _VALUE.search(_last(before)):
            return quote(picture[1].strip(), safe="/:?&=%#@+,;~!$*'().-")
        # unless it is quoted, words before it are classes
        address = picture[1].strip() if picture[0][0] in "\"'" else picture[1].split()[-1]
        return _picture(escape(address), inside, picture, before, following)
    if opening == "{%" and (words := theme_tags.words_of(word.lower(), inside[len(word) :])):
        return words
    if word not in ("raw", "endraw", "comment", "endcomment"):
        dropped[f"{opening} {word.split('.')[0]}"] = None
    return ""


def _picture(address: str, inside: str, named: re.Match[str], before: list[str], following: str) -> str:
    """A picture, with the caption below it where it stands on a line of its own."""
    said = {name: double or single for name, double, single in _NAMED.findall(inside)}
    caption = flat(said.get("caption", "")) if following in "\n" and _ALONE.search(before[-1]) else ""
    alt = escape(said.get("alt", "") if caption else _alternative(inside, named.end()))
    if caption:
        caption = escape(caption, quote=False)
        return f'<figure><img src="{address}" alt="{alt}"><figcaption>{caption}</figcaption></figure>\n'
    # the comment keeps a line of its own from starting a block of raw HTML that swallows the next line
    return f'<img src="{address}" alt="{alt}"><!-- -->'


def _last(pieces: list[str]) -> str:
    """The end of the text up to here."""
    return "".join(pieces[-4:])[-200:]


def _fence(word: str, inside: str, following: str) -> str:
    """A block of code in its own fence; `word` is Liquid's, Hexo's or Hugo's tag around it."""
    closes = word.startswith("end") or inside.startswith("/")
    named = re.search(r"lang:(\S+)", inside) or re.match(r"\w+\s+[\"']?([\w+#.-]+)(?![\w=])", inside)
    language = named[1] if named and not closes else ""
    return f"~~~{language}" + ("" if following == "\n" else "\n")


def _alternative(inside: str, after: int) -> str:
    """What a picture's tag says in words: a named attribute, else the last quoted text behind the address."""
    named = {name: double or single for name, double, single in _NAMED.findall(inside)}
    if "=" in inside:
        return named.get("alt") or named.get("caption") or named.get("title") or ""
    said = _SIZES.sub("", inside[after:].strip())
    quote = said[:1]
    if len(said) > 1 and quote in "\"'" and said[-1] == quote:
        return said[1:-1].split(f"{quote} {quote}")[-1]
    return said if inside.split(None, 1)[0] in ("img", "asset_img") else ""
