"""Reading files and giving them their places: what a crew does for a gather, each file for itself."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from typing import NamedTuple

from publisher import articles
from publisher.crew import dumps
from publisher.errors import ContentError
from publisher.gathering.feeds import Looked
from publisher.model.articles import Article, Link, Manuscript
from publisher.store import article_texts
from publisher.store.article_texts import Text
from publisher.store.traces import Key

AT_ONCE = 50
# a process takes half a second to begin, in which so many files are read
WORTH_A_CREW = 500 // AT_ONCE
_NOTHING = Text("", "")


class Read(NamedTuple):
    """A file as it was read: its signs, and the whole manuscript to be laid aside; or what is wrong."""

    key: Key
    signs: Manuscript | None
    whole: bytes = b""
    error: ContentError | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where an article stands, and what was decided about it. `updated_at` is None where its file says."""

    id: str
    slug: str
    url: str
    published_at: datetime
    updated_at: datetime | None
    topics: tuple[str, ...]
    revision: int
    links: tuple[Link, ...] = ()


class Placed(NamedTuple):
    """An article that is ready to be saved, or what is wrong. `absent` are files that it waits for."""

    key: Key
    article_key: str = ""
    text: Text = _NOTHING
    absent: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()
    error: ContentError | None = None


def reader(looks: Mapping[str, Looked], zone: tzinfo, language: str) -> Callable[[Sequence[Key]], list[Read]]:
    """Reads files. `zone` is where dates count that have none; `language` is that of words put in."""

    def read(keys: Sequence[Key]) -> list[Read]:
        return [_read(looks[key[0]], key, zone, language) for key in keys]

    return read


def _read(look: Looked, key: Key, zone: tzinfo, language: str) -> Read:
    try:
        manuscript = look.read(key[1], zone, language)
    except ContentError as error:
        return Read(key, None, error=error)
    # its text is most of it, and nobody looks at it until the article has its place
    signs = replace(manuscript, html="", summary="", authors=(), picture=None, aliases=())
    return Read(key, signs, dumps(manuscript))


def placer(
    site: str, language: str, files: Mapping[str, Container[str]]
) -> Callable[[Sequence[tuple[Key, bytes, Place]]], list[Placed]]:
    """Makes articles of manuscripts. `files` are those beside the articles, by source."""

    def place(items: Sequence[tuple[Key, bytes, Place]]) -> list[Placed]:
        return [_place(key, whole, at, site, language, files[key[0]]) for key, whole, at in items]

    return place


def _place(key: Key, whole: bytes, at: Place, site: str, language: str, files: Container[str]) -> Placed:
    article = articles.place(
        pickle.loads(whole),
        id=at.id,
        slug=at.slug,
        url=at.url,
        published_at=at.published_at,
        topics=at.topics,
        revision=at.revision,
        site=site,
        default_language=language,
        files=files,
        links=at.links,
    )
    if at.updated_at:
        article = replace(article, updated_at=max(at.updated_at, article.published_at))
    try:
        article_key, text = article_texts.to_text(article)
    except UnicodeEncodeError as error:
        reason = f"it holds half a character ({error.object[error.start : error.end]!a})"
        return Placed(key, error=ContentError(key[1], 0, "", reason))
    return Placed(key, article_key, text, _absent(article, files), article.links)


def _absent(article: Article, files: Container[str]) -> tuple[str, ...]:
    return tuple(asset.file for asset in article.assets if asset.file not in files)
