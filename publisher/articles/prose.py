"""Plain text out of titles, summaries and HTML."""

from __future__ import annotations

import html
import re

from lxml import etree
from lxml.html import HtmlElement

from publisher.articles.decoding import printable

MAX_SUMMARY = 300

_TAGS = (
    "a|abbr|b|blockquote|div|figure|h[1-6]|li|ol|ul|big|br|cite|code|del|em|font|"
    "i|img|ins|kbd|mark|p|q|s|small|span|strong|sub|sup|tt|u|wbr"
)
_TAG = re.compile(rf"</?(?:{_TAGS})\b[^<>]*>", re.IGNORECASE)
_BREAK = re.compile(r"<(?:br|/p|/li|/div|/h[1-6])\b[^<>]*>", re.IGNORECASE)
_LINK = re.compile(r"!?\[([^\[\]]*)\]\([^()\s]*(?:\s+\"[^\"]*\")?\)")
_MARKS = re.compile(r"(?<![\w\\*])(\*\*|\*)(?=\S)([^*]+?)(?<=\S)\1(?![\w*])")
_CODE = re.compile(r"`([^`]+)`")
# without the semicolon `Q&notes` would hold one
_ENTITY = re.compile(r"&#?\w+;")
_MARKED = re.compile(r"[<*`&\[]")
# no-break spaces are the author's: they stay
_SPACE = re.compile("[^\\S\u00a0\u202f]+")
_ASIDE = {"aside", "blockquote", "figure", "li", "table"}
_PARTS = {
    "aside",
    "blockquote",
    "details",
    "div",
    "dl",
    "figure",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "ol",
    "p",
    "pre",
}
_PARTS |= {"section", "table", "ul"}
_NO_PROSE = {"figure", "h1", "h2", "h3", "h4", "h5", "h6", "pre"}


def flat(text: str) -> str:
    """One plain line: tags, entities and the commonest Markdown marks resolved, white space joined."""
    if not _MARKED.search(text):
        return joined(text)
    text = _TAG.sub("", _BREAK.sub(" ", text))
    text = _MARKS.sub(r"\2", _LINK.sub(r"\1", text))
    text = _ENTITY.sub(lambda found: html.unescape(found[0]), _CODE.sub(r"\1", text))
    return joined(text)


def joined(text: str) -> str:
    """The text on one line, with single spaces."""
    if text.isprintable() and "  " not in text:
        return text.strip()
    return _SPACE.sub(" ", printable(text)).strip()


def cut(text: str, most: int = MAX_SUMMARY) -> str:
    """The text, or its beginning up to a word's end with an ellipsis, never over `most` characters."""
    if len(text) <= most:
        return text
    at = text.rfind(" ", most * 4 // 5, most)
    return text[: at if at > 0 else most - 1].rstrip(" ,;:.–—-") + "…"


def words(element: HtmlElement) -> str:
    """What an element says, on one line, without the numbers of footnotes."""
    parts: list[str] = []
    _collect(element, parts)
    return joined("".join(parts))


def _collect(element: HtmlElement, parts: list[str]) -> None:
    for event, node in etree.iterwalk(element, events=("start", "end", "comment")):
        if event == "start":
            if node.tag == "br" or (node.tag in ("p", "li", "div") and parts):
                parts.append(" ")
            parts.append("" if _is_note(node) else node.text or "")
        elif node is not element:
            parts.append(node.tail or "")


def _is_note(node: HtmlElement) -> bool:
    return node.tag == "a" and (node.get("href") or "").startswith(("#fn-", "#fnref-"))


def opening(root: HtmlElement) -> str:
    """The first paragraph or list that says something; else whatever there is but code and headings.

    A paragraph that is nothing but a link, to a film perhaps, comes last.
    """
    first = root[0] if len(root) and not (root.text or "").strip() else None
    if first is not None and first.tag == "p" and not _is_link(first) and (text := words(first)):
        return cut(text)
    if text := _loose(root):
        return cut(text)
    link = ""
    for element in root.iter("p", "ul", "ol", "dl"):
        if not any(up.tag in _ASIDE for up in element.iterancestors()) and (text := words(element)):
            if not _is_link(element):
                return cut(text)
            link = link or text
    if link:
        return cut(link)
    for element in root:
        if element.tag not in _NO_PROSE and (text := words(element)):
            return cut(text)
    return cut(joined(root.text or ""))


def _loose(root: HtmlElement) -> str:
    """Text in no element of its own that stands before the first paragraph."""
    said, parts = bool((root.text or "").strip()), [root.text or ""]
    for element in root:
        tail = element.tail or ""
        if element.tag in _PARTS:
            if said or (element.tag == "p" and ((element.text or "").strip() or words(element))):
                break
            parts = []
        elif element.tag == "br":
            parts.append(" ")
        else:
            parts.append(words(element) if isinstance(element.tag, str) else "")
        said = said or bool(tail.strip())
        parts.append(tail)
    return joined("".join(parts)) if said else ""


def _is_link(element: HtmlElement) -> bool:
    """Whether a paragraph is a link and nothing else."""
    inside = element[0] if len(element) == 1 else None
    return (
        inside is not None and inside.tag == "a" and not ((element.text or "") + (inside.tail or "")).strip()
    )
