"""Ways in which other programs name another article: their tags and schemes become `@` paths.

`@/path` counts from the source's root (as in Zola), `@post/name` names an article, `@ref/path` may be both.
"""

from __future__ import annotations

import re
from html import escape
from urllib.parse import quote

_QUOTED = re.compile(r"\"([^\"]*)\"|'([^']*)'|`([^`]*)`")
_FIRST = re.compile(r"\"([^\"]+)\"|'([^']+)'|(\S+)")
_PELICAN = re.compile(r"[{|](?:filename|static|attach|article|page)[}|]")
_NIKOLA = re.compile(r"\blink://(slug|filename)/")
_POST = ("post_url", "post_path")
_REF = ("ref", "relref")
TAGS = frozenset({*_POST, *_REF, "link", "post_link"})
# what a tag stands behind when it is an address
_ADDRESS = re.compile(r"(?:[(\"'<=]|\]:[ \t]?)\s*\Z")


def of_tag(word: str, inside: str, before: str) -> str:
    """The address that a tag stands for; empty for any other tag. `before` is the text up to it."""
    arguments = inside.split(None, 1)[1].strip() if len(inside.split(None, 1)) > 1 else ""
    if word == "post_link":
        first = _FIRST.match(arguments)
        if first is None:
            return ""
        name = first[1] or first[2] or first[3]
        title = re.sub(r"\s+(?:true|false)$", "", arguments[first.end() :]).strip("\"' ") or name
        return f'<a href="@post/{quote(name)}">{escape(title)}</a>'
    if not arguments or not _ADDRESS.search(before[-200:]):
        return ""
    if word in _POST:
        return "@post/" + quote(arguments.strip("\"'"))
    if word == "link":
        return "@/" + quote(arguments.strip("\"'").lstrip("/"))
    if word in _REF:
        quoted = _QUOTED.search(arguments)
        target = (quoted[1] or quoted[2] or quoted[3] or "") if quoted else arguments.removeprefix(". ")
        path, _, anchor = target.replace(" #", "#").partition("#")
        return ("@ref/" + quote(path.strip()) if path.strip() else "") + (f"#{anchor}" if anchor else "")
    return ""


def plain(text: str) -> str:
    """The text with Pelican's and Nikola's marks of a link as paths."""
    if "link://" in text:
        text = _NIKOLA.sub(lambda found: "@post/" if found[1] == "slug" else "@/", text)
    braced = "{" in text and ("{filename}" in text or "{static}" in text or "{attach}" in text)
    if braced or ("|" in text and "|filename|" in text):
        text = _PELICAN.sub("", text)
    return text
