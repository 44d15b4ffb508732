"""Where an article appeared: in which editions, in which revision, and in how many messages that left.

A message is counted by its variant, of which the ledger has no index: a cut would change one in a million
places. So a large edition in which only some variants name the article is asked for a sample.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from itertools import islice
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, func, select

from publisher.store import ledger
from publisher.store.bulk import among
from publisher.store.catalogue import Release
from publisher.store.schema import (
    articles,
    compacted,
    deliveries,
    editions,
    releases,
    variant_articles,
    variants,
)

_A, _D, _E, _V, _N = articles.c, deliveries.c, editions.c, variants.c, variant_articles.c
# So many deliveries are all looked at; of more a sample, good for two figures. Both take some 5 ms.
COUNTED = 2000
_SLICES, _A_SLICE = 16, 125


class Appearance(NamedTuple):
    """An edition that named an article: in these revisions, in `naming` of its `of` variants."""

    edition_id: int
    newsletter: str
    number: int
    state: str
    day: str
    opened_at: datetime | None
    first: int
    last: int
    naming: int
    past: int
    of: int

    @property
    def edition(self) -> str:
        """`daily/12`"""
        return f"{self.newsletter}/{self.number}"


class Reached(NamedTuple):
    """How many messages that left named an article; not `exact`: as many as a sample lets one expect."""

    messages: int
    exact: bool


def editions_naming(tx: Connection, article_id: str, most: int) -> list[Appearance]:
    """The newest editions that named an article, at most so many."""
    every = select(func.count()).where(variants.c.edition_id == _E.id).scalar_subquery()
    columns = (_E.id, _E.newsletter, _E.number, _E.state, _E.day, _E.opened_at)
    counted = (func.min(_N.revision), func.max(_N.revision), func.count(), func.sum(_V.compacted))
    named = (
        select(_V.edition_id, *(c.label(name) for name, c in zip("abcd", counted, strict=True)))
        .join(variant_articles, _N.variant_id == _V.id)
        .where(_N.article_id == article_id)
        .group_by(_V.edition_id)
        .subquery()
    )
    query = select(*columns, named.c.a, named.c.b, named.c.c, named.c.d, every)
    query = query.join(named, named.c.edition_id == _E.id).order_by(_E.id.desc()).limit(most)
    return [Appearance(*row[:9], int(row[9] or 0), int(row[10])) for row in tx.execute(query)]


def reached(tx: Connection, one: Appearance, article_id: str) -> Reached:
    """How many messages of an edition that named an article have left."""
    counts = ledger.counts(tx, one.edition_id)
    if one.naming == one.of or not counts["sent"]:
        return Reached(counts["sent"], True)
    past = _compacted(tx, one.edition_id)
    small = sum(counts.values()) - past <= COUNTED
    found = list(_sent(tx, one.edition_id) if small else _sample(tx, one.edition_id))
    naming = _naming(tx, article_id, set(found))
    named = sum(variant in naming for variant in found)
    if small:
        return Reached(named + one.past, True)
    rows = max(counts["sent"] - past, 0)
    return Reached(_rough(named * rows / max(len(found), 1) + one.past), False)


def _rough(number: float) -> int:
    """Two figures of it: more are not known."""
    return int(float(f"{number:.1e}"))


def _sent(tx: Connection, edition_id: int) -> Iterator[int]:
    """The variants of all messages of an edition that left."""
    yield from tx.scalars(select(_D.variant_id).where(_D.edition_id == edition_id, _D.status == "sent"))


def _sample(tx: Connection, edition_id: int) -> Iterator[int]:
    """Those of some slices of an edition, at even distances along the key of its subscribers."""
    mine = _D.edition_id == edition_id
    ends = [
        tx.scalar(select(_D.subscriber_id).where(mine).order_by(order).limit(1))
        for order in (_D.subscriber_id, _D.subscriber_id.desc())
    ]
    if ends[0] is None or ends[1] is None:
        return
    for at in range(_SLICES):
        begin = ends[0] + (ends[1] - ends[0]) * at // _SLICES
        some = select(_D.status, _D.variant_id).where(mine, _D.subscriber_id >= begin)
        for status, variant in tx.execute(some.order_by(_D.subscriber_id).limit(_A_SLICE)):
            if status == "sent":
                yield variant


def _naming(tx: Connection, article_id: str, among_these: Collection[int]) -> set[int]:
    query = select(_N.variant_id).where(_N.article_id == article_id)
    return set(tx.scalars(query.where(among(tx, _N.variant_id, among_these))))


def _compacted(tx: Connection, edition_id: int) -> int:
    query = select(func.sum(compacted.c.deliveries)).where(compacted.c.edition_id == edition_id)
    return int(tx.scalar(query) or 0)


def newer(
    tx: Connection, article_id: str, published_at: datetime, topics: Iterable[str] | None, most: int
) -> int:
    """How many public articles of these topics (None: all) come before this one in a feed; `most` at most."""
    before = (_A.published_at > published_at) | ((_A.published_at == published_at) & (_A.id < article_id))
    public: tuple[ColumnElement[bool], ...] = (_A.status == "published", _A.release.is_not(None), before)
    if topics is None:
        some = select(_A.id).where(*public).limit(most).subquery()
        return int(tx.scalar(select(func.count()).select_from(some)) or 0)
    wanted = set(topics)
    found = tx.execute(select(_A.topics).where(*public), execution_options={"yield_per": 200})
    number = sum(1 for _ in islice((1 for row in found if not wanted.isdisjoint(row.topics)), most))
    found.close()
    return number


def releases_of(tx: Connection, article_id: str) -> list[Release]:
    """When an article became public, and when it was corrected; in order."""
    query = select(releases).where(releases.c.article_id == article_id).order_by(releases.c.release)
    return [Release(r.release, r.article_id, r.revision, r.released_at) for r in tx.execute(query)]
