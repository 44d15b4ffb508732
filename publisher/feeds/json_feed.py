"""JSON Feed 1.1 (jsonfeed.org), piece by piece."""

from __future__ import annotations

from collections.abc import Iterable

from publisher.feeds import escaping
from publisher.feeds.channels import Channel
from publisher.feeds.entries import Enclosure, Entry

JSON_TYPE = "application/feed+json"
Pair = tuple[bytes, bytes]


def frame(channel: Channel) -> tuple[bytes, bytes]:
    """What stands before and behind the items of a feed; items are joined by commas."""
    author = b'[{"name":%b}]' % _string(channel.author)
    pairs: list[Pair] = [
        (b"version", b'"https://jsonfeed.org/version/1.1"'),
        (b"title", _string(channel.title)),
        (b"home_page_url", _string(channel.home)),
        (b"feed_url", _string(channel.own("json"))),
        (b"description", _string(channel.description)),
        (b"language", _string(channel.language)),
        (b"authors", author),
    ]
    if channel.previous:
        pairs.append((b"next_url", _string(channel.address("json", channel.previous))))
    if channel.hub and not channel.page:
        pairs.append((b"hubs", b'[{"type":"WebSub","url":%b}]' % _string(channel.hub)))
    return b"{" + _joined(pairs) + b',"items":[', b"]}"


def item(entry: Entry) -> bytes:
    """One item; keys that have nothing to say are left out, but an item must carry a content."""
    return b"{" + _joined(_pairs(entry)) + b"}"


def _pairs(entry: Entry) -> Iterable[Pair]:
    yield b"id", _string(entry.id)
    yield b"url", _string(entry.url)
    yield b"title", _string(entry.title)
    if entry.html is None:
        yield b"content_text", _string(entry.summary)
    else:
        yield b"content_html", escaping.json(entry.html)
    yield b"date_published", b'"%b"' % entry.published.isoformat().encode()
    yield b"date_modified", b'"%b"' % entry.updated.isoformat().encode()
    if entry.summary:
        yield b"summary", _string(entry.summary)
    if entry.picture:
        yield b"image", _string(entry.picture.url)
    if entry.authors:
        yield b"authors", b"[%b]" % b",".join(b'{"name":%b}' % _string(name) for name in entry.authors)
    if entry.labels:
        yield b"tags", b"[%b]" % b",".join(map(_string, entry.labels))
    if entry.language:
        yield b"language", _string(entry.language)
    if entry.enclosures:
        yield b"attachments", b"[%b]" % b",".join(map(_attachment, entry.enclosures))


def _joined(pairs: Iterable[Pair]) -> bytes:
    return b",".join(b'"%b":%b' % pair for pair in pairs)


def _attachment(file: Enclosure) -> bytes:
    values = (_string(file.url), _string(file.media_type), file.length)
    return b'{"url":%b,"mime_type":%b,"size_in_bytes":%d}' % values


def _string(text: str) -> bytes:
    return escaping.json(text.encode())
