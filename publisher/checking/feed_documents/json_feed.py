"""JSON Feed 1.1 (jsonfeed.org/version/1.1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from publisher.checking.feed_documents import texts
from publisher.checking.feed_documents.history import of_itself
from publisher.checking.feed_documents.notes import Notes

_FEED: dict[str, type] = {
    "version": str, "title": str, "home_page_url": str, "feed_url": str, "description": str,
    "user_comment": str, "next_url": str, "icon": str, "favicon": str, "authors": list, "language": str,
    "expired": bool, "hubs": list, "items": list,
}  # fmt: skip
_ITEM: dict[str, type] = {
    "id": str, "url": str, "external_url": str, "title": str, "content_html": str, "content_text": str,
    "summary": str, "image": str, "banner_image": str, "date_published": str, "date_modified": str,
    "authors": list, "tags": list, "language": str, "attachments": list,
}  # fmt: skip
_AUTHOR: dict[str, type] = {"name": str, "url": str, "avatar": str}
_ATTACHMENT: dict[str, type] = {
    "url": str, "mime_type": str, "title": str, "size_in_bytes": int, "duration_in_seconds": float,
}  # fmt: skip
_VERSION = "https://jsonfeed.org/version/1.1"


def look(notes: Notes, feed: Any, address: str, sizes: Mapping[str, int]) -> None:
    """Everything that is wrong with a JSON Feed; `address` is where it will be, empty where unknown."""
    if not isinstance(feed, dict) or feed.get("version") != _VERSION:
        notes.error("format", f"expected an object whose version is {_VERSION}")
        return
    feed = _keys(notes, feed, _FEED, "feed")
    texts.title(notes, feed.get("title", ""))
    of_itself(notes, feed.get("feed_url", ""), address)
    _addresses(notes, feed, ("home_page_url", "feed_url", "next_url", "icon", "favicon"))
    if "next_url" in feed and feed["next_url"] == feed.get("feed_url"):
        notes.error("archive", "next_url is the feed itself: readers go in circles")
    texts.language(notes, feed.get("language"))
    named = _authors(notes, feed)
    if "items" not in feed:
        notes.error("format", "items is missing")
    _hubs(notes, feed.get("hubs", []))
    _items(notes, feed.get("items", []), sizes, named)


def _items(notes: Notes, items: list[Any], sizes: Mapping[str, int], named: bool) -> None:
    seen: set[str] = set()
    for number, item in enumerate(items, 1):
        title = item.get("title", "") if isinstance(item, dict) else ""
        notes.look_at(number, title if isinstance(title, str) else "")
        item = _keys(notes, item, _ITEM, "item")
        _item(notes, item, sizes, named)
        id_ = item.get("id", "")
        if id_ and id_ in seen:
            notes.error("id", f"another entry has the id {id_} too: readers show one of them")
        seen.add(id_)


def _item(notes: Notes, item: dict[str, Any], sizes: Mapping[str, int], named: bool) -> None:
    notes.missing("id", [name for name in ("id",) if not item.get(name)])
    texts.title(notes, item.get("title", ""))
    if "url" not in item:
        notes.error("address", "url is missing")
    _addresses(notes, item, ("url", "external_url", "image", "banner_image"))
    if "content_html" not in item and "content_text" not in item:
        notes.error("format", "neither content_html nor content_text")
    if "content_html" in item:
        texts.html(notes, item["content_html"], "content")
    for name in ("content_text", "summary"):
        texts.characters(notes, item.get(name, ""), name)
    if "date_published" not in item:
        notes.warning("date", "date_published is missing: readers show it as new each time")
    for name in ("date_published", "date_modified"):
        if name in item:
            texts.rfc3339(notes, item[name], name)
    if not _authors(notes, item) and not named:
        notes.warning("author", "neither the entry nor the feed names an author")
    texts.language(notes, item.get("language"))
    if any(not isinstance(tag, str) or not tag.strip() for tag in item.get("tags", [])):
        notes.error("format", "tags: expected texts that are not empty")
    _attachments(notes, item.get("attachments", []), sizes)


def _attachments(notes: Notes, files: list[Any], sizes: Mapping[str, int]) -> None:
    for file in files:
        held = _keys(notes, file, _ATTACHMENT, "attachment")
        length = held.get("size_in_bytes")
        said = None if length is None else str(length)
        texts.hosted(notes, held.get("url", ""), held.get("mime_type", ""), said, sizes)


def _authors(notes: Notes, parent: dict[str, Any]) -> bool:
    authors = [_keys(notes, author, _AUTHOR, "author") for author in parent.get("authors", [])]
    if any(not author.get("name", "").strip() for author in authors):
        notes.error("author", "an author without a name")
    return bool(authors)


def _hubs(notes: Notes, hubs: list[Any]) -> None:
    for hub in hubs:
        held = _keys(notes, hub, {"type": str, "url": str}, "hub")
        texts.address(notes, held.get("url", ""), "hub")


def _addresses(notes: Notes, held: dict[str, Any], names: tuple[str, ...]) -> None:
    for name in names:
        if name in held:
            texts.address(notes, held[name], name)


def _keys(notes: Notes, value: Any, known: dict[str, type], what: str) -> dict[str, Any]:
    """The keys that are known and hold what they should; extensions begin with an underscore."""
    if not isinstance(value, dict):
        notes.error("format", f"{what}: expected an object")
        return {}
    held = {}
    for key, inner in value.items():
        if key.startswith("_"):
            continue
        if key not in known:
            notes.warning("element", f"{key!r} is no key of a JSON Feed's {what}")
        elif not isinstance(inner, known[key]) or (isinstance(inner, bool) and known[key] is not bool):
            notes.error("format", f"{key}: expected {_KINDS[known[key]]}, got {str(inner)[:60]!r}")
        else:
            held[key] = inner
    return held


_KINDS = {str: "text", list: "a list", bool: "true or false", int: "a whole number", float: "a number"}
