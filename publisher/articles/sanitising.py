"""What of an author's HTML may reach readers: one allow-list, and the small repairs that follow it."""

from __future__ import annotations

import re

import nh3
from lxml import etree
from lxml.html import HtmlComment, HtmlElement, HTMLParser

from publisher.articles.decoding import printable

_HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6"}
_CLEANER = nh3.Cleaner(
    tags=(nh3.ALLOWED_TAGS | {"audio", "source", "video"}) - {"area", "map"},
    clean_content_tags={"script", "style", "svg", "math", "template"},
    attributes={
        "*": {"dir", "lang", "title"},
        "a": {"href", "id"},
        "audio": {"controls", "src"},
        "code": {"style"},
        "details": {"open"},
        "img": {"alt", "height", "src", "width"},
        "li": {"id", "value"},
        "ol": {"reversed", "start", "type"},
        "pre": {"style"},
        "source": {"src", "type"},
        "span": {"style"},
        "sup": {"id"},
        "td": {"colspan", "rowspan", "style"},
        "th": {"colspan", "rowspan", "scope", "style"},
        "time": {"datetime"},
        "video": {"controls", "height", "poster", "src", "width"},
    }
    | {heading: {"id"} for heading in _HEADINGS},
    url_schemes={"data", "ftp", "http", "https", "mailto", "tel"},
    filter_style_properties={
        "background-color",
        "color",
        "font-style",
        "font-weight",
        "text-align",
        "text-decoration",
    },
    link_rel=None,
)
_PICTURE_DATA = re.compile(r"data:image/(?:png|jpeg|gif|webp);base64,", re.IGNORECASE)
# elements that HTML closes by itself when the next one starts, and those that hold nothing, do not count
_NESTING = re.compile(
    r"<(/?)(?!(?:p|li|d[dt]|t[drh]|thead|tbody|img|br|hr|input|wbr|col|source|meta|link)\b)[a-z][a-z0-9]*",
    re.IGNORECASE,
)
MAX_DEPTH = 500
# what is parsed twice for every article of a build is parsed without asking which class suits each element
_PARSER = HTMLParser(huge_tree=True)
_PARSER.set_element_class_lookup(etree.ElementDefaultClassLookup(element=HtmlElement, comment=HtmlComment))


def too_deep(html: str) -> bool:
    """Whether tags stand inside each other over 500 deep: every parser takes the square of the depth."""
    if html.count("<") <= MAX_DEPTH:
        return False
    depth = 0
    for tag in _NESTING.finditer(html):
        depth = max(depth - 1, 0) if tag[1] else depth + 1
        if depth > MAX_DEPTH:
            return True
    return False


def sanitise(html: str) -> str:
    """HTML without scripts, forms, frames and foreign styles."""
    return printable(_CLEANER.clean(html))


def tree(html: str) -> HtmlElement:
    """The HTML as a tree under one `div`."""
    root = etree.fromstring(f"<html><body><div>{html}</div></body></html>", parser=_PARSER)
    found: HtmlElement = root[0][0]
    return found


def markup(root: HtmlElement) -> str:
    """What `tree` was made from, changes included."""
    for item in root.iter("li"):
        if item.text is None and not len(item):
            # else the serialiser leaves it open
            item.text = ""
    return str(etree.tostring(root, encoding="unicode", method="html", with_tail=False))[5:-6].strip()


def repair(root: HtmlElement) -> None:
    """Every picture gets an alternative text, no link carries data, and headings start at level two."""
    for element in root.iter("img", "a", "source", "audio", "video", "h1"):
        if element.tag == "h1":
            element.tag = "h2"
            continue
        if element.tag == "img":
            element.set("alt", element.get("alt") or "")
        for name in ("src", "href", "poster"):
            address = (element.get(name) or "").lstrip()
            if address[:5].lower() == "data:" and not (element.tag == "img" and _PICTURE_DATA.match(address)):
                del element.attrib[name]
