"""Boxes beside a text, as Docusaurus, VuePress, GitHub and Obsidian mark them: what they hold stays.

The marks (`:::note`, `> [!NOTE]`) go, and a title that its author gave becomes a paragraph in bold.
"""

from __future__ import annotations

import re
from collections.abc import Callable

_ANY = re.compile(r"\n[ \t>]*(?::::|\[!)")
_OPENS = re.compile(
    r"^([ \t>]*):{3,}[ \t]*(?:(?=[\[{])|[A-Za-z][\w-]*(?![\w-]))(?:\[([^\n]*)\])?"
    r"[ \t]*(\{[^{}\n]*\})?[ \t]*([^\n]*)$",
    re.MULTILINE,
)
_CLOSES = re.compile(r"^([ \t>]*):{3,}[ \t]*$", re.MULTILINE)
_ALERT = re.compile(r"^((?:[ \t]*>)+)[ \t]*\[!\w+(?:\|[^\]\n]*)?\][-+]?[ \t]*([^\n]*)$", re.MULTILINE)
_TAGS = frozenset({"admonition", "notice", "callout", "alert", "details", "expand", "hint"})
_TITLE = re.compile(r"\b(?:title|summary)=(?:\"([^\"]*)\"|'([^']*)')")


def any_in(text: str) -> bool:
    """Whether a line begins as a box may."""
    return _ANY.search(text) is not None or text.startswith((":::", "> [!"))


def opened(text: str, in_code: Callable[[int], bool]) -> str:
    """The text without the marks of boxes; `in_code` says of a place in it whether that is code.

    It is asked from the beginning on.
    """
    closes = {found.start() for found in _CLOSES.finditer(text)}
    marks = [*_OPENS.finditer(text), *_CLOSES.finditer(text)] if closes else []
    pieces: list[str] = []
    at = 0
    for found in sorted([*marks, *_ALERT.finditer(text)], key=re.Match.start):
        if in_code(found.end(1)):
            continue
        pieces += [text[at : found.start()], _instead(found)]
        at = found.end()
    return "".join([*pieces, text[at:]])


def _instead(found: re.Match[str]) -> str:
    before, *said = found.groups(default="")
    title = ""
    if found.re is _ALERT:
        title = said[0].strip()
    elif found.re is _OPENS:
        named = _TITLE.search(said[1])
        title = (said[0] or (named and (named[1] or named[2])) or said[2]).strip()
    blank = before.rstrip()
    if not title:
        return blank
    title = title if "*" in title else f"**{title}**"
    return f"{blank}\n{before}{' ' if blank else ''}{title}\n{blank}"


def title_of(word: str, inside: str) -> str:
    """The title that a tag such as `details "More"` or `notice title="Mind"` gives its box; else nothing."""
    if word not in _TAGS:
        return ""
    if named := _TITLE.search(inside):
        title = named[1] or named[2] or ""
    else:
        quoted = re.fullmatch(
            r"(?:details|expand|admonition[ \t]+\w+)[ \t]+\"([^\"]*)\"[^\"]*", inside.strip()
        )
        title = quoted[1] if quoted else ""
    return title.replace("*", "").strip()
