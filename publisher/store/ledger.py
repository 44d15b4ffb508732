"""The ledger as a whole: who gets which edition, how it stands, and what changes many rows of it at once."""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Text, and_, cast, exists, func, or_, select, update

from publisher.model.mail import Status
from publisher.store import compacted, figures, measures, tallies
from publisher.store.bulk import among
from publisher.store.claims import WAITING
from publisher.store.schema import (
    cuts,
    deliveries,
    editions,
    events,
    subscribers,
    subscriptions,
    suppressions,
)
from publisher.store.subscribers import address_key

STATUSES: tuple[Status, ...] = (
    "queued", "sending", "sent", "deferred", "bounced", "expired", "suppressed", "cancelled", "unknown",
)  # fmt: skip


# Waiting, and nobody's: what a dead worker had started is resent when no server can still be answering for it
# (rule 18), and not before.
_AT_REST = or_(
    deliveries.c.status == "queued", and_(deliveries.c.status == "deferred", deliveries.c.worker == "")
)


def counts(tx: Connection, edition_id: int) -> dict[str, int]:
    """How many deliveries of an edition have each status; zero where there are none."""
    return counts_of(tx, [edition_id])[edition_id]


def counts_of(tx: Connection, editions: Collection[int]) -> dict[int, dict[str, int]]:
    """As `counts`, of several editions, by their id."""
    found = tallies.counts_of(tx, editions)
    return {id_: {status: found.get(id_, {}).get(status, 0) for status in STATUSES} for id_ in editions}


def rows(tx: Connection, edition_id: int, status: str = "") -> list[Row[Any]]:
    """The deliveries of an edition, by id; of one status or all."""
    query = select(deliveries).where(deliveries.c.edition_id == edition_id)
    if status:
        query = query.where(deliveries.c.status == status)
    return list(tx.execute(query.order_by(deliveries.c.id)))


def chunk(tx: Connection, edition_id: int, after: int, most: int, status: str = "") -> list[Row[Any]]:
    """Some of `rows`, beyond an id."""
    query = select(deliveries).where(deliveries.c.edition_id == edition_id, deliveries.c.id > after)
    if status:
        query = query.where(deliveries.c.status == status)
    return list(tx.execute(query.order_by(deliveries.c.id).limit(most)))


def completed(tx: Connection, now: datetime) -> list[int]:
    """Editions being sent of which nothing waits or is unseen, and nobody can still come due (rule 16)."""
    mine = deliveries.c.edition_id == editions.c.id
    unseen = and_(deliveries.c.status == "unknown", deliveries.c.acknowledged_at.is_(None))
    over = or_(editions.c.everybody, editions.c.closes_at.is_(None), editions.c.closes_at <= now)
    query = select(editions.c.id).where(
        editions.c.state == "sending",
        over,
        ~exists().where(mine, deliveries.c.status.in_((*WAITING, "sending"))),
        ~exists().where(mine, unseen),
        ~exists().where(cuts.c.edition_id == editions.c.id, cuts.c.finished_at.is_(None)),
    )
    return list(tx.scalars(query))


def due_in_held(tx: Connection, now: datetime) -> dict[int, int]:
    """Held edition to how many of its deliveries have come due meanwhile (rule 10)."""
    held = tx.scalars(select(editions.c.id).where(editions.c.state == "held")).all()
    return {id_: due for id_ in held if (due := measures.due_now(tx, id_, now))}


def unseen(tx: Connection) -> dict[int, int]:
    """Edition to how many of its unknown deliveries nobody has acknowledged."""
    # only a sending edition can have them for long
    going = select(editions.c.id).where(editions.c.state.in_(("sending", "paused")))
    return tallies.having(tx, "unseen", going)


def anything_left(tx: Connection, edition_id: int) -> bool:
    """Whether a message of this edition has left, or may have: what was tried counts."""
    left = or_(deliveries.c.status.in_(("sending", "sent", "unknown", "bounced")), deliveries.c.attempt > 0)
    query = select(deliveries.c.id).where(deliveries.c.edition_id == edition_id, left)
    return tx.execute(query.limit(1)).first() is not None or bool(compacted.count(tx, edition_id))


def cancel(tx: Connection, rows: Iterable[Row[Any]], now: datetime) -> None:
    """Stop waiting deliveries."""
    move_all(tx, rows, "cancelled", now, finished_at=now)


def move_all(
    tx: Connection, rows: Iterable[Row[Any]], status: Status, now: datetime, **changes: Any
) -> set[int]:
    """Change the status of rows read in this transaction, each with its event; the ids of those it was."""
    by_old: dict[str, dict[int, int]] = {}
    for row in rows:
        by_old.setdefault(row.status, {})[row.id] = row.attempt
    moved: set[int] = set()
    for old, attempts in by_old.items():
        still = (deliveries.c.id.in_(list(attempts)), deliveries.c.status == old)
        query = update(deliveries).where(*still).values(status=status, **changes)
        ids = list(tx.scalars(query.returning(deliveries.c.id)))
        event = {"at": now, "old": old, "new": status, "reply": changes.get("reply", "")}
        if ids:
            tx.execute(events.insert(), [event | {"delivery_id": i, "attempt": attempts[i]} for i in ids])
        moved.update(ids)
    return moved


