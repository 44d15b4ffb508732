"""Which format a fetched document is in: RSS and Atom go to feedparser, JSON Feed is ours."""

from __future__ import annotations

import re
from collections.abc import Mapping

from publisher.guard import NotFetched
from publisher.sources.documents import Document, web_address

_LINK = re.compile(rb"<link\b[^>]{0,500}>", re.IGNORECASE)
_HREF = re.compile(r"href\s*=\s*[\"']?([^\"'\s>]+)", re.IGNORECASE)
_FEED = re.compile(r"application/(?:rss\+xml|atom\+xml|feed\+json)", re.IGNORECASE)


def read(body: bytes, headers: Mapping[str, str], url: str) -> Document:
    """What stands in a document that was found at `url`. Raises NotFetched for what is no feed."""
    # each takes time to load, and most publications have no remote feed
    from publisher.sources import json_feeds, xml_feeds

    if not body.strip():
        raise NotFetched("it is empty")
    start = body[:100].lstrip(b"\xef\xbb\xbf \t\r\n")
    if start[:1] == b"{":
        return json_feeds.read(body, url)
    found = xml_feeds.read(body, headers, url)
    if found is None:
        raise NotFetched(_no_feed(body, url))
    return found


def _no_feed(body: bytes, url: str) -> str:
    """Why it is none; of a web page, which feed it names."""
    if b"<html" not in body[:5000].lower():
        return "it is no feed: neither RSS nor Atom nor JSON Feed"
    for link in _LINK.findall(body[:200_000]):
        said = link.decode("utf-8", "replace")
        where = _HREF.search(said) if _FEED.search(said) else None
        if address := web_address(where[1], url) if where else "":
            return f"it is a web page, not a feed; its feed is {address[:300]}"
    return "it is a web page, not a feed"
