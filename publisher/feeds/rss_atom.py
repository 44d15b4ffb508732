"""Entries of RSS 2.0 and Atom 1.0 (RFC 4287) as bytes, exactly as feedgen and libxml2 write them.

An article is in many documents: in feeds of topics, of its authors, in an archive. feedgen would make its
elements anew for each, at some 130 µs an entry and format. A test holds these bytes against feedgen's.
"""

from __future__ import annotations

from email.utils import format_datetime
from html import escape

from publisher.feeds.entries import Entry
from publisher.feeds.escaping import attribute, xml
from publisher.feeds.media import media_type
from publisher.model.articles import Picture

# Before the text, the text, and what follows it: the text is the same bytes in both formats.
Parts = tuple[bytes, bytes, bytes]


def rss_item(entry: Entry, html: bytes) -> Parts:
    """An item of RSS; summaries are escaped once more, since an RSS description is HTML."""
    start = b"<item>" + _element(b"title", entry.title)
    start += _element(b"link", entry.url) if entry.url else b""
    summary = _element(b"description", escape(entry.summary, quote=False)) if entry.summary else b""
    if entry.html is None:
        return start + summary, b"", _rss_end(entry)
    tag = b"content:encoded" if summary else b"description"
    return start + summary + b"<%b>" % tag, html, b"</%b>" % tag + _rss_end(entry)


def _rss_end(entry: Entry) -> bytes:
    ends = []
    if entry.id:
        permalink = b"true" if entry.id == entry.url else b"false"
        ends.append(b'<guid isPermaLink="%b">%b</guid>' % (permalink, xml(entry.id.encode())))
    ends += [_element(b"category", label) for label in entry.labels]
    if entry.enclosures:
        file = entry.enclosures[0]
        values = attribute(file.url.encode()), file.length, attribute(file.media_type.encode())
        ends.append(b'<enclosure url="%b" length="%d" type="%b"/>' % values)
    ends.append(_element(b"pubDate", format_datetime(entry.published)))
    ends += [_element(b"dc:creator", name) for name in entry.authors]
    if entry.language:
        ends.append(_element(b"dc:language", entry.language))
    ends.append(_media(entry.picture))
    return b"".join(ends) + b"</item>"


def atom_entry(entry: Entry, html: bytes, publication: str) -> Parts:
    """An entry of Atom; it names an author, the publication where the article names none."""
    language = b' xml:lang="%b"' % attribute(entry.language.encode()) if entry.language else b""
    start = [b"<entry%b>" % language, _element(b"id", entry.iri), _element(b"title", entry.title)]
    start.append(_element(b"updated", entry.updated.isoformat()))
    for name in entry.authors or (publication,):
        start.append(b"<author>%b</author>" % _element(b"name", name))
    if html:
        return b"".join((*start, b'<content type="html">')), html, b"</content>" + _atom_end(entry)
    none = b"" if entry.html is None else b'<content type="html"/>'
    return b"".join((*start, none)), b"", _atom_end(entry)


def _atom_end(entry: Entry) -> bytes:
    ends = [b'<link href="%b"/>' % attribute(entry.url.encode())]
    if entry.summary:
        ends.append(_element(b"summary", entry.summary))
    ends += [b'<category term="%b"/>' % attribute(label.encode()) for label in entry.labels]
    ends.append(_element(b"published", entry.published.isoformat()))
    for file in entry.enclosures:
        values = attribute(file.url.encode()), attribute(file.media_type.encode()), file.length
        ends.append(b'<link rel="enclosure" href="%b" type="%b" length="%d"/>' % values)
    ends.append(_media(entry.picture))
    return b"".join(ends) + b"</entry>"


def _media(picture: Picture | None) -> bytes:
    """Media RSS: the lead picture with what is said about it."""
    if picture is None:
        return b""
    kind = media_type(picture.url)
    typed = b' type="%b"' % kind.encode() if kind.startswith("image/") else b""
    start = b'<media:content url="%b" medium="image"%b' % (attribute(picture.url.encode()), typed)
    texts = (
        (b"media:title", picture.caption),
        (b"media:description", picture.alt),
        (b"media:credit", picture.credit),
    )
    inner = b"".join(_element(tag, text) for tag, text in texts if text)
    return b"%b>%b</media:content>" % (start, inner) if inner else start + b"/>"


def _element(tag: bytes, text: str) -> bytes:
    return b"<%b>%b</%b>" % (tag, xml(text.encode()), tag)
