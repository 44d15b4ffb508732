"""Marks of other dialects of Markdown that CommonMark prints: attributes, tables of contents, captions."""

from __future__ import annotations

import re

_KRAMDOWN = re.compile(r"^[ \t]*\{::?[^{}\n]*\}[ \t]*\n|(?<=[)\]*_`])\{:[^{}\n]*\}", re.MULTILINE)
# what kramdown replaces by a table of contents
_CONTENTS = re.compile(r"^[ >]*(?:[*+-]|1\.)[ \t][^\n]*\n[ >]*\{:[ \t]*toc\b[^{}\n]*\}[ \t]*$", re.MULTILINE)
# what ox-hugo and others write for a table of contents
_CONTENTS_BLOCK = re.compile(r"<div class=\"ox-hugo-toc\b(?:[^<]|<(?!!--endtoc))*<!--endtoc-->")
_CONTENTS_MARK = re.compile(r"^[ \t]*(?:\[toc\]|\[\[_?toc_?\]\])[ \t]*$", re.IGNORECASE | re.MULTILINE)
# attributes of Goldmark and Pandoc, on the line below a block or behind a picture
_ATTRIBUTES = re.compile(
    r"^[ \t]*\{[.#][A-Za-z][^{}\n]*\}[ \t]*(?:\n|\Z)|(?<=\))\{(?:[.#][A-Za-z]|(?:width|height)=)[^{}\n]*\}",
    re.MULTILINE,
)
_CAPTION = re.compile(r"\[/?caption\b[^\[\]]*\]")


def dropped(text: str, *, markdown: bool) -> str:
    """The text without such marks; `markdown` is False for HTML."""
    # to look for a few characters is many times as fast as for a pattern
    if "{" in text:
        if "{:" in text:
            text = _KRAMDOWN.sub("", _CONTENTS.sub("", text))
        if markdown and ("{." in text or "{#" in text or "){" in text):
            text = _ATTRIBUTES.sub("", text)
    if "<!--endtoc-->" in text:
        text = _CONTENTS_BLOCK.sub("", text)
    if "[TOC]" in text or "[toc]" in text or "TOC_]]" in text:
        text = _CONTENTS_MARK.sub("", text)
    return _CAPTION.sub("", text) if "[caption" in text else text
