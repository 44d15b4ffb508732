"""Marks of other dialects of Markdown that CommonMark prints: attributes, tables of contents, captions."""

from __future__ import annotations

import re

_KRAMDOWN = re.compile(r"^[ \t]*\{::?[^{}\n]*\}[ \t]*\n|(?<=[)\]*_`])\{:[^{}\n]*\}", re.MULTILINE)
# what kramdown replaces by a table of contents
_CONTENTS = re.compile(r"^[ >]*(?:[*+-]|1\.)[ \t][^\n]*\n[ >]*\{:[ \t]*toc\b[^{}\n]*\}[ \t]*$", re.MULTILINE)
# what ox-hugo writes around one
_TOC_OPENS, _TOC_CLOSES = '<div class="ox-hugo-toc', "<!--endtoc-->"
_CONTENTS_MARK = re.compile(r"^[ \t]*(?:\[toc\]|\[\[_?toc_?\]\])[ \t]*$", re.IGNORECASE | re.MULTILINE)
# attributes of Goldmark and Pandoc, on the line below a block or behind a picture
_ATTRIBUTES = re.compile(r"\{(?:[.#][A-Za-z]|(?:width|height)=)[^{}\n]*\}[ \t]*(?:\n|\Z)?")
_CAPTION = re.compile(r"\[/?caption\b[^\[\]]*\]")


def dropped(text: str, *, markdown: bool) -> str:
    """The text without such marks; `markdown` is False for HTML."""
    # to look for a few characters is many times as fast as for a pattern that begins with a choice
    if "{" in text:
        text = _KRAMDOWN.sub("", _CONTENTS.sub("", text)) if "{:" in text else text
        text = _ATTRIBUTES.sub(_attributes, text) if markdown else text
    # where tables of contents stand
    head = text[:800].lower()
    if (start := text.find(_TOC_OPENS, 0, 800)) >= 0 and (end := text.find(_TOC_CLOSES, start)) >= 0:
        text = text[:start] + text[end + len(_TOC_CLOSES) :]
    if "toc]" in head or "toc_]" in head:
        text = _CONTENTS_MARK.sub("", text)
    return _CAPTION.sub("", text) if "[caption" in text else text


def _attributes(found: re.Match[str]) -> str:
    """Nothing where they stand alone on a line or behind a link; elsewhere they may mean something."""
    text, start = found.string, found.start()
    if text[start - 1 : start] == ")":
        return found[0][found[0].index("}") + 1 :]
    alone = not text[text.rfind("\n", 0, start) + 1 : start].strip() and (
        found[0].endswith("\n") or found.end() == len(text)
    )
    return "" if alone else found[0]
