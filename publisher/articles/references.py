"""Ways in which other programs name another article: their tags and schemes become `@` paths.

`@/path` counts from the source's root (as in Zola), `@post/name` names an article, `@ref/path` may be both.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape
from urllib.parse import quote

_QUOTED = re.compile(r"\"([^\"]*)\"|'([^']*)'|`([^`]*)`")
_PELICAN = re.compile(r"[{|](?:filename|static|attach|article|page)[}|]")
_NIKOLA = re.compile(r"\blink://(slug|filename)/")
# of a wiki: a page and perhaps the words for it; with a mark before it what it names is shown
_WIKI = re.compile(r"(!?)(?<![\w\[\\])\[\[(?=[^\s\]]*[^\W\d])([^\[\]|\n]+)(?:\|([^\[\]\n]*))?\]\](?![(\[:])")
_SHOWN = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".avif", ".svg")
_POST = ("post_url", "post_path")
_REF = ("ref", "relref")
TAGS = frozenset({*_POST, *_REF, "link", "post_link"})
# what a tag stands behind when it is an address
_ADDRESS = re.compile(r"(?:[(\"'<=]|\]:[ \t]?)\s*\Z")


def of_tag(word: str, inside: str, before: str) -> str:
    """The address that a tag stands for; empty for any other tag. `before` is the text up to it."""
    arguments = inside.split(None, 1)[1].strip() if len(inside.split(None, 1)) > 1 else ""
    if word == "post_link":
        name, _, title = arguments.partition(" ")
        title = re.sub(r"\s+(?:true|false)$", "", title).strip("\"' ") or name
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


def worded(text: str, in_code: Callable[[int], bool]) -> str:
    """The text with a wiki's links (`[[boats/ferry|the ferry]]`) as their words, its pictures as pictures.

    `in_code` says of a place in it whether that is code, and is asked from the beginning on.
    """

    def words(found: re.Match[str]) -> str:
        page, said = found[2].strip(), (found[3] or "").strip()
        if in_code(found.start(2)):
            return found[0]
        if found[1]:
            # behind the line there, Obsidian holds a width
            alone = page.lower().endswith(_SHOWN)
            return f"![{'' if said.isdigit() else said}]({quote(page)})" if alone else ""
        return said or page.partition("#")[0].rstrip("/").rpartition("/")[2] or page.lstrip("#")

    return _WIKI.sub(words, text)
