"""HTML read into a tree and written back; the one place where rendering calls the HTML parser."""

from __future__ import annotations

import re
from html import escape
from typing import Any, TypeAlias

from lxml import etree, html

# lxml has no types of its own
Element: TypeAlias = Any

_UNREADABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_DEEPEST = 64
_PARSER: dict[str, Any] = {"encoding": "utf-8", "huge_tree": True, "no_network": True}


def document(text: str) -> Element:
    """The root of a whole HTML document; characters that no markup may hold are dropped."""
    data = _UNREADABLE.sub("", text).encode()
    return html.document_fromstring(data, parser=html.HTMLParser(**_PARSER))


def fragment(text: str) -> Element:
    """The body element of a document that holds `text`."""
    root = document(f"<!doctype html><html><head></head><body>{text}</body></html>")
    body = root.find("body")
    for element in reversed(_too_deep(body)):
        element.drop_tag()
    return body


def _too_deep(body: Element) -> list[Element]:
    """The elements nested deeper than any text needs and than recursion can follow."""
    found, depth = [], 0
    for event, element in etree.iterwalk(body, events=("start", "end")):
        depth += 1 if event == "start" else -1
        if event == "start" and depth > _DEEPEST:
            found.append(element)
    return found


def inner(element: Element) -> str:
    """What stands inside an element, as HTML."""
    children = "".join(etree.tostring(child, encoding="unicode", method="html") for child in element)
    return escape(element.text or "", quote=False) + children


def size(element: Element) -> int:
    """How many bytes an element takes, with the text after it."""
    return len(etree.tostring(element, encoding="utf-8", method="html"))


def outer(root: Element) -> str:
    """A whole document as HTML, with its doctype."""
    return "<!doctype html>\n" + str(etree.tostring(root, encoding="unicode", method="html"))
