"""What the catalogue knows articles by: which files were read, and the signs of who is who (rule 25)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from sys import intern
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, false, or_, select

from publisher.store.schema import articles

Key = tuple[str, str]
"""Which file an article is: the name of its source, and the path inside it."""

_GONE = ("gone", "withdrawn")


class Stamped(NamedTuple):
    """A file as it was last parsed, and what became of it."""

    stamp: str
    status: str


class Trace(NamedTuple):
    """What an article can be recognised by (rule 25)."""

    id: str
    source: str
    path: str
    explicit_id: str
    body_hash: str
    title: str
    published_at: datetime
    status: str
    release: int | None

    @property
    def key(self) -> Key:
        """The file that it was last seen in."""
        return self.source, self.path

    @property
    def gone(self) -> bool:
        """Whether that file is gone, and known to be."""
        return self.status in _GONE


def stamps(tx: Connection) -> dict[str, dict[str, Stamped]]:
    """Stamp and status of every article that is not gone, by source and path."""
    columns = (articles.c.source, articles.c.path, articles.c.stamp, articles.c.status)
    rows = tx.execute(select(*columns).where(articles.c.status.not_in(_GONE)))
    found: defaultdict[str, dict[str, Stamped]] = defaultdict(dict)
    for source, path, stamp, status in rows:
        found[source][path] = Stamped(stamp, intern(status))
    return found


def traces(tx: Connection, keys: Iterable[Key] | None = None) -> list[Trace]:
    """What every article that ever was can be recognised by; or those that were last seen in these files."""
    return _traces(tx) if keys is None else _traces(tx, _in(keys))


def alike(tx: Connection, keys: Iterable[Key], explicit_ids: Iterable[str]) -> list[Trace]:
    """Those that these files may be: last seen in them, with one of these ids, or gone."""
    named = articles.c.explicit_id.in_(list(explicit_ids))
    return _traces(tx, or_(_in(keys), named, articles.c.status.in_(_GONE)))


def ids(tx: Connection) -> set[str]:
    """The id of every article that ever was."""
    return set(tx.scalars(select(articles.c.id)))


def _traces(tx: Connection, *which: ColumnElement[bool]) -> list[Trace]:
    title = articles.c.data["title"].as_string().label("title")
    columns = [articles.c[n] for n in Trace._fields if n != "title"]
    return [Trace(**row._mapping) for row in tx.execute(select(*columns, title).where(*which))]


def _in(keys: Iterable[Key]) -> ColumnElement[bool]:
    return or_(false(), *(and_(articles.c.source == s, articles.c.path == p) for s, p in keys))


def slugs_like(tx: Connection, slug: str) -> dict[str, str]:
    """Slug to id, of every article that has this one, perhaps with a number behind it."""
    named = or_(articles.c.slug == slug, articles.c.slug.startswith(f"{slug}-", autoescape=True))
    return {row.slug: row.id for row in tx.execute(select(articles.c.slug, articles.c.id).where(named))}


def slugs(tx: Connection) -> dict[str, str]:
    """Slug to id, of every article that ever was."""
    return {row.slug: row.id for row in tx.execute(select(articles.c.slug, articles.c.id))}
