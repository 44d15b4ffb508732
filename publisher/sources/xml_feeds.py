"""RSS and Atom of every kind, as feedparser understands them; nothing of it is cleaned here."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from xml.parsers import expat

import feedparser

from publisher.articles import dates
from publisher.guard import NotFetched
from publisher.sources.documents import Document, Enclosure, Entry, Text, web_address
from publisher.sources.schedules import hints

# what is not well-formed is read tag by tag, a second for each two megabytes
_MOST_BROKEN = 2_000_000
_HTML = ("text/html", "application/xhtml+xml")
_SKIPS = re.compile(rb"<skip(Hours|Days)>(.{0,2000}?)</skip", re.DOTALL)
_SKIP = re.compile(r"<(?:hour|day)>\s*([A-Za-z0-9]{1,9})\s*<", re.IGNORECASE)


def read(body: bytes, headers: Mapping[str, str], url: str) -> Document | None:
    """The feed in `body`; None where there is none. Raises NotFetched for what cannot be read."""
    if len(body) > _MOST_BROKEN and not _well_formed(body):
        raise NotFetched(f"it is not well-formed XML, and larger than {_MOST_BROKEN // 1_000_000} MB")
    # without its address: else what is no address in a guid would become one
    said = {"content-type": headers.get("content-type", "")}
    try:
        # bytes alone would be taken for the name of a file
        found = feedparser.parse(
            io.BytesIO(body), response_headers=said, sanitize_html=False, resolve_relative_uris=False
        )
    except Exception as error:  # whatever a document does to a parser, the other feeds go on
        raise NotFetched(f"it cannot be read: {type(error).__name__}") from None
    if not found.get("version") and not found["entries"]:
        return None
    feed, version = found["feed"], str(found.get("version"))
    skips = {kind: _SKIP.findall(inner.decode("ascii", "replace")) for kind, inner in _SKIPS.findall(body)}
    shared = _authors(feed) if version.startswith("atom") else ()
    reader = _Reader(url, shared, _text(feed.get("language")), version.startswith("atom"))
    return Document(
        title=_text(feed.get("title")),
        link=web_address(feed.get("link"), url),
        entries=tuple(reader.entry(each) for each in found["entries"]),
        hints=hints(_text(feed.get("ttl")), skips.get(b"Hours", []), skips.get(b"Days", [])),
    )


def _well_formed(body: bytes) -> bool:
    try:
        expat.ParserCreate().Parse(body, True)
    except expat.ExpatError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class _Reader:
    """What all entries of a document share."""

    url: str
    authors: tuple[str, ...]
    language: str
    atom: bool

    def entry(self, entry: Any) -> Entry:
        contents = _contents(entry)
        own = entry.get("language") or next((each.get("language") for each in contents), None)
        published, updated, url = _moment(entry, "published"), _moment(entry, "updated"), self.url
        return Entry(
            guid=_text(entry.get("id")),
            link=web_address(entry.get("feedburner_origlink"), url) or self._link(entry),
            title=self._detail(entry.get("title_detail")),
            summary=self._detail(entry.get("summary_detail")),
            content=max((self._detail(each) for each in contents), key=_length, default=Text()),
            authors=_authors(entry) or self.authors,
            labels=tuple(_text(tag.get("label")) or _text(tag.get("term")) for tag in entry.get("tags", ())),
            published=published or _moment(entry, "created") or updated,
            updated=updated,
            enclosures=_enclosures(entry, url),
            picture=_picture(entry, url),
            language=_text(own) or self.language,
        )

    def _link(self, entry: Any) -> str:
        """The page of the entry; a guid stands for it only where it is an address."""
        link = _text(entry.get("link"))
        return web_address(link, "" if link == entry.get("id") else self.url)

    def _detail(self, detail: Any) -> Text:
        """RSS knows no base: what is relative there counts from the entry's own page."""
        if not hasattr(detail, "get"):
            return Text()
        base = web_address(detail.get("base"), self.url) or (self.url if self.atom else "")
        return Text(_text(detail.get("value")), _text(detail.get("type")).lower() in _HTML, base)


def _contents(entry: Any) -> list[Any]:
    return [each for each in entry.get("content", ()) if hasattr(each, "get")]


def _length(text: Text) -> int:
    return len(text.value)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _authors(holder: Any) -> tuple[str, ...]:
    """Names as they stand there; an address of mail is nobody's name."""
    names = [_text(a.get("name")) for a in holder.get("authors", ()) if hasattr(a, "get")]
    return tuple(dict.fromkeys(name for name in names if name and "@" not in name))


def _moment(entry: Any, name: str) -> datetime | None:
    """A date as feedparser reads it, else as one of ours. `dict.get`: it takes one name for another."""
    found = dict.get(entry, f"{name}_parsed")
    try:
        if found:
            year, month, day, hour, minute, second = found[:6]
            return datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC)
        if text := _text(dict.get(entry, name)):
            return dates.parse(text[:100], UTC)
    except (ValueError, OverflowError, TypeError):
        pass
    return None


def _enclosures(entry: Any, url: str) -> tuple[Enclosure, ...]:
    links = [each for each in entry.get("links", ()) if each.get("rel") == "enclosure"]
    found = [(each.get("href"), each.get("type")) for each in links]
    found += [(each.get("url"), each.get("type")) for each in entry.get("media_content", ())]
    return tuple(_whole(found, url))


def _whole(found: Iterable[tuple[Any, Any]], url: str) -> Iterable[Enclosure]:
    addresses = {web_address(address, url): _text(kind).lower() for address, kind in found}
    return (Enclosure(address, kind) for address, kind in addresses.items() if address)


def _picture(entry: Any, url: str) -> str:
    media = [*entry.get("media_content", ()), *entry.get("media_thumbnail", ())]
    shown = [m for m in media if "image" in f"{m.get('medium', 'image')} {m.get('type', '')}"]
    image = entry.get("image")
    candidates = [m.get("url") for m in shown] + ([image.get("href")] if hasattr(image, "get") else [])
    return next(filter(None, (web_address(each, url) for each in candidates)), "")
