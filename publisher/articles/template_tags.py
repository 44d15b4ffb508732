"""Tags of other programs' templates (Liquid, Nunjucks, Hugo, kramdown, WordPress) in a text.

What a tag wraps stays. A tag that names a picture becomes the picture, one that shows a film or a post a
link to it, one that names another article its path, and one that prints a literal that literal. The rest is
dropped and named. Code stays as it is.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from html import escape

import pyromark

from publisher.articles import embeds, quotes, references, theme_tags

_OPENING = re.compile(r"\{\{[<%]?|\{%|\{#(?=\s)")
_CLOSING = {"{{": "}}", "{{<": ">}}", "{{%": "%}}", "{%": "%}", "{#": "#}"}
_UNTIL = {word: re.compile(rf"\{{%-?\s*end{word}\s*-?%\}}") for word in ("raw", "comment")}
# how Hugo shows a shortcode instead of running it
_SHOWN = re.compile(r"\{\{([<%])/\*(.{0,200}?)\*/([>%])\}\}")
_CODE_BLOCK = ("highlight", "codeblock", "code")
_LONGEST = 8_000
_LITERAL = re.compile(r"\"([^\"]*)\"|'([^']*)'|(?:raw\s*)?`([^`]*)`")
_PICTURE = re.compile(r"[\"']?([^\"'\n=]+\.(?:png|jpe?g|gif|webp|avif))[\"']?(?=\s|$)", re.IGNORECASE)
_SIZES = re.compile(r"^(?:\d+%?(?:\s+|$)){1,2}")
_NAMED = re.compile(r"\b(alt|caption|title)=(?:\"([^\"]*)\"|'([^']*)')")
_KRAMDOWN = re.compile(r"^[ \t]*\{::?[^{}\n]*\}[ \t]*\n|(?<=[)\]*_`])\{:[^{}\n]*\}", re.MULTILINE)
# what kramdown replaces by a table of contents
_CONTENTS = re.compile(r"^[ >]*(?:[*+-]|1\.)[ \t][^\n]*\n[ >]*\{:[ \t]*toc\b[^{}\n]*\}[ \t]*$", re.MULTILINE)
_CAPTION = re.compile(r"\[/?caption\b[^\[\]]*\]")


def resolve(text: str, *, markdown: bool = True, language: str = "en") -> tuple[str, tuple[str, ...]]:
    """The text without template tags, and a note that names the kinds that were dropped.

    What is indented is code in Markdown, and nothing but indented in HTML. `language` is that of the words
    that stand for what was embedded.
    """
    dropped: dict[str, None] = {}
    text = references.plain(text)
    # to look for one character is many times as fast as for two
    if "{" in text:
        if "quote" in text and "{%" in text:
            text = quotes.marked(text, _Code(text if markdown else "").holds)
        if "{%" in text or "{{" in text or "{# " in text:
            text = _replace(text, _Code(text if markdown else ""), dropped, language)
            text = _SHOWN.sub(r"{{\1\2\3}}", text) if "*/" in text else text
        if "{:" in text:
            text = _KRAMDOWN.sub("", _CONTENTS.sub("", text))
    if "[caption" in text:
        text = _CAPTION.sub("", text)
    notes = (f"template tags were dropped: {', '.join(dropped)}",) if dropped else ()
    return text, notes


def _replace(text: str, code: _Code, dropped: dict[str, None], language: str) -> str:
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
        pieces.append(_instead(opening[0], word, pieces, text[stop : stop + 1], dropped, language))
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
    if (picture := _PICTURE.search(inside[:1000], len(word))) and not word.startswith("end"):
        alt = escape(_alternative(inside, picture.end()))
        # the comment keeps a line of its own from starting a block of raw HTML that swallows the next line
        # unless it is quoted, words before it are classes
        address = picture[1].strip() if picture[0][0] in "\"'" else picture[1].split()[-1]
        return f'<img src="{escape(address)}" alt="{alt}"><!-- -->'
    if opening == "{%" and (words := theme_tags.words_of(word.lower(), inside[len(word) :])):
        return words
    if word not in ("raw", "endraw", "comment", "endcomment"):
        dropped[f"{opening} {word.split('.')[0]}"] = None
    return ""


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


class _Code:
    """Where the code of a Markdown text is."""

    def __init__(self, text: str) -> None:
        spans = [
            (span["start"], span["end"])
            for event, span in pyromark.events_with_range(text)
            if isinstance(event, dict) and ("Code" in event or "CodeBlock" in str(event.get("Start")))
        ]
        self._starts = [start for start, _ in spans]
        self._ends = [end for _, end in spans]
        self._text, self._char, self._byte = text, 0, 0

    def holds(self, position: int) -> bool:
        """Whether the character at `position` is code. Positions may only grow, the parser counts bytes."""
        if not self._starts:
            return False
        self._byte += len(self._text[self._char : position].encode())
        self._char = position
        index = bisect_right(self._starts, self._byte) - 1
        return index >= 0 and self._byte < self._ends[index]
