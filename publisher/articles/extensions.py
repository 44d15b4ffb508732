"""Marks that Markdown has elsewhere (Obsidian, MyST, CSDN, PHP Markdown Extra) and CommonMark has not."""

from __future__ import annotations

import re
from urllib.parse import quote

# where a table of contents is to stand, and a label
_CONTENTS = re.compile(
    r"<p>@(?:\[toc\](?:\([^<>\n]*\))?|<a href=\"[^\"]*\">toc</a>)(?:</p>\n?|\n)", re.IGNORECASE
)
_LABEL = re.compile(r"<p>\([\w.:/-]+\)=</p>\n")
_WIKI = re.compile(
    r"<(pre|code)\b(?:[^<]|<(?!/\1))*+|<[^<>]*>"
    r"|(?<![A-Za-z\d_\])])(!?)\[\[([^\W\d_][^\[\]|<>\n]{0,200})(?:\|([^\[\]|<>\n]{1,200}))?\]\]"
)
# what the parser would take for the definition of what stands above it
_SMILES = re.compile(r"^ {0,3}:[^\s:]", re.MULTILINE)
_PICTURE = re.compile(r"\.(?:png|jpe?g|gif|webp|avif|svg)$", re.IGNORECASE)


def defines(text: str) -> bool:
    """Whether Markdown holds definition lists, and nothing that looks like one."""
    return "\n: " in text and not _SMILES.search(text)


def resolved(html: str) -> str:
    """HTML of Markdown without the other marks: a link of a wiki says what it shows."""
    # to look for one character is many times as fast as for several
    if "@" in html and "<p>@" in html:
        html = _CONTENTS.sub(lambda found: "" if "</p>" in found[0] else "<p>", html)
    if ")=</p>" in html:
        html = _LABEL.sub("", html)
    return _WIKI.sub(_of_wiki, html) if "[" in html and "[[" in html else html


def _of_wiki(found: re.Match[str]) -> str:
    _, embedded, name, shown = found.groups()
    if not name:
        return found[0]
    if embedded and _PICTURE.search(name):
        return f'<img src="{quote(name)}" alt="" />'
    return shown or name
