"""RSS 2.0 and Atom 1.0 (RFC 4287), serialised by feedgen."""

from __future__ import annotations

from email.utils import format_datetime
from html import escape
from typing import Any

import feedgen.entry
import feedgen.feed
from feedgen.ext.base import BaseEntryExtension, BaseExtension
from lxml.etree import SubElement

from publisher.feeds.entries import Channel, Entry
from publisher.feeds.media import media_type
from publisher.model.articles import Picture

ATOM_TYPE = "application/atom+xml"
RSS_TYPE = "application/rss+xml"
_MEDIA = "http://search.yahoo.com/mrss/"
_DC = "http://purl.org/dc/elements/1.1/"
_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"

# feedgen writes RSS dates under setlocale, which changes the locale of every thread for that moment
feedgen.feed.formatRFC2822 = feedgen.entry.formatRFC2822 = format_datetime


class _Namespaces(BaseExtension):  # type: ignore[misc]
    def extend_ns(self) -> dict[str, str]:
        return {"media": _MEDIA, "dc": _DC}


class _Extras(BaseEntryExtension):  # type: ignore[misc]
    """What feedgen cannot write: Media RSS with its texts, creators without an address, typed Atom links."""

    source: Entry

    def extend_atom(self, entry: Any) -> Any:
        if self.source.language:
            entry.set(_XML_LANG, self.source.language)
        for file in self.source.enclosures:
            SubElement(
                entry, "link", rel="enclosure", href=file.url, type=file.media_type, length=str(file.length)
            )
        self._media(entry)
        return entry

    def extend_rss(self, item: Any) -> Any:
        for name in self.source.authors:
            SubElement(item, f"{{{_DC}}}creator").text = name
        if self.source.language:
            SubElement(item, f"{{{_DC}}}language").text = self.source.language
        self._media(item)
        return item

    def _media(self, parent: Any) -> None:
        if self.source.picture:
            _media_content(parent, self.source.picture)


def _media_content(parent: Any, picture: Picture) -> None:
    content = SubElement(parent, f"{{{_MEDIA}}}content", url=picture.url, medium="image")
    if (kind := media_type(picture.url)).startswith("image/"):
        content.set("type", kind)
    texts = {"title": picture.caption, "description": picture.alt, "credit": picture.credit}
    for name, text in texts.items():
        if text:
            SubElement(content, f"{{{_MEDIA}}}{name}").text = text


def rss(channel: Channel, entries: list[Entry], path: str) -> bytes:
    """The feed as RSS 2.0; summaries are escaped once more, since an RSS description is HTML."""
    generator = _generator(channel, path, RSS_TYPE)
    for entry in entries:
        item = _add(generator, entry)
        item.guid(entry.id, permalink=entry.id == entry.url)
        if entry.summary or entry.html is None:
            item.description(escape(entry.summary, quote=False))
        if entry.html is not None:
            item.content(entry.html)
        if entry.enclosures:
            file = entry.enclosures[0]
            item.enclosure(file.url, file.length, file.media_type)
    document: bytes = generator.rss_str()
    return document


def atom(channel: Channel, entries: list[Entry], path: str) -> bytes:
    """The feed as Atom 1.0; every entry names an author, the publication where the article names none."""
    generator = _generator(channel, path, ATOM_TYPE)
    for entry in entries:
        item = _add(generator, entry)
        item.id(entry.iri)
        item.author([{"name": name} for name in entry.authors or (channel.author,)])
        if entry.summary:
            item.summary(entry.summary)
        if entry.html is not None:
            item.content(entry.html, type="html")
    document: bytes = generator.atom_str()
    return document


def _generator(channel: Channel, path: str, media_type: str) -> Any:
    generator = feedgen.feed.FeedGenerator()
    generator.register_extension("extras", _Namespaces, _Extras)
    generator.id(f"{channel.base}/{path}")
    generator.title(channel.title)
    generator.description(channel.description)
    generator.language(channel.language)
    generator.author(name=channel.author)
    generator.updated(channel.updated)
    generator.generator("Publisher")
    generator.link(href=f"{channel.base}/{path}", rel="self", type=media_type)
    # last, because feedgen takes the last link for that of the RSS channel
    generator.link(href=channel.home, rel="alternate", type="text/html")
    return generator


def _add(generator: Any, entry: Entry) -> Any:
    item = generator.add_entry(order="append")
    item.extras.source = entry
    item.title(entry.title)
    item.link(href=entry.url)
    item.published(entry.published)
    item.updated(entry.updated)
    item.category([{"term": label} for label in entry.labels])
    return item
