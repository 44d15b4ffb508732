"""Articles without their text: light enough for a process to hold a hundred thousand of them."""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, Text, cast, func, literal, select, type_coerce
from sqlalchemy.dialects.postgresql import JSONB

from publisher.model.articles import Article
from publisher.store import article_texts
from publisher.store.bulk import among
from publisher.store.schema import articles

_AT_ONCE = 500
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
    released_at: datetime | None


def outlines(tx: Connection, ids: Iterable[str] | None = None) -> Iterator[Outline]:
    """Every article, or those with these ids; in no order."""
    names = ("id", "source", "status", "release", "released_at")
    query = select(*(articles.c[name] for name in names), _textless(tx).label("data"))
    if ids is not None:
        query = query.where(among(tx, articles.c.id, ids))
    seen: dict[Any, Any] = {}
    for row in tx.execute(query, execution_options={"yield_per": _AT_ONCE}):
        data = json.loads(row.data)
        key = data.get(article_texts.KEY) or _key(tx, row.id)
        article = _shared(article_texts.from_json({**data, "html": ""}), seen)
        yield Outline(article, key, row.source, row.status, row.release, row.released_at)


def texts(tx: Connection, ids: Iterable[str]) -> dict[str, str]:
    """The whole articles with these ids, as `article_texts` reads them; without those that are not there."""
    text = cast(articles.c.data, Text) if tx.dialect.name == "postgresql" else _raw()
    query = select(articles.c.id, text.label("data")).where(among(tx, articles.c.id, ids))
    return {row.id: row.data for row in tx.execute(query)}


def _raw() -> ColumnElement[str]:
    return type_coerce(articles.c.data, Text)


def _textless(tx: Connection) -> ColumnElement[str]:
    """The column `data` without `html`: the database takes it out faster than it could be read."""
    if tx.dialect.name == "postgresql":
        return cast(cast(articles.c.data, JSONB).op("-")("html"), Text)
    return func.json_remove(_raw(), literal("$.html", Text), type_=Text)


def _key(tx: Connection, id_: str) -> str:
    """The key of an article that a program of an earlier version saved."""
    (text,) = texts(tx, [id_]).values()
    return article_texts.to_text(article_texts.from_text(text))[0]


def _shared(article: Article, seen: dict[Any, Any]) -> Article:
    """The same article, with values that many have in common held only once."""
    for name in _COMMON:
        value = getattr(article, name)
        # it was made a line above, and nobody else has seen it
        object.__setattr__(article, name, seen.setdefault(value, value))
    return article


_COMMON = [
    field.name for field in fields(Article) if field.name in ("authors", "labels", "topics", "language")
]
