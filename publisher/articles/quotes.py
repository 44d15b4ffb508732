"""Quotations in the tags of Octopress and Hexo."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape

_QUOTE = re.compile(
    r"\{%-?[ \t]*(blockquote|quote|pullquote|centerquote)\b([^%\n]{0,400})%\}"
    r"((?:[^{]|\{(?!%-?[ \t]*(?:end)?(?:block|pull|center)?quote\b)){0,5000}+)"
    r"\{%-?[ \t]*end\1[ \t]*-?%\}",
)
_PULLED = re.compile(r"\{\"([^{}]*)\"\}")
_ADDRESS = re.compile(r"https?://\S+")


def marked(text: str, in_code: Callable[[int], bool]) -> str:
    """The text with these as block quotations; `in_code`, asked from the top on, knows what is code."""

    def instead(found: re.Match[str]) -> str:
        if in_code(found.start()):
            return found[0]
        held = found[3].strip()
        if found[1] == "pullquote" and _PULLED.search(held):
            # what is said in the text anyway
            return _PULLED.sub(lambda said: said[1].strip(), held)
        said = _said_by(found[2].strip(" \t-")) if found[1] != "pullquote" else ""
        return f"\n\n<blockquote>\n\n{held}\n\n{said}</blockquote>\n\n"

    return _QUOTE.sub(instead, text)


def _said_by(words: str) -> str:
    """Who said it and where: a name, an address and its title."""
    address = _ADDRESS.search(words)
    who, title = words, ""
    if address:
        who, title = words[: address.start()].strip(" \t,"), words[address.end() :].strip()
        title = f'<a href="{escape(address[0])}">{escape(title or address[0])}</a>'
    said = ", ".join(filter(None, (escape(who), title)))
    return f"<p>\u2014 {said}</p>\n" if said else ""
