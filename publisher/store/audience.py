"""Who a cut is for: the subscriptions that are due, in chunks, and what they already got."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Text,
    and_,
    bindparam,
    cast,
    exists,
    func,
    literal_column,
    select,
)

from publisher.store import compacted
from publisher.store.cuts import Cut
from publisher.store.frozen import DROPPED, held_by
from publisher.store.schema import (
    deliveries,
    editions,
    subscribers,
    subscriptions,
    suppressions,
    variant_articles,
    variants,
)
from publisher.store.subscribers import receiving

T = TypeVar("T")


class Chosen(NamedTuple):
    """What decides alone what a cut does with a subscription: the same for very many. Topics are JSON."""

    topics: str | None
    cadence: str
    weekday: int
    day: int
    hour: int
    zone: str
    language: str
    mark: int
    since: int


class People(NamedTuple):
    """Some of a chunk: each one's subscription, subscriber, and the subscription's revision."""

    ids: list[int]
    subscribers: list[int]
    revisions: list[int]


# those of a chunk who chose alike and stand alike are together
Crowd = list[tuple[Chosen, People]]

_S = subscriptions.c
_INSTANT: ColumnElement[str] = literal_column("'instant'")
# as text and numbers only, which no driver needs to convert: a cut reads a million of them
_CHOSEN = (
    *(cast(_S.topics, Text), _S.cadence, _S.weekday, _S.day, _S.hour, _S.zone, _S.language),
    *(_S.mark, _S.since),
)


def _looked_at(newsletter: str, cadence: str, kind: str, at: datetime, hi: int, *columns: Any) -> Select[Any]:
    """The subscriptions that a cut of this kind looks at; suppressed addresses get no row."""
    never = exists().where(suppressions.c.address_key == subscribers.c.address_key)
    query = (
        select(*columns)
        .select_from(subscriptions.join(subscribers, subscribers.c.id == subscriptions.c.subscriber_id))
        .where(subscriptions.c.newsletter == newsletter, receiving(at), ~never)
    )
    if kind != "hand":
        # said as a text, not as a value, so that the index of those who want it at once can be chosen
        query = query.where(_S.cadence == (_INSTANT if cadence == "instant" else cadence))
    if kind == "due":
        instant = cadence == "instant"
        query = query.where(subscriptions.c.mark < hi if instant else subscriptions.c.next_due_at <= at)
    return query


def _of(cut: Cut, *columns: Any) -> Select[Any]:
    return _looked_at(cut.newsletter, cut.cadence, cut.kind, cut.at, cut.hi, *columns)


def chunk(tx: Connection, cut: Cut, cursor: int, most: int) -> Crowd:
    """The next subscriptions after `cursor`, by id."""
    query = _chunks(cut.newsletter, cut.cadence, cut.kind, cut.at, cut.hi, tx.dialect.name)
    crowd = []
    for row in tx.execute(query, {"after": cursor, "most": most}):
        lists = map(json.loads, row[9:]) if tx.dialect.name == "sqlite" else row[9:]
        crowd.append((Chosen._make(row[:9]), People(*lists)))
    return crowd


@lru_cache(maxsize=16)
def _chunks(newsletter: str, cadence: str, kind: str, at: datetime, hi: int, dialect: str) -> Select[Any]:
    """The statement for a cut's chunks, made once.

    The database puts alike ones together, as lists: that takes a third of the time of a row for each.
    """
    named = [column.label(name) for name, column in zip(Chosen._fields, _CHOSEN, strict=True)]
    some = _looked_at(newsletter, cadence, kind, at, hi, _S.id, _S.subscriber_id, _S.revision, *named)
    rows = some.where(_S.id > bindparam("after")).order_by(_S.id).limit(bindparam("most")).subquery()
    listed = func.json_group_array if dialect == "sqlite" else func.array_agg
    lists = [listed(rows.c[name]) for name in ("id", "subscriber_id", "revision")]
    keys = [rows.c[name] for name in Chosen._fields]
    return select(*keys, *lists).group_by(*keys)


def extent(tx: Connection, cut: Cut) -> tuple[int, int]:
    """How many subscriptions a cut still looks at, and the lowest mark of these: no window begins below."""
    count, lowest = tx.execute(_of(cut, func.count(), func.min(_S.mark)).where(_S.id > cut.cursor)).one()
    return int(count), int(lowest or 0)


def due_timetables(tx: Connection, newsletter: str, cadence: str, at: datetime) -> list[tuple[Any, ...]]:
    """The distinct (hour, weekday, day, zone) among those who are due."""
    columns = (subscriptions.c.hour, subscriptions.c.weekday, subscriptions.c.day, subscriptions.c.zone)
    query = _looked_at(newsletter, cadence, "due", at, 0, *columns).distinct()
    return [tuple(r) for r in tx.execute(query)]


def waiting_instants(tx: Connection, newsletter: str, hi: int, now: datetime) -> bool:
    """Whether an instant subscription has not seen the newest release."""
    query = _looked_at(newsletter, "instant", "due", now, hi, subscriptions.c.id).limit(1)
    return tx.execute(query).first() is not None


def around(tx: Connection, newsletter: str, cadence: str, slot: str) -> dict[int, str]:
    """Edition to slot, of those for this slot and later ones."""
    query = select(editions.c.id, editions.c.slot).where(
        editions.c.newsletter == newsletter, editions.c.cadence == cadence, editions.c.slot >= slot
    )
    return {row.id: row.slot for row in tx.execute(query)}


def naming(tx: Connection, newsletter: str, articles: Collection[str]) -> list[int]:
    """The editions of a newsletter that name one of these articles."""
    named = (
        select(variants.c.edition_id)
        .join(variant_articles, variant_articles.c.variant_id == variants.c.id)
        .where(variant_articles.c.article_id.in_(list(articles)))
    )
    query = select(editions.c.id).where(editions.c.newsletter == newsletter, editions.c.id.in_(named))
    return list(tx.scalars(query))


def by_hand(tx: Connection, newsletter: str) -> dict[int, frozenset[str]]:
    """Edition to the articles that it names, of those that were cut by hand."""
    query = (
        select(editions.c.id, variant_articles.c.article_id)
        .join(variants, variants.c.edition_id == editions.c.id)
        .join(variant_articles, variant_articles.c.variant_id == variants.c.id)
        .where(editions.c.newsletter == newsletter, editions.c.cadence == "hand")
    )
    return _gather((edition, article) for edition, article in tx.execute(query.distinct()))


def _rows_of(among: Iterable[int], people: Iterable[int]) -> Any:
    """The rows of these subscribers in these editions: one look each, along the key of the ledger."""
    return and_(deliveries.c.edition_id.in_(list(among)), deliveries.c.subscriber_id.in_(list(people)))


def in_slots(tx: Connection, among: Mapping[int, str], people: Iterable[int]) -> dict[int, frozenset[str]]:
    """Subscriber to the slots of these editions in which they have a delivery."""
    if not among:
        return {}
    query = select(deliveries.c.subscriber_id, deliveries.c.edition_id).where(_rows_of(among, people))
    return _gather((person, among[edition]) for person, edition in tx.execute(query))


def named(
    tx: Connection, among: Collection[int], people: Iterable[int], articles: Collection[str] = ()
) -> dict[int, frozenset[str]]:
    """Subscriber to the articles that a delivery in these editions named, whatever became of it (rule 2).

    Of all articles, or those given.
    """
    got = _got(tx, among, people)
    held = held_by(tx, {variant for _, variant, _ in got})
    return _gather(
        (person, one.article_id)
        for person, variant, _ in got
        for one in held.get(variant, ())
        if not articles or one.article_id in articles
    )


def corrected(
    tx: Connection, among: Collection[int], people: Sequence[int], corrections: Iterable[tuple[str, int]]
) -> dict[int, frozenset[tuple[str, int]]]:
    """Subscriber to the corrections of what these editions gave them: (article, new revision) (rule 6)."""
    newest = dict(sorted(set(corrections)))
    got = _got(tx, among, people) if newest else []
    held = held_by(tx, {variant for _, variant, _ in got})
    old, told = set[tuple[int, tuple[str, int]]](), set[tuple[int, tuple[str, int]]]()
    for person, variant, status in got:
        for one in held.get(variant, ()):
            if one.article_id in newest and one.role:
                correction = one.article_id, newest[one.article_id]
                if one.revision >= correction[1]:
                    told.add((person, correction))
                elif status in ("sent", "unknown") and one.role != DROPPED:
                    old.add((person, correction))
    return _gather(old - told)


def _got(tx: Connection, among: Collection[int], people: Iterable[int]) -> list[tuple[int, int, str]]:
    """(subscriber, variant, status) of these subscribers' deliveries in these editions, of any age."""
    if not among:
        return []
    wanted = list(people)
    query = select(deliveries.c.subscriber_id, deliveries.c.variant_id, deliveries.c.status)
    rows = [tuple(row) for row in tx.execute(query.where(_rows_of(among, wanted)))]
    past = compacted.of(tx, wanted, among)
    return [*rows, *((one.subscriber_id, one.variant_id, one.status) for one in past)]


def put_back(tx: Connection, among: Collection[int], crowd: Crowd) -> Crowd:
    """As these would stand if nothing had been cut for them in these editions."""
    query = select(deliveries.c.subscriber_id, deliveries.c.lo, deliveries.c.hi)
    rows = tx.execute(
        query.where(_rows_of(among, [who for _, people in crowd for who in people.subscribers]))
    )
    was = {(person, hi): lo for person, lo, hi in rows}
    return [
        (c._replace(mark=max(was.get((one[1], c.mark), c.mark), c.since)), People(*([x] for x in one)))
        for c, people in crowd
        for one in zip(*people, strict=True)
    ]


def _gather(pairs: Iterable[tuple[int, T]]) -> dict[int, frozenset[T]]:
    found: dict[int, set[T]] = {}
    for key, value in pairs:
        found.setdefault(key, set()).add(value)
    return {key: frozenset(values) for key, values in found.items()}
