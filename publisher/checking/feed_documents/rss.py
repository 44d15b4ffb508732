"""RSS 2.0 (rssboard.org/rss-specification, and the best practices profile)."""

from __future__ import annotations

from collections.abc import Mapping

from lxml import etree

from publisher.checking.feed_documents import texts
from publisher.checking.feed_documents.history import links
from publisher.checking.feed_documents.notes import Notes

_ATOM = "{http://www.w3.org/2005/Atom}"
_CONTENT = "{http://purl.org/rss/1.0/modules/content/}encoded"
_DC = "{http://purl.org/dc/elements/1.1/}"
_CHANNEL = {
    "title", "link", "description", "language", "copyright", "managingEditor", "webMaster", "pubDate",
    "lastBuildDate", "category", "generator", "docs", "cloud", "ttl", "image", "rating", "textInput",
    "skipHours", "skipDays", "item",
}  # fmt: skip
_ITEM = {
    "title", "link", "description", "author", "category", "comments", "enclosure", "guid", "pubDate",
    "source",
}  # fmt: skip
_SEVERAL = {"category", "item"}


def look(notes: Notes, root: etree._Element, address: str, sizes: Mapping[str, int]) -> None:
    """Everything that is wrong with an RSS document; `address` is where it will be, empty where unknown."""
    channel = root.find("channel")
    if root.get("version") != "2.0" or channel is None:
        notes.error("format", "expected <rss version='2.0'> with a channel")
        return
    _elements(notes, channel, _CHANNEL)
    texts.title(notes, _text(channel, "title"))
    notes.missing("channel", [name for name in ("link", "description") if not _text(channel, name)])
    texts.address(notes, _text(channel, "link"), "link")
    texts.language(notes, channel.findtext("language"))
    for name in ("pubDate", "lastBuildDate"):
        if (date := channel.findtext(name)) is not None:
            texts.rfc822(notes, date, name)
    links(notes, channel, address)
    _items(notes, channel.findall("item"), sizes)


def _items(notes: Notes, items: list[etree._Element], sizes: Mapping[str, int]) -> None:
    seen: set[str] = set()
    for number, item in enumerate(items, 1):
        notes.look_at(number, _text(item, "title"))
        _elements(notes, item, _ITEM)
        _item(notes, item, sizes)
        guid = _text(item, "guid")
        if guid and guid in seen:
            notes.error("id", f"another entry has the guid {guid} too: readers show one of them")
        seen.add(guid)


def _item(notes: Notes, item: etree._Element, sizes: Mapping[str, int]) -> None:
    if item.find("title") is not None or not _text(item, "description"):
        texts.title(notes, _text(item, "title"))
    if not _text(item, "link"):
        notes.error("address", "link is missing or empty")
    else:
        texts.address(notes, _text(item, "link"), "link")
    _guid(notes, item.find("guid"))
    if not _text(item, "pubDate"):
        notes.warning("date", "pubDate is missing: readers show it as new each time")
    else:
        texts.rfc822(notes, _text(item, "pubDate"), "pubDate")
    for author in item.findall("author"):
        if "@" not in (author.text or ""):
            notes.error(
                "author", f"author: expected a mail address, got {author.text!r}; dc:creator takes names"
            )
    for creator in item.findall(f"{_DC}creator"):
        if not (creator.text or "").strip():
            notes.error("author", "dc:creator is empty")
    texts.language(notes, item.findtext(f"{_DC}language"), "dc:language")
    whole = item.find(_CONTENT) is not None
    for name, what in (("description", "summary" if whole else "content"), (_CONTENT, "content")):
        if (html := item.findtext(name)) is not None:
            texts.html(notes, html, what)
    _enclosures(notes, item.findall("enclosure"), sizes)


def _guid(notes: Notes, guid: etree._Element | None) -> None:
    text = "" if guid is None else (guid.text or "").strip()
    if guid is None or not text:
        notes.error("id", "guid is missing or empty: readers show the entry again after each change")
    elif guid.get("isPermaLink", "true") == "true":
        texts.address(notes, text, "guid that is a permanent link")
    elif guid.get("isPermaLink") != "false":
        notes.error("id", f"isPermaLink: expected true or false, got {guid.get('isPermaLink')!r}")


def _enclosures(notes: Notes, enclosures: list[etree._Element], sizes: Mapping[str, int]) -> None:
    if len(enclosures) > 1:
        notes.warning("enclosure", "more than one: readers look at the first or the last")
    for file in enclosures:
        texts.hosted(notes, file.get("url", ""), file.get("type", ""), file.get("length", ""), sizes)


def _elements(notes: Notes, parent: etree._Element, known: set[str]) -> None:
    """Elements without a namespace are those of the specification, most of them once."""
    seen: set[str] = set()
    for child in parent:
        if not isinstance(child.tag, str) or child.tag.startswith("{"):
            continue
        if child.tag not in known:
            notes.error("element", f"<{child.tag}> is no element of RSS here")
        elif child.tag in seen and child.tag not in _SEVERAL | {"enclosure"}:
            notes.error("element", f"<{child.tag}> stands here twice")
        elif child.tag == "category" and not (child.text or "").strip():
            notes.error("element", "<category> is empty")
        seen.add(child.tag)


def _text(parent: etree._Element, name: str) -> str:
    return (parent.findtext(name) or "").strip()
