"""Atom 1.0 (RFC 4287)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

from lxml import etree

from publisher.checking.feed_documents import texts
from publisher.checking.feed_documents.history import links
from publisher.checking.feed_documents.notes import Notes

_A = "{http://www.w3.org/2005/Atom}"
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]+")
_FEED = {
    "author", "category", "contributor", "generator", "icon", "id", "link", "logo", "rights", "subtitle",
    "title", "updated", "entry",
}  # fmt: skip
_ENTRY = {
    "author", "category", "content", "contributor", "id", "link", "published", "rights", "source", "summary",
    "title", "updated",
}  # fmt: skip
_SEVERAL = {"author", "category", "contributor", "link", "entry"}


def look(notes: Notes, root: etree._Element, address: str, sizes: Mapping[str, int]) -> None:
    """Everything that is wrong with an Atom document; `address` is where it will be, empty where unknown."""
    _elements(notes, root, _FEED)
    texts.title(notes, _plain(root, "title"))
    _id(notes, root)
    updated = _date(notes, root, "updated")
    texts.language(notes, root.get(_LANG), "xml:lang")
    links(notes, root, address)
    named = _authors(notes, root)
    newest: datetime | None = None
    seen: set[tuple[str, str]] = set()
    for number, entry in enumerate(root.findall(f"{_A}entry"), 1):
        notes.look_at(number, _plain(entry, "title"))
        changed = _entry(notes, entry, sizes, named)
        newest = max(filter(None, (newest, changed)), default=None)
        key = _text(entry, "id"), _text(entry, "updated")
        if key in seen or key[0] in {id_ for id_, _ in seen}:
            notes.error("id", f"another entry has the id {key[0]} too: readers show one of them")
        seen.add(key)
    notes.look_up()
    if updated and newest and newest > updated:
        notes.warning("date", "updated is older than that of an entry: some readers look no further")


def _entry(notes: Notes, entry: etree._Element, sizes: Mapping[str, int], named: bool) -> datetime | None:
    _elements(notes, entry, _ENTRY)
    texts.title(notes, _plain(entry, "title"))
    _id(notes, entry)
    updated = _date(notes, entry, "updated")
    if entry.find(f"{_A}published") is not None:
        published = _date(notes, entry, "published")
        if updated and published and published > updated:
            notes.warning("date", "published is later than updated")
    if not _authors(notes, entry) and not named:
        notes.error("author", "neither the entry nor the feed names an author (RFC 4287 section 4.1.2)")
    texts.language(notes, entry.get(_LANG), "xml:lang")
    _links(notes, entry, sizes)
    for name in ("summary", "content"):
        if (element := entry.find(f"{_A}{name}")) is not None:
            _construct(notes, element, name)
    for category in entry.findall(f"{_A}category"):
        if not category.get("term", "").strip():
            notes.error("element", "a category without a term")
    return updated


def _links(notes: Notes, entry: etree._Element, sizes: Mapping[str, int]) -> None:
    alternates: set[tuple[str, str]] = set()
    for link in entry.findall(f"{_A}link"):
        rel, href = link.get("rel", "alternate"), link.get("href", "")
        if rel == "enclosure":
            texts.hosted(notes, href, link.get("type", ""), link.get("length", ""), sizes)
        else:
            texts.address(notes, href, f"link {rel}")
        if rel == "alternate":
            key = link.get("type", ""), link.get("hreflang", "")
            if key in alternates:
                notes.error("element", "two alternate links of one type (RFC 4287 section 4.1.2)")
            alternates.add(key)
    if not alternates:
        notes.error("address", "no link to the article (rel alternate)")


def _construct(notes: Notes, element: etree._Element, name: str) -> None:
    """A text construct (RFC 4287 section 3.1), or content (4.1.3)."""
    kind, text = element.get("type", "text"), element.text or ""
    if kind not in ("text", "html", "xhtml") and not (name == "content" and "/" in kind):
        notes.error("element", f"{name}: expected the type text, html or xhtml, got {kind!r}")
    if kind == "html":
        texts.html(notes, text, name)
    else:
        texts.characters(notes, text, name)


def _authors(notes: Notes, parent: etree._Element) -> bool:
    authors = parent.findall(f"{_A}author")
    for author in authors:
        if not (author.findtext(f"{_A}name") or "").strip():
            notes.error("author", "an author without a name (RFC 4287 section 3.2.1)")
    return bool(authors)


def _id(notes: Notes, parent: etree._Element) -> None:
    if not (found := _text(parent, "id")):
        notes.error("id", "id is missing or empty")
    elif not _IRI.fullmatch(found):
        notes.error("id", f"id: expected an absolute IRI (RFC 4287 section 4.2.6), got {found!r}")


def _date(notes: Notes, parent: etree._Element, name: str) -> datetime | None:
    if found := _text(parent, name):
        return texts.rfc3339(notes, found, name)
    notes.error("date", f"{name} is missing or empty")
    return None


def _elements(notes: Notes, parent: etree._Element, known: set[str]) -> None:
    seen: set[str] = set()
    for child in parent:
        if not isinstance(child.tag, str):
            continue
        name = child.tag.removeprefix(_A)
        if not child.tag.startswith(_A):
            if not child.tag.startswith("{"):
                notes.error("element", f"<{name}> is no element of Atom")
            continue
        if name not in known:
            notes.error("element", f"<{name}> is no element of Atom here")
        elif name in seen and name not in _SEVERAL:
            notes.error("element", f"<{name}> stands here twice")
        seen.add(name)


def _text(parent: etree._Element, name: str) -> str:
    return (parent.findtext(f"{_A}{name}") or "").strip()


def _plain(parent: etree._Element, name: str) -> str:
    """The text of a title; that of an HTML title as its author wrote it."""
    return _text(parent, name)