def ids(tx: Connection, edition_id: int, status: str, address: str = "") -> array[int]:
    """The deliveries of an edition that have a status; all of them, or that to an address."""
    query = select(deliveries.c.id).where(
        deliveries.c.edition_id == edition_id, deliveries.c.status == status
    )
    if address:
        same = func.lower(deliveries.c.address) == address_key(address)
        query = query.where(or_(same, deliveries.c.address == address))
    return array("q", tx.scalars(query))


def several(tx: Connection, chosen: Sequence[int], status: str) -> list[Row[Any]]:
    """Those of these deliveries that still have the status, each with the status of its `subscription`."""
    query = (
        select(deliveries, subscriptions.c.status.label("subscription"))
        .join(subscriptions, subscriptions.c.id == deliveries.c.subscription_id)
        .where(deliveries.c.id.in_(list(chosen)), deliveries.c.status == status)
    )
    return list(tx.execute(query.order_by(deliveries.c.id)))


def suppressed(tx: Connection, addresses: Collection[str]) -> dict[str, str]:
    """Address to the reason why it must not be mailed, of those that must not."""
    keys = {address_key(a): a for a in addresses}
    query = select(suppressions.c.address_key, suppressions.c.reason)
    found = tx.execute(query.where(suppressions.c.address_key.in_(list(keys))))
    return {keys[row.address_key]: row.reason for row in found}


def again(tx: Connection, rows: Sequence[Row[Any]], now: datetime, *, anew: bool) -> None:
    """Make ended rows wait once more, due now; `anew`: as a new message, with its own Message-ID and date."""
    changes: dict[str, Any] = {"due_at": now, "first_due_at": now, "finished_at": None}
    # whoever had claimed it read another generation, or takes its answer for the last
    changes |= {"worker": "", "acknowledged_at": None}
    if anew:
        changes |= {"generation": deliveries.c.generation + 1, "dated_at": None}
    move_all(tx, [r for r in rows if r.attempt], "deferred", now, **changes)
    move_all(tx, [r for r in rows if not r.attempt], "queued", now, **changes)


def hasten(tx: Connection, ids: Collection[int], now: datetime) -> None:
    """Make rows that wait due now."""
    still = (deliveries.c.id.in_(list(ids)), _AT_REST)
    tx.execute(update(deliveries).where(*still).values(due_at=now, first_due_at=now))


def acknowledge(tx: Connection, ids: Collection[int], now: datetime) -> int:
    """Note that a person has seen these unknown ones; how many nobody had seen before."""
    unseen = (deliveries.c.status == "unknown", deliveries.c.acknowledged_at.is_(None))
    query = update(deliveries).where(deliveries.c.id.in_(list(ids)), *unseen)
    return int(tx.execute(query.values(acknowledged_at=now)).rowcount)


def bound(tx: Connection, edition_id: int, after: int, most: int) -> list[tuple[Any, ...]]:
    """What an approval binds of a chunk of deliveries, by id: for whom, what, with which fields (rule 13)."""
    names = ("id", "subscriber_id", "subscription_id", "variant_id", "address", "lo", "hi")
    columns = (*(deliveries.c[n] for n in names), cast(deliveries.c.fields, Text))
    query = select(*columns).where(deliveries.c.edition_id == edition_id, deliveries.c.id > after)
    return [tuple(row) for row in tx.execute(query.order_by(deliveries.c.id).limit(most))]


def addressed(tx: Connection, edition_id: int, address: str) -> Row[Any] | None:
    """The delivery of an edition to an address, in any spelling."""
    key, mine = address_key(address), select(deliveries).where(deliveries.c.edition_id == edition_id)
    person = select(subscribers.c.id).where(subscribers.c.address_key == key)
    found = tx.execute(mine.where(deliveries.c.subscriber_id == person.scalar_subquery())).first()
    if found and address_key(found.address) == key:
        return found
    # it went to an address that this person has no longer
    same = or_(func.lower(deliveries.c.address) == key, deliveries.c.address == address)
    return tx.execute(mine.where(same).order_by(deliveries.c.id).limit(1)).first()


def by_subscriber(
    tx: Connection, edition_id: int, after: int, most: int, *chose: ColumnElement[Any]
) -> list[Row[Any]]:
    """A chunk of an edition's deliveries in any status, beyond a subscriber, with what each one's chose.

    One walk along the key of the ledger, however many rows there are, and however many of them wait.
    """
    mine = ("id", "subscriber_id", "subscription_id", "lo", "hi", "status", "attempt", "reply")
    query = (
        select(*(deliveries.c[n] for n in mine), *chose)
        .join(subscriptions, subscriptions.c.id == deliveries.c.subscription_id)
        .where(deliveries.c.edition_id == edition_id, deliveries.c.subscriber_id > after)
    )
    return list(tx.execute(query.order_by(deliveries.c.subscriber_id).limit(most)).all())


def forget(tx: Connection, ids: Sequence[int]) -> None:
    """Delete deliveries of which nothing has left, as if they had not been cut."""
    if tx.execute(events.delete().where(among(tx, events.c.delivery_id, ids))).rowcount:
        figures.forgotten(tx)
    tx.execute(deliveries.delete().where(among(tx, deliveries.c.id, ids)))


def set_due(tx: Connection, due: Mapping[datetime, Sequence[int]]) -> None:
    """Give waiting rows another time."""
    for at, ids in due.items():
        still = (among(tx, deliveries.c.id, ids), _AT_REST)
        tx.execute(update(deliveries).where(*still).values(due_at=at, first_due_at=at))
