"""What the three formats have in common: an article as text that any of them can carry."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from html import escape
from uuid import UUID, uuid5

from publisher.config.public import Publication
from publisher.feeds.escaping import fit, line
from publisher.feeds.media import media_type
from publisher.model.articles import Article, Picture

_IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]+")
_LANGUAGE = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*")
_IDS = UUID("6a2c1b0e-6f0b-5d53-9d6b-0f3b0a4d9c11")


@dataclass(frozen=True, slots=True)
class Enclosure:
    """A hosted file that goes with an entry; `length` in bytes (RFC 4287 section 4.2.7.2)."""

    url: str
    media_type: str
    length: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One article in a feed, all text fit for XML 1.0; `html` (UTF-8) is None in a feed of summaries."""

    id: str
    url: str
    title: str
    summary: str
    html: bytes | None
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


def entry(
    article: Article,
    content: str,
    publication: Publication,
    sizes: Mapping[str, int],
    heading: str,
) -> Entry:
    """The article as an entry, `content` full or summary; `sizes` are bytes by URL of files hosted here.

    What corrects the article stands, under its heading, at the head of the content.
    """
    published = article.published_at.replace(microsecond=0)
    note = f"{heading} {article.correction}" if heading and content != "full" else ""
    summary = line(f"{note} {article.summary}")
    language = article.language if _LANGUAGE.fullmatch(article.language) else ""
    return Entry(
        id=line(article.id),
        url=line(article.url),
        title=line(article.title) or line(article.summary) or line(article.url) or "-",
        summary=summary,
        html=fit(_note(heading, article.correction) + article.html) if content == "full" else None,
        published=published,
        updated=max(published, article.updated_at.replace(microsecond=0)),
        authors=_lines(author.name for author in article.authors),
        labels=_lines(article.labels),
        language=language if language != publication.language else "",
        picture=_picture(article.picture),
        enclosures=tuple(_enclosures(article, sizes)),
    )


def _note(heading: str, text: str) -> str:
    return f"<p><strong>{escape(heading)}</strong> {escape(text)}</p>\n" if heading else ""


def _picture(picture: Picture | None) -> Picture | None:
    if picture is None or not line(picture.url):
        return None
    return Picture(line(picture.url), line(picture.alt), line(picture.caption), line(picture.credit))


def _enclosures(article: Article, sizes: Mapping[str, int]) -> Iterable[Enclosure]:
    """Sound and film first, because RSS readers look at one enclosure only; then the lead picture."""
    sounds = [a.url for a in article.assets if media_type(a.url).startswith(("audio/", "video/"))]
    pictures = [article.picture.url] if article.picture else []
    for url in dict.fromkeys((*sounds, *pictures)):
        if url in sizes and (kind := media_type(url)):
            yield Enclosure(line(url), kind, sizes[url])


def _lines(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, map(line, texts))))
