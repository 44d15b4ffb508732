"""Whole HTML documents: what their head says, and their body."""

from __future__ import annotations

import re

from lxml import etree
from lxml.html import HtmlElement, HTMLParser, document_fromstring

from publisher.articles.front_matter import Header
from publisher.articles.sanitising import markup

_WHOLE = re.compile(r"<(?:!doctype|html|head|body)\b", re.IGNORECASE)
_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_META = {
    "author": "author",
    "description": "description",
    "keywords": "keywords",
    "date": "date",
    "dcterms.date": "date",
    "article:published_time": "date",
    "article:modified_time": "updated",
    "og:image": "image",
}


def split(html: str, header: Header) -> tuple[Header, str]:
    """The header, filled up from the document's head, and the body; a fragment stays as it is."""
    if not _WHOLE.search(html[:4000]):
        return header, html
    try:
        root = document_fromstring(_DECLARATION.sub("", html), parser=HTMLParser(huge_tree=True))
    except etree.ParserError:
        # nothing but declarations
        return header, ""
    values, lines = dict(header.values), dict(header.lines)
    for key, value, line in _head(root):
        if value.strip() and not values.get(key):
            values[key], lines[key] = value.strip(), line
    body = root.find("body")
    content = "" if body is None else markup(_as_div(body))
    return Header(header.path, values, lines, header.notation), content


def _head(root: HtmlElement) -> list[tuple[str, str, int]]:
    found = [("lang", root.get("lang") or "", 1)]
    for title in root.findall("head/title"):
        found.append(("title", title.text or "", title.sourceline or 1))
    for meta in root.findall("head/meta"):
        key = _META.get((meta.get("name") or meta.get("property") or "").lower())
        if key:
            found.append((key, meta.get("content") or "", meta.sourceline or 1))
    return found


def _as_div(body: HtmlElement) -> HtmlElement:
    body.tag = "div"
    body.attrib.clear()
    return body
