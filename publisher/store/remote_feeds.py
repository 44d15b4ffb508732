"""What is remembered of remote feeds, and of the articles that came from them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, select, update

from publisher.store.database import insert_new
from publisher.store.schema import articles, remote_feeds


class Row(NamedTuple):
    """A remote feed: its state in plain values, when it was asked last, and when it is asked next."""

    url: str
    state: Mapping[str, Any]
    fetched_at: datetime | None
    next_at: datetime | None


class Signed(NamedTuple):
    """An article that came from a feed, gone or not, with the signs that it had last."""

    id: str
    source: str
    path: str
    stamp: str
    explicit_id: str
    body_hash: str
    title: str
    url: str


def rows(tx: Connection) -> dict[str, Row]:
    """Every feed that was ever asked, by its address in the configuration."""
    return {
        row.url: Row(row.url, row.state, row.fetched_at, row.next_at)
        for row in tx.execute(select(remote_feeds))
    }


def save(tx: Connection, row: Row) -> None:
    """Keep what is known of a feed now."""
    values = {**row._asdict(), "state": dict(row.state)}
    if not insert_new(tx, remote_feeds, values):
        tx.execute(update(remote_feeds).where(remote_feeds.c.url == row.url).values(values))


def signed(tx: Connection, source: str) -> list[Signed]:
    """Every article that ever came from a source."""
    read = {"title": articles.c.data["title"].as_string(), "url": articles.c.data["url"].as_string()}
    columns = [read[n].label(n) if n in read else articles.c[n] for n in Signed._fields]
    return [Signed(**row._mapping) for row in tx.execute(select(*columns).where(articles.c.source == source))]


def id_of(tx: Connection, source: str, path: str) -> str:
    """The id of the article at a path of a source, which is there."""
    query = select(articles.c.id).where(articles.c.source == source, articles.c.path == path)
    return str(tx.scalars(query.order_by(articles.c.release.desc())).first())
