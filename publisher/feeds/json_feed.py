"""JSON Feed 1.1 (jsonfeed.org)."""

from __future__ import annotations

import json
from typing import Any

from publisher.feeds.entries import Channel, Enclosure, Entry

JSON_TYPE = "application/feed+json"


def json_feed(channel: Channel, entries: list[Entry], path: str) -> bytes:
    """The feed as JSON, in UTF-8."""
    document = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": channel.title,
        "home_page_url": channel.home,
        "feed_url": f"{channel.base}/{path}",
        "description": channel.description,
        "language": channel.language,
        "authors": [{"name": channel.author}],
        "items": [_item(entry) for entry in entries],
    }
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def _item(entry: Entry) -> dict[str, Any]:
    """One item; keys that have nothing to say are left out, but an item must carry a content."""
    optional = {
        "summary": entry.summary,
        "image": entry.picture.url if entry.picture else "",
        "authors": [{"name": name} for name in entry.authors],
        "tags": list(entry.labels),
        "language": entry.language,
        "attachments": [_attachment(file) for file in entry.enclosures],
    }
    return {
        "id": entry.id,
        "url": entry.url,
        "title": entry.title,
        **({"content_text": entry.summary} if entry.html is None else {"content_html": entry.html}),
        "date_published": entry.published.isoformat(),
        "date_modified": entry.updated.isoformat(),
        **{key: value for key, value in optional.items() if value},
    }


def _attachment(file: Enclosure) -> dict[str, Any]:
    return {"url": file.url, "mime_type": file.media_type, "size_in_bytes": file.length}
