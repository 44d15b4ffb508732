"""Articles without their text: light enough for a process to hold a hundred thousand of them."""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, fields
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, cast, func, select, type_coerce
from sqlalchemy import Text as Characters

from publisher.model.articles import Article
from publisher.store.article_texts import KEY, Text, from_json, from_text, to_text
from publisher.store.bulk import among
from publisher.store.schema import article_texts, articles

_AT_ONCE = 500
# empty for an article of a program that knew no such table
WRITTEN = func.coalesce(article_texts.c.html, "").label("html")
_UNSEEN: dict[str, Any] = {"path": "", "slug": "", "links": []}
T = TypeVar("T", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Outline:
    """An article as the catalogue holds it, but for its text: `article.html` is empty.

    `key` changes with whatever the article holds; the rest is as in a `catalogue.Listing`.
    """

    article: Article
    key: str
    source: str
    status: str
    release: int | None


def outlines(tx: Connection, ids: Iterable[str] | None = None, *, public: bool = False) -> Iterator[Outline]:
    """Every article, or those with these ids; in no order.

    `public`: to hold many of them, without what no reader sees: file, slug and links as they were written.
    """
    names = ("id", "source", "status", "release")
    query = select(*(articles.c[name] for name in names), _data(tx).label("data"))
    if ids is not None:
        query = query.where(among(tx, articles.c.id, ids))
    seen: dict[Any, Any] = {}
    for row in tx.execute(query, execution_options={"yield_per": _AT_ONCE}):
        data = json.loads(row.data)
        data.pop("html", None)
        key = data.get(KEY) or _key(tx, row.id)
        article = _shared(from_json(data | _UNSEEN if public else data, ""), seen)
        source, status = seen.setdefault(row.source, row.source), seen.setdefault(row.status, row.status)
        yield Outline(article, key, source, status, row.release)


def texts(tx: Connection, ids: Iterable[str]) -> dict[str, Text]:
    """The whole articles with these ids, as `article_texts` reads them; without those that are not there."""
    query = select(articles.c.id, _data(tx), WRITTEN).outerjoin(article_texts)
    query = query.where(among(tx, articles.c.id, ids))
    return {id_: Text(*text) for id_, *text in tx.execute(query)}


def _data(tx: Connection) -> ColumnElement[str]:
    """The column `data` as characters, which are read where they are needed."""
    postgres = tx.dialect.name == "postgresql"
    return cast(articles.c.data, Characters) if postgres else type_coerce(articles.c.data, Characters)


def _key(tx: Connection, id_: str) -> str:
    """The key of an article that a program of an earlier version saved."""
    (text,) = texts(tx, [id_]).values()
    return to_text(from_text(text))[0]


def _shared(article: Article, seen: dict[Any, Any]) -> Article:
    """The same article, with values that many have in common held only once."""
    # it was made a moment ago, and nobody else has seen it
    for name in ("labels", "topics"):
        words = tuple(seen.setdefault(word, word) for word in getattr(article, name))
        object.__setattr__(article, name, words)
    for name in _COMMON:
        value = getattr(article, name)
        object.__setattr__(article, name, seen.setdefault(value, value))
    if article.updated_at == article.published_at:
        object.__setattr__(article, "updated_at", article.published_at)
    return article


_COMMON = [
    field.name for field in fields(Article) if field.name in ("authors", "labels", "topics", "language")
]
