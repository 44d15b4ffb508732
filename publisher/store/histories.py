"""Everything that the store knows of one subscriber's past, for those who ask why (rule 2)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, and_, select

from publisher.store import compacted, erased
from publisher.store.compacted import Past
from publisher.store.frozen import DROPPED, held_by
from publisher.store.schema import (
    cuts,
    deliveries,
    editions,
    events,
    subscribers,
    subscriptions,
    suppressions,
    variant_articles,
)
from publisher.store.subscribers import address_key

_EDITIONS = 200  # that one look for somebody's deliveries goes through


class Named(NamedTuple):
    """An article that a delivery named: where, in which revision and role, and what became of it."""

    article_id: str
    edition: str
    revision: int
    role: str
    status: str


def suppression(tx: Connection, address: str) -> tuple[str, datetime] | None:
    """Why and since when an address must not be mailed."""
    keys = [key := address_key(address), *erased.hashes(tx, [key])]
    query = select(suppressions).where(suppressions.c.address_key.in_(keys))
    row = tx.execute(query).first()
    return (row.reason, row.created_at) if row else None


def _in_any_edition(*narrowed: Any) -> Any:
    """Edition by edition, each a look along the key of the ledger: no index finds somebody in all of them."""
    return deliveries.c.edition_id.in_(select(editions.c.id).where(*narrowed))


def _of_subscription(subscription_id: int, *narrowed: Any) -> Any:
    """The deliveries of a subscription, in editions of its newsletter."""
    mine = select(subscriptions.c.subscriber_id).where(subscriptions.c.id == subscription_id)
    name = select(subscriptions.c.newsletter).where(subscriptions.c.id == subscription_id)
    its = _in_any_edition(editions.c.newsletter == name.scalar_subquery(), *narrowed)
    return and_(deliveries.c.subscriber_id == mine.scalar_subquery(), its)


def deliveries_of(tx: Connection, subscriber_id: int, most: int) -> list[Row[Any] | Past]:
    """The newest deliveries of a subscriber, with newsletter, number, cadence and state of their edition."""
    columns = (editions.c.newsletter, editions.c.number, editions.c.cadence, editions.c.state)
    query = (
        select(deliveries, *columns)
        .join(editions, editions.c.id == deliveries.c.edition_id)
        .where(deliveries.c.subscriber_id == subscriber_id, _in_any_edition())
        .order_by(deliveries.c.id.desc())
    )
    # in the ledger there may be older ones than the compacted: what was not sent stays there
    found = [*tx.execute(query.limit(most)), *_past(tx, subscriber_id)]
    return sorted(found, key=lambda row: row.id, reverse=True)[:most]


def newest(
    tx: Connection, subscriber_id: int, most: int, before: int | None = None
) -> tuple[list[Row[Any] | Past], int | None]:
    """Deliveries of a subscriber by edition, the newest first; those of editions before an id.

    Not more than `most`, and of editions not more than are looked through at once; the second value is where
    to go on, None at the end. Compacted ones come unpacked only as far as they are shown.
    """
    e = editions.c
    theirs = select(subscriptions.c.newsletter).where(subscriptions.c.subscriber_id == subscriber_id)
    some = select(e.id).where(e.newsletter.in_(theirs))
    some = some if before is None else some.where(e.id < before)
    ids = list(tx.scalars(some.order_by(e.id.desc()).limit(_EDITIONS + 1)))
    found: list[Row[Any] | Past] = []
    at, end = 0, min(len(ids), _EDITIONS)
    while at < end and len(found) < most:
        found += _in_editions(tx, subscriber_id, ids[at : min(at + most, end)])
        at = min(at + most, end)
    if len(found) > most or (len(found) == most and at < len(ids)):
        return found[:most], found[most - 1].edition_id
    return found, ids[end - 1] if len(ids) > end else None


def _in_editions(tx: Connection, subscriber_id: int, ids: Sequence[int]) -> list[Row[Any] | Past]:
    columns = (editions.c.newsletter, editions.c.number, editions.c.cadence, editions.c.state)
    query = select(deliveries, *columns).join(editions, editions.c.id == deliveries.c.edition_id)
    mine = (deliveries.c.edition_id.in_(list(ids)), deliveries.c.subscriber_id == subscriber_id)
    found = [*tx.execute(query.where(*mine)), *_past(tx, subscriber_id, editions.c.id.in_(list(ids)))]
    return sorted(found, key=lambda row: row.edition_id, reverse=True)


def _past(tx: Connection, subscriber_id: int, *narrowed: Any) -> list[Past]:
    """The compacted deliveries of a subscriber, with the same of their edition."""
    columns = (editions.c.id, editions.c.newsletter, editions.c.number, editions.c.cadence, editions.c.state)
    found = compacted.of(tx, [subscriber_id], select(editions.c.id).where(*narrowed))
    query = select(*columns).where(editions.c.id.in_([one.edition_id for one in found]))
    about = {row.id: row for row in tx.execute(query)}
    return [
        one._replace(newsletter=e.newsletter, number=e.number, cadence=e.cadence, state=e.state)
        for one in found
        for e in [about[one.edition_id]]
    ]


def delivery_of(tx: Connection, subscriber_id: int, edition_id: int) -> Row[Any] | Past | None:
    """As `deliveries_of`, the one of an edition."""
    columns = (editions.c.newsletter, editions.c.number, editions.c.cadence, editions.c.state)
    query = select(deliveries, *columns).join(editions, editions.c.id == deliveries.c.edition_id)
    mine = (deliveries.c.subscriber_id == subscriber_id, deliveries.c.edition_id == edition_id)
    found = tx.execute(query.where(*mine)).first()
    return found or next(iter(_past(tx, subscriber_id, editions.c.id == edition_id)), None)


def delivered(tx: Connection, edition_id: int, address: str) -> Past | None:
    """The compacted delivery of an edition to whoever has this address now."""
    person = tx.scalar(select(subscribers.c.id).where(subscribers.c.address_key == address_key(address)))
    return next(iter(_past(tx, person, editions.c.id == edition_id)), None) if person else None


def events_of(tx: Connection, ids: Sequence[int]) -> dict[int, list[Row[Any]]]:
    """The history of deliveries, each in order."""
    found: dict[int, list[Row[Any]]] = {id_: [] for id_ in ids}
    for row in tx.execute(select(events).where(events.c.delivery_id.in_(list(ids))).order_by(events.c.id)):
        found[row.delivery_id].append(row)
    return found


def articles_in(tx: Connection, variant_id: int) -> list[str]:
    """The articles that a variant shows or counts, in order."""
    return _in_variant(tx, variant_id, variant_articles.c.role != DROPPED)


def dropped_in(tx: Connection, variant_id: int) -> list[str]:
    """The articles that an editor took out of a variant (rule 13)."""
    return _in_variant(tx, variant_id, variant_articles.c.role == DROPPED)


def _in_variant(tx: Connection, variant_id: int, which: Any) -> list[str]:
    query = select(variant_articles.c.article_id).where(variant_articles.c.variant_id == variant_id, which)
    return list(tx.scalars(query.order_by(variant_articles.c.place)))


def named(tx: Connection, subscription_id: int) -> list[Named]:
    """Every article that a delivery of a subscription named, whatever became of it, the oldest first."""
    return _named(tx, subscription_id)


def named_by_hand(tx: Connection, subscription_id: int) -> set[str]:
    """The articles that a delivery by hand named."""
    return {one.article_id for one in _named(tx, subscription_id, editions.c.cadence == "hand")}


def _named(tx: Connection, subscription_id: int, *narrowed: Any) -> list[Named]:
    columns = (deliveries.c.id, deliveries.c.variant_id, deliveries.c.status)
    query = (
        select(*columns, editions.c.newsletter, editions.c.number)
        .join(editions, editions.c.id == deliveries.c.edition_id)
        .where(_of_subscription(subscription_id, *narrowed))
    )
    rows: list[Row[Any] | Past] = list(tx.execute(query))
    mine = select(subscriptions.c.subscriber_id, subscriptions.c.newsletter)
    if person := tx.execute(mine.where(subscriptions.c.id == subscription_id)).first():
        rows += _past(tx, person.subscriber_id, editions.c.newsletter == person.newsletter, *narrowed)
    rows.sort(key=lambda row: row.id)
    held = held_by(tx, {row.variant_id for row in rows})
    return [
        Named(one.article_id, f"{row.newsletter}/{row.number}", one.revision, one.role, row.status)
        for row in rows
        for one in held.get(row.variant_id, ())
    ]


def cuts_of(tx: Connection, edition_id: int) -> list[Row[Any]]:
    """The cuts that made an edition, in order: when, for whom, up to which release."""
    query = select(cuts.c.at, cuts.c.hi, cuts.c.request, cuts.c.finished_at)
    return list(tx.execute(query.where(cuts.c.edition_id == edition_id).order_by(cuts.c.id)))
