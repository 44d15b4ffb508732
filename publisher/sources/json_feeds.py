"""JSON Feed 1.0 and 1.1 (jsonfeed.org)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from publisher.articles import dates
from publisher.guard import NotFetched
from publisher.sources.documents import Document, Enclosure, Entry, Text, web_address

_VERSION = "jsonfeed.org/version/"


def read(body: bytes, url: str) -> Document:
    """The feed in `body`. Raises NotFetched for what is none."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise NotFetched("it is neither well-formed JSON nor XML") from None
    if not isinstance(found, dict) or _VERSION not in _text(found.get("version")):
        raise NotFetched("it is JSON, but no JSON Feed")
    items = [each for each in _list(found.get("items")) if isinstance(each, dict)]
    shared, language = tuple(_authors(found)), _text(found.get("language"))
    return Document(
        title=_text(found.get("title")),
        link=web_address(found.get("home_page_url"), url),
        entries=tuple(_entry(each, url, shared, language) for each in items),
    )


def _entry(item: dict[str, Any], url: str, shared: tuple[str, ...], language: str) -> Entry:
    html = _text(item.get("content_html"))
    updated = _moment(item.get("date_modified"))
    attached = [each for each in _list(item.get("attachments")) if isinstance(each, dict)]
    files = [(web_address(a.get("url"), url), _text(a.get("mime_type")).lower()) for a in attached]
    return Entry(
        guid=_id(item.get("id")),
        # what a linked item talks about is not its own address, but better than none
        link=web_address(item.get("url"), url) or web_address(item.get("external_url"), url),
        title=Text(_text(item.get("title"))),
        summary=Text(_text(item.get("summary"))),
        content=Text(html or _text(item.get("content_text")), bool(html)),
        authors=tuple(_authors(item)) or shared,
        labels=tuple(_text(tag) for tag in _list(item.get("tags"))),
        published=_moment(item.get("date_published")) or updated,
        updated=updated,
        enclosures=tuple(Enclosure(*each) for each in files if each[0]),
        picture=web_address(item.get("image"), url) or web_address(item.get("banner_image"), url),
        language=_text(item.get("language")) or language,
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _id(value: Any) -> str:
    """An id; a number stands for its digits, as the specification asks."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return _text(value)


def _authors(holder: dict[str, Any]) -> Iterator[str]:
    """`authors` of version 1.1, else `author` of 1.0."""
    for each in _list(holder.get("authors")) or [holder.get("author")]:
        if isinstance(each, dict) and (name := _text(each.get("name"))):
            yield name


def _moment(value: Any) -> datetime | None:
    try:
        return dates.parse(_text(value)[:100], UTC) if value else None
    except ValueError:
        return None
