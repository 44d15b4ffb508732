"""The measure of feeds: whole documents by feedgen and the standard `json`, element by element, unhurried."""

from __future__ import annotations

import json
from email.utils import format_datetime
from html import escape
from typing import Any

import feedgen.entry
import feedgen.feed
from feedgen.ext.base import BaseEntryExtension, BaseExtension
from lxml.etree import SubElement

from publisher.feeds.channels import Channel
from publisher.feeds.entries import Entry
from publisher.feeds.media import media_type
from publisher.model.articles import Picture

_MEDIA, _DC = "http://search.yahoo.com/mrss/", "http://purl.org/dc/elements/1.1/"
_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
feedgen.feed.formatRFC2822 = feedgen.entry.formatRFC2822 = format_datetime


class _Namespaces(BaseExtension):
    def extend_ns(self) -> dict[str, str]:
        return {"media": _MEDIA, "dc": _DC}


class _Extras(BaseEntryExtension):
    source: Entry

    def extend_atom(self, entry: Any) -> Any:
        if self.source.language:
            entry.set(_XML_LANG, self.source.language)
        for file in self.source.enclosures:
            link = SubElement(entry, "link", rel="enclosure", href=file.url)
            link.set("type", file.media_type)
            link.set("length", str(file.length))
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


_STYLE = b'<?xml-stylesheet type="text/css" href="/assets/feed.css"?>'


def rss(channel: Channel, entries: list[Entry], path: str) -> bytes:
    generator = _generator(channel, path, "application/rss+xml")
    for entry in entries:
        item = _add(generator, entry)
        item.guid(entry.id, permalink=entry.id == entry.url)
        if entry.summary or entry.html is None:
            item.description(escape(entry.summary, quote=False))
        if entry.html is not None:
            item.content(entry.html.decode())
        if entry.enclosures:
            file = entry.enclosures[0]
            item.enclosure(file.url, file.length, file.media_type)
    return _styled(generator.rss_str())


def atom(channel: Channel, entries: list[Entry], path: str) -> bytes:
    generator = _generator(channel, path, "application/atom+xml")
    for entry in entries:
        item = _add(generator, entry)
        item.id(entry.iri)
        item.author([{"name": name} for name in entry.authors or (channel.author,)])
        if entry.summary:
            item.summary(entry.summary)
        if entry.html is not None:
            item.content(entry.html.decode(), type="html")
    return _styled(generator.atom_str())


def _styled(document: bytes) -> bytes:
    return document.replace(b"?>\n", b"?>\n" + _STYLE + b"\n", 1)


def json_feed(channel: Channel, entries: list[Entry], path: str) -> bytes:
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
    optional = {
        "summary": entry.summary,
        "image": entry.picture.url if entry.picture else "",
        "authors": [{"name": name} for name in entry.authors],
        "tags": list(entry.labels),
        "language": entry.language,
        "attachments": [
            {"url": file.url, "mime_type": file.media_type, "size_in_bytes": file.length}
            for file in entry.enclosures
        ],
    }
    text = {"content_text": entry.summary} if entry.html is None else {"content_html": entry.html.decode()}
    return {
        "id": entry.id,
        "url": entry.url,
        "title": entry.title,
        **text,
        "date_published": entry.published.isoformat(),
        "date_modified": entry.updated.isoformat(),
        **{key: value for key, value in optional.items() if value},
    }


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
