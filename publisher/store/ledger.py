"""The ledger as a whole: who gets which edition, how it stands, and what changes many rows of it at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, exists, func, or_, select, update

from publisher.model.mail import Status
from publisher.store.attempts import WAITING, move
from publisher.store.schema import cuts, deliveries, editions, events, subscriptions

STATUSES: tuple[Status, ...] = (
    "queued", "sending", "sent", "deferred", "bounced", "expired", "suppressed", "cancelled", "unknown",
)  # fmt: skip


def counts(tx: Connection, edition_id: int) -> dict[str, int]:
    """How many deliveries of an edition have each status; zero where there are none."""
    query = select(deliveries.c.status, func.count()).where(deliveries.c.edition_id == edition_id)
    found = {row[0]: int(row[1]) for row in tx.execute(query.group_by(deliveries.c.status))}
    return {status: found.get(status, 0) for status in STATUSES}


def rows(tx: Connection, edition_id: int, status: str = "") -> list[Row[Any]]:
    """The deliveries of an edition, by id; of one status or all."""
    query = select(deliveries).where(deliveries.c.edition_id == edition_id)
    if status:
        query = query.where(deliveries.c.status == status)
    return list(tx.execute(query.order_by(deliveries.c.id)))


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
    query = (
        select(deliveries.c.edition_id, func.count())
        .join(editions, editions.c.id == deliveries.c.edition_id)
        .where(editions.c.state == "held", deliveries.c.status.in_(WAITING), deliveries.c.due_at <= now)
        .group_by(deliveries.c.edition_id)
    )
    return {row[0]: int(row[1]) for row in tx.execute(query)}


def anything_left(tx: Connection, edition_id: int) -> bool:
    """Whether a message of this edition has left, or may have: what was tried counts."""
    left = or_(deliveries.c.status.in_(("sending", "sent", "unknown", "bounced")), deliveries.c.attempt > 0)
    query = select(deliveries.c.id).where(deliveries.c.edition_id == edition_id, left)
    return tx.execute(query.limit(1)).first() is not None


def waiting(tx: Connection, edition_id: int, most: int) -> list[Row[Any]]:
    """Waiting deliveries of an edition."""
    mine = (deliveries.c.edition_id == edition_id, deliveries.c.status.in_(WAITING))
    return list(tx.execute(select(deliveries).where(*mine).order_by(deliveries.c.id).limit(most)))


def cancel(tx: Connection, rows: Iterable[Row[Any]], now: datetime) -> None:
    """Stop waiting deliveries."""
    for row in rows:
        move(tx, row, "cancelled", now, finished_at=now)


def forget(tx: Connection, ids: Sequence[int]) -> None:
    """Delete deliveries of which nothing has left, as if they had not been cut."""
    tx.execute(events.delete().where(events.c.delivery_id.in_(list(ids))))
    tx.execute(deliveries.delete().where(deliveries.c.id.in_(list(ids))))


def make_due(tx: Connection, edition_id: int, after: int, now: datetime, most: int) -> int:
    """Make a chunk of waiting rows, after an id, due now; the last id of the chunk, 0 when there is none."""
    query = select(deliveries.c.id).where(*_after(edition_id, after)).order_by(deliveries.c.id).limit(most)
    ids = list(tx.scalars(query))
    still = (deliveries.c.id.in_(ids), deliveries.c.status.in_(WAITING))
    tx.execute(update(deliveries).where(*still).values(due_at=now, first_due_at=now))
    return ids[-1] if ids else 0


def waiting_with_hours(tx: Connection, edition_id: int, after: int, most: int) -> list[tuple[int, int, str]]:
    """(id, hour, zone) of a chunk of waiting rows."""
    query = (
        select(deliveries.c.id, subscriptions.c.hour, subscriptions.c.zone)
        .join(subscriptions, subscriptions.c.id == deliveries.c.subscription_id)
        .where(*_after(edition_id, after))
    )
    return [tuple(r) for r in tx.execute(query.order_by(deliveries.c.id).limit(most))]


def set_due(tx: Connection, due: Mapping[int, datetime]) -> None:
    """Give waiting rows another time."""
    for id_, at in due.items():
        still = (deliveries.c.id == id_, deliveries.c.status.in_(WAITING))
        tx.execute(update(deliveries).where(*still).values(due_at=at, first_due_at=at))


def _after(edition_id: int, after: int) -> tuple[Any, ...]:
    """The waiting rows of an edition beyond an id."""
    waits = deliveries.c.status.in_(WAITING)
    return (deliveries.c.edition_id == edition_id, waits, deliveries.c.id > after)
