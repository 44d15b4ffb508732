"""The frames of RSS 2.0 and Atom 1.0 documents, by feedgen: everything but their entries."""

from __future__ import annotations

from collections.abc import Iterator
from email.utils import format_datetime
from typing import Any

import feedgen.entry
import feedgen.feed
from feedgen.ext.base import BaseEntryExtension, BaseExtension
from lxml.etree import SubElement

from publisher.feeds.channels import Channel
from publisher.feeds.escaping import attribute

ATOM_TYPE = "application/atom+xml"
RSS_TYPE = "application/rss+xml"
_TYPES = {"rss": RSS_TYPE, "atom": ATOM_TYPE}
_MEDIA = "http://search.yahoo.com/mrss/"
_DC = "http://purl.org/dc/elements/1.1/"
_HISTORY = "http://purl.org/syndication/history/1.0"
_ATOM = "{http://www.w3.org/2005/Atom}"

# feedgen writes RSS dates under setlocale, which changes the locale of every thread for that moment
feedgen.feed.formatRFC2822 = feedgen.entry.formatRFC2822 = format_datetime


class _Extras(BaseExtension):  # type: ignore[misc]
    """What feedgen cannot write: hubs, archive documents and the links between them."""

    channel: Channel

    def extend_ns(self) -> dict[str, str]:
        history = {"fh": _HISTORY} if self.channel.page else {}
        return {"media": _MEDIA, "dc": _DC, **history}

    def extend_atom(self, feed: Any) -> Any:
        self._extend(feed, "", "atom")
        return feed

    def extend_rss(self, document: Any) -> Any:
        self._extend(document[0], _ATOM, "rss")
        return document

    def _extend(self, parent: Any, namespace: str, kind: str) -> None:
        for rel, href in _links(self.channel, kind):
            link = SubElement(parent, f"{namespace}link", rel=rel, href=href)
            if rel != "hub":
                link.set("type", _TYPES[kind])
        if self.channel.page:
            SubElement(parent, f"{{{_HISTORY}}}archive")


def _links(channel: Channel, kind: str) -> Iterator[tuple[str, str]]:
    """RFC 5005 section 4.1, and W3C WebSub section 4: an archive document has no hub, it stays as it is."""
    if channel.hub and not channel.page:
        yield "hub", channel.hub
    if channel.page:
        yield "current", channel.address(kind)
    if channel.previous:
        yield "prev-archive", channel.address(kind, channel.previous)
    if channel.following:
        yield "next-archive", channel.address(kind, channel.following)


def rss(channel: Channel) -> tuple[bytes, bytes]:
    """What stands before and behind the items of an RSS document."""
    return _split(channel, _generator(channel, "rss").rss_str(), b"</channel>")


def atom(channel: Channel) -> tuple[bytes, bytes]:
    """What stands before and behind the entries of an Atom document."""
    return _split(channel, _generator(channel, "atom").atom_str(), b"</feed>")


def _split(channel: Channel, document: bytes, end: bytes) -> tuple[bytes, bytes]:
    declaration, _, root = document.partition(b"\n")
    at = root.rindex(end)
    style = b'<?xml-stylesheet type="text/css" href="%b"?>' % attribute(channel.stylesheet.encode())
    return b"\n".join((declaration, style, root[:at])), root[at:]


def _generator(channel: Channel, kind: str) -> Any:
    generator = feedgen.feed.FeedGenerator()
    generator.register_extension("extras", _Extras, BaseEntryExtension)
    generator.extras.channel = channel
    # an archive document is a part of the same feed (RFC 5005 section 4)
    generator.id(channel.address(kind))
    generator.title(channel.title)
    generator.description(channel.description)
    generator.language(channel.language)
    generator.author(name=channel.author)
    generator.updated(channel.updated)
    generator.generator("Publisher")
    generator.link(href=channel.own(kind), rel="self", type=_TYPES[kind])
    # last, because feedgen takes the last link for that of the RSS channel
    generator.link(href=channel.home, rel="alternate", type="text/html")
    return generator
