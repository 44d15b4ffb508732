"""What the three formats have in common: articles and settings, as text that any of them can carry."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID, uuid5

from publisher.config.public import Feed, Publication
from publisher.feeds.media import media_type
from publisher.model.articles import Article, Picture

_EMPTY_FEED = datetime(1970, 1, 1, tzinfo=UTC)
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]+")
_LANGUAGE = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*")
_IDS = UUID("6a2c1b0e-6f0b-5d53-9d6b-0f3b0a4d9c11")


@dataclass(frozen=True, slots=True)
class Channel:
    """The feed itself: `home` is the page beside it, `base` the address that its documents' paths follow."""

    title: str
    description: str
    language: str
    author: str
    home: str
    base: str
    updated: datetime


@dataclass(frozen=True, slots=True)
class Enclosure:
    """A hosted file that goes with an entry; `length` in bytes (RFC 4287 section 4.2.7.2)."""

    url: str
    media_type: str
    length: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One article in a feed, all text fit for XML 1.0; `html` is None in a feed of summaries."""

    id: str
    url: str
    title: str
    summary: str
    html: str | None
    published: datetime
    updated: datetime
    authors: tuple[str, ...]
    labels: tuple[str, ...]
    language: str
    picture: Picture | None
    enclosures: tuple[Enclosure, ...]

    @property
    def iri(self) -> str:
        """The id for atom:id (RFC 4287 section 4.2.6): one that is no IRI becomes a UUID made from it."""
        return self.id if _IRI.fullmatch(self.id) else uuid5(_IDS, self.id).urn


def channel(feed: Feed, publication: Publication, entries: Iterable[Entry]) -> Channel:
    """The feed's own facts; it was updated when its latest entry was, an empty one in 1970."""
    base = _line(publication.url)
    title = _line(feed.title) or _line(publication.title) or base
    return Channel(
        title=title,
        description=_line(feed.description) or _line(publication.description) or title,
        language=publication.language,
        author=_line(publication.title) or title,
        home=f"{base}/",
        base=base,
        updated=max((entry.updated for entry in entries), default=_EMPTY_FEED),
    )


def entry(article: Article, feed: Feed, publication: Publication, sizes: Mapping[str, int]) -> Entry:
    """The article as an entry of the feed; `sizes` are bytes by URL of files hosted here."""
    published = article.published_at.replace(microsecond=0)
    summary = _line(article.summary)
    language = article.language if _LANGUAGE.fullmatch(article.language) else ""
    return Entry(
        id=_line(article.id),
        url=_line(article.url),
        title=_line(article.title) or summary or _line(article.url) or "-",
        summary=summary,
        html=_text(article.html) if feed.content == "full" else None,
        published=published,
        updated=max(published, article.updated_at.replace(microsecond=0)),
        authors=_lines(author.name for author in article.authors),
        labels=_lines(article.labels),
        language=language if language != publication.language else "",
        picture=_picture(article.picture),
        enclosures=tuple(_enclosures(article, sizes)),
    )


def _picture(picture: Picture | None) -> Picture | None:
    if picture is None or not _line(picture.url):
        return None
    return Picture(_line(picture.url), _line(picture.alt), _line(picture.caption), _line(picture.credit))


def _enclosures(article: Article, sizes: Mapping[str, int]) -> Iterable[Enclosure]:
    """Sound and film first, because RSS readers look at one enclosure only; then the lead picture."""
    sounds = [a.url for a in article.assets if media_type(a.url).startswith(("audio/", "video/"))]
    pictures = [article.picture.url] if article.picture else []
    for url in dict.fromkeys((*sounds, *pictures)):
        if url in sizes and (kind := media_type(url)):
            yield Enclosure(_line(url), kind, sizes[url])


def _text(text: str) -> str:
    """The text without what XML 1.0 cannot carry: control characters, lone surrogates, U+FFFE and U+FFFF."""
    return _NOT_XML.sub("", text)


def _line(text: str) -> str:
    return re.sub("[ \t\r\n]+", " ", _text(text)).strip(" ")


def _lines(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, map(_line, texts))))
