"""Who a cut is for: the subscriptions that are due, in chunks, and what they already got."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, bindparam, exists, func, select, update

from publisher.store.cuts import Cut
from publisher.store.schema import (
    deliveries,
    editions,
    subscribers,
    subscriptions,
    suppressions,
    variant_articles,
)
from publisher.store.subscribers import Subscription, receiving, subscription


@dataclass(frozen=True, slots=True)
class Due:
    """A subscription that a cut looks at, with the address and name as they are now."""

    subscription: Subscription
    address: str
    name: str
    attributes: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Row:
    """A delivery row to be written: for whom, from which variant, covering which releases, due when."""

    due: Due
    variant_id: int
    fields: Mapping[str, str]
    lo: int
    hi: int
    due_at: datetime


def _looked_at(newsletter: str, cadence: str, kind: str, at: datetime, hi: int, *columns: Any) -> Select[Any]:
    """The subscriptions that a cut of this kind looks at; suppressed addresses get no row."""
    never = exists().where(suppressions.c.address_key == subscribers.c.address_key)
    query = (
        select(*columns)
        .select_from(subscriptions.join(subscribers, subscribers.c.id == subscriptions.c.subscriber_id))
        .where(subscriptions.c.newsletter == newsletter, receiving(at), ~never)
    )
    if kind != "hand":
        query = query.where(subscriptions.c.cadence == cadence)
    if kind == "due":
        instant = cadence == "instant"
        query = query.where(subscriptions.c.mark < hi if instant else subscriptions.c.next_due_at <= at)
    return query


def _of(cut: Cut, *columns: Any) -> Select[Any]:
    return _looked_at(cut.newsletter, cut.cadence, cut.kind, cut.at, cut.hi, *columns)


def _dues(tx: Connection, query: Select[Any]) -> list[Due]:
    rows = tx.execute(query.order_by(subscriptions.c.id))
    return [Due(subscription(r), r.address, r.name, r.attributes) for r in rows]


_PERSON = (subscriptions, subscribers.c.address, subscribers.c.name, subscribers.c.attributes)


def chunk(tx: Connection, cut: Cut, cursor: int, most: int) -> list[Due]:
    """The next subscriptions after `cursor`, by id."""
    return _dues(tx, _of(cut, *_PERSON).where(subscriptions.c.id > cursor).limit(most))


def count(tx: Connection, cut: Cut, cursor: int) -> int:
    """How many subscriptions a cut still looks at."""
    return int(tx.scalar(_of(cut, func.count()).where(subscriptions.c.id > cursor)) or 0)


def again(tx: Connection, cut: Cut, ids: Iterable[int]) -> list[Due]:
    """Those of `ids` that are still looked at, as they stand now."""
    return _dues(tx, _of(cut, *_PERSON).where(subscriptions.c.id.in_(list(ids))))


def due_timetables(tx: Connection, newsletter: str, cadence: str, at: datetime) -> list[tuple[Any, ...]]:
    """The distinct (hour, weekday, day, zone) among those who are due."""
    columns = (subscriptions.c.hour, subscriptions.c.weekday, subscriptions.c.day, subscriptions.c.zone)
    query = _looked_at(newsletter, cadence, "due", at, 0, *columns).distinct()
    return [tuple(r) for r in tx.execute(query)]


def lowest_mark(tx: Connection, cut: Cut) -> int:
    """The lowest mark of those whom a cut looks at: no window of it begins below."""
    return int(tx.scalar(_of(cut, func.min(subscriptions.c.mark))) or 0)


def waiting_instants(tx: Connection, newsletter: str, hi: int, now: datetime) -> bool:
    """Whether an instant subscription has not seen the newest release."""
    query = _looked_at(newsletter, "instant", "due", now, hi, subscriptions.c.id).limit(1)
    return tx.execute(query).first() is not None


def in_slots(
    tx: Connection, newsletter: str, cadence: str, slot: str, ids: Iterable[int]
) -> dict[int, set[str]]:
    """Subscription to the slots, this one and later ones, in which it has a delivery."""
    query = (
        select(deliveries.c.subscription_id, editions.c.slot)
        .join(editions, editions.c.id == deliveries.c.edition_id)
        .where(
            editions.c.newsletter == newsletter,
            editions.c.cadence == cadence,
            editions.c.slot >= slot,
            deliveries.c.subscription_id.in_(list(ids)),
        )
    )
    return _gather((r.subscription_id, r.slot) for r in tx.execute(query))


def named(
    tx: Connection, ids: Iterable[int], *, by_hand: bool, articles: Iterable[str] = ()
) -> dict[int, set[str]]:
    """Subscription to the articles that a delivery of it named, whatever became of it (rule 2).

    Deliveries by hand only, or any; of all articles, or those given.
    """
    query = (
        select(deliveries.c.subscription_id, variant_articles.c.article_id)
        .join(variant_articles, variant_articles.c.variant_id == deliveries.c.variant_id)
        .where(deliveries.c.subscription_id.in_(list(ids)))
    )
    if wanted := list(articles):
        query = query.where(variant_articles.c.article_id.in_(wanted))
    if by_hand:
        hand = editions.c.cadence == "hand"
        query = query.join(editions, editions.c.id == deliveries.c.edition_id).where(hand)
    return _gather((r.subscription_id, r.article_id) for r in tx.execute(query))


def has_hand_editions(tx: Connection, newsletter: str) -> bool:
    """Whether anything was ever mailed by hand."""
    hand = (editions.c.newsletter == newsletter, editions.c.cadence == "hand")
    return tx.execute(select(editions.c.id).where(*hand).limit(1)).first() is not None


def corrected(
    tx: Connection, ids: Iterable[int], corrections: Iterable[tuple[str, int]]
) -> dict[int, set[tuple[str, int]]]:
    """Subscription to the corrections of what it got earlier: (article, new revision) (rule 6)."""
    found: dict[int, set[tuple[str, int]]] = {}
    who = list(ids)
    for article, revision in set(corrections):
        query = (
            select(deliveries.c.subscription_id, deliveries.c.status, variant_articles.c.revision)
            .join(variant_articles, variant_articles.c.variant_id == deliveries.c.variant_id)
            .where(
                deliveries.c.subscription_id.in_(who),
                variant_articles.c.article_id == article,
                variant_articles.c.role != "",
            )
        )
        rows = tx.execute(query).all()
        told = {r.subscription_id for r in rows if r.revision >= revision}
        got = {r.subscription_id for r in rows if r.revision < revision and r.status in ("sent", "unknown")}
        for key in got - told:
            found.setdefault(key, set()).add((article, revision))
    return found


def _gather(pairs: Iterable[tuple[int, str]]) -> dict[int, set[str]]:
    found: dict[int, set[str]] = {}
    for key, value in pairs:
        found.setdefault(key, set()).add(value)
    return found


def unchanged(tx: Connection, seen: Iterable[Subscription]) -> set[int]:
    """The ids of those subscriptions that nobody has changed since they were read."""
    expected = {s.id: s.revision for s in seen}
    query = select(subscriptions.c.id, subscriptions.c.revision)
    rows = tx.execute(query.where(subscriptions.c.id.in_(list(expected))))
    return {r.id for r in rows if expected[r.id] == r.revision}


def advance(tx: Connection, marks: Iterable[tuple[int, int, datetime | None]]) -> None:
    """Set (subscription, mark, next_due_at) after a cut; the revision goes up."""
    rows = [{"key": key, "new_mark": mark, "new_due": due} for key, mark, due in marks]
    if not rows:
        return
    query = (
        update(subscriptions)
        .where(subscriptions.c.id == bindparam("key"))
        .values(
            mark=bindparam("new_mark"),
            next_due_at=bindparam("new_due"),
            revision=subscriptions.c.revision + 1,
        )
    )
    tx.execute(query, rows)


def write_rows(tx: Connection, edition_id: int, rows: Iterable[Row]) -> None:
    """Queue deliveries."""
    values = [
        {
            "edition_id": edition_id,
            "subscriber_id": row.due.subscription.subscriber_id,
            "subscription_id": row.due.subscription.id,
            "variant_id": row.variant_id,
            "address": row.due.address,
            "fields": dict(row.fields),
            "lo": row.lo,
            "hi": row.hi,
            "due_at": row.due_at,
            "first_due_at": row.due_at,
            "status": "queued",
        }
        for row in rows
    ]
    if values:
        tx.execute(deliveries.insert(), values)
