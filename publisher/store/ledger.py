"""The ledger: who gets which edition, and what became of it. Every change of status is guarded, and leaves an event."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, and_, exists, func, select, update

from publisher.model.mail import Status
from publisher.store.schema import deliveries, editions, events, subscriptions, suppressions

STATUSES: tuple[Status, ...] = (
    "queued", "sending", "sent", "deferred", "bounced", "expired", "suppressed", "cancelled", "unknown",
)  # fmt: skip
WAITING = ("queued", "deferred")


@dataclass(frozen=True, slots=True)
class Started:
    """A delivery whose attempt has begun: everything that its message is made from."""

    id: int
    edition_id: int
    variant_id: int
    subscription_id: int
    address: str
    fields: Mapping[str, str]
    attempt: int
    generation: int
    dated_at: datetime
    first_due_at: datetime
    old: str


@dataclass(frozen=True, slots=True)
class Undone:
    """A waiting delivery, as far as cancelling needs it."""

    id: int
    subscription_id: int
    status: str
    attempt: int
    lo: int
    hi: int


def counts(tx: Connection, edition_id: int) -> dict[str, int]:
    """How many deliveries of an edition have each status; zero where there are none."""
    query = select(deliveries.c.status, func.count()).where(deliveries.c.edition_id == edition_id)
    found = {row[0]: int(row[1]) for row in tx.execute(query.group_by(deliveries.c.status))}
    return {status: found.get(status, 0) for status in STATUSES}


def due_ids(tx: Connection, now: datetime, most: int, edition_id: int | None = None) -> list[int]:
    """Waiting deliveries whose time has come, in editions that are being sent; the longest due first."""
    query = (
        select(deliveries.c.id)
        .join(editions, editions.c.id == deliveries.c.edition_id)
        .where(
            deliveries.c.status.in_(WAITING), deliveries.c.due_at <= now, editions.c.state == "sending"
        )
    )
    if edition_id is not None:
        query = query.where(deliveries.c.edition_id == edition_id)
    return list(tx.scalars(query.order_by(deliveries.c.due_at, deliveries.c.id).limit(most)))


def start(tx: Connection, id_: int, worker: str, now: datetime) -> Started | None:
    """Begin an attempt, if the row still waits, its edition is being sent, and the person may still be mailed.

    Somebody who left or was suppressed since the cut becomes `suppressed` here, with the reason.
    """
    row = tx.execute(select(deliveries).where(deliveries.c.id == id_)).first()
    if row is None or row.status not in WAITING:
        return None
    if reason := _stopped(tx, row):
        _move(tx, row, "suppressed", now, reply=reason, finished_at=now)
        return None
    sending = exists().where(editions.c.id == deliveries.c.edition_id, editions.c.state == "sending")
    changes = {
        "status": "sending",
        "worker": worker,
        "attempt": row.attempt + 1,
        "started_at": now,
        "dated_at": row.dated_at or now,
    }
    guard = (deliveries.c.id == id_, deliveries.c.status == row.status, sending)
    if not tx.execute(update(deliveries).where(*guard).values(changes)).rowcount:
        return None
    _event(tx, id_, now, row.status, "sending", row.attempt + 1, worker)
    return Started(
        id_,
        row.edition_id,
        row.variant_id,
        row.subscription_id,
        row.address,
        row.fields,
        row.attempt + 1,
        row.generation,
        changes["dated_at"],
        row.first_due_at,
        row.status,
    )


def _stopped(tx: Connection, row: Row[Any]) -> str:
    """Why this person must not be mailed now; empty when they may."""
    status = tx.scalar(select(subscriptions.c.status).where(subscriptions.c.id == row.subscription_id))
    if status != "confirmed":
        return str(status)
    key = suppressions.c.address_key == row.address.lower()
    return str(tx.scalar(select(suppressions.c.reason).where(key)) or "")


def settle(
    tx: Connection,
    started: Started,
    worker: str,
    status: str,
    now: datetime,
    *,
    code: int = 0,
    reply: str = "",
    due_at: datetime | None = None,
    counted: bool = True,
) -> bool:
    """Record what became of an attempt; False when the row is no longer this worker's.

    With `counted` False the attempt did not happen: nothing had been handed to a server.
    """
    changes: dict[str, Any] = {"status": status, "code": code, "reply": reply}
    if due_at is not None:
        changes["due_at"] = due_at
    else:
        changes["finished_at"] = now
    if not counted:
        changes |= {"attempt": started.attempt - 1, "status": started.old}
    guard = (
        deliveries.c.id == started.id,
        deliveries.c.status == "sending",
        deliveries.c.worker == worker,
        deliveries.c.attempt == started.attempt,
    )
    if not tx.execute(update(deliveries).where(*guard).values(changes)).rowcount:
        return False
    _event(tx, started.id, now, "sending", changes["status"], started.attempt, worker, code, reply)
    return True


def _move(tx: Connection, row: Row[Any], status: str, now: datetime, **changes: Any) -> None:
    """Change the status of a row that was read in this transaction."""
    guard = (deliveries.c.id == row.id, deliveries.c.status == row.status)
    if tx.execute(update(deliveries).where(*guard).values(status=status, **changes)).rowcount:
        _event(tx, row.id, now, row.status, status, row.attempt, reply=changes.get("reply", ""))


def _event(
    tx: Connection,
    id_: int,
    at: datetime,
    old: str,
    new: str,
    attempt: int,
    worker: str = "",
    code: int = 0,
    reply: str = "",
) -> None:
    values = {"delivery_id": id_, "at": at, "old": old, "new": new, "attempt": attempt}
    tx.execute(events.insert(), {**values, "worker": worker, "code": code, "reply": reply})


def started_by(tx: Connection) -> list[str]:
    """The workers that have attempts under way."""
    return list(tx.scalars(select(deliveries.c.worker).where(deliveries.c.status == "sending").distinct()))


def abandon(tx: Connection, worker: str, status: str, due_at: datetime | None, now: datetime) -> int:
    """A worker is dead: what it had started is `unknown`, or is sent again when the policy says so. How many."""
    query = select(deliveries).where(deliveries.c.status == "sending", deliveries.c.worker == worker)
    rows = tx.execute(query).all()
    for row in rows:
        changes = {"due_at": due_at} if due_at else {"finished_at": now}
        _move(tx, row, status, now, reply="the sending process ended before the server's answer", **changes)
    return len(rows)


def expire(tx: Connection, now: datetime, never_tried: timedelta, tried: timedelta, most: int) -> int:
    """End waiting rows that are too late: never tried within the first span, or tried and not sent in the second."""
    # a row is due at the latest of its hour and the opening (rule 12): what a person held is not late for that
    late = (
        (deliveries.c.attempt == 0)
        & (deliveries.c.due_at <= now - never_tried)
        & (editions.c.opened_at <= now - never_tried)
    )
    given_up = (
        (deliveries.c.attempt > 0)
        & (deliveries.c.first_due_at <= now - tried)
        & (editions.c.opened_at <= now - tried)
    )
    query = (
        select(deliveries)
        .join(editions, editions.c.id == deliveries.c.edition_id)
        .where(deliveries.c.status.in_(WAITING), editions.c.state == "sending", late | given_up)
        .limit(most)
    )
    rows = tx.execute(query).all()
    for row in rows:
        reason = row.reply or "too late: it was never tried"
        _move(tx, row, "expired", now, finished_at=now, reply=reason)
    return len(rows)


def anything_left(tx: Connection, edition_id: int) -> bool:
    """Whether a message of this edition has left, or may have."""
    left = ("sending", "sent", "unknown", "bounced")
    query = select(deliveries.c.id).where(deliveries.c.edition_id == edition_id, deliveries.c.status.in_(left))
    return tx.execute(query.limit(1)).first() is not None


def waiting(tx: Connection, edition_id: int, most: int) -> list[Undone]:
    """Waiting deliveries of an edition."""
    query = select(deliveries).where(
        deliveries.c.edition_id == edition_id, deliveries.c.status.in_(WAITING)
    )
    return [
        Undone(r.id, r.subscription_id, r.status, r.attempt, r.lo, r.hi)
        for r in tx.execute(query.order_by(deliveries.c.id).limit(most))
    ]


def cancel(tx: Connection, rows: Iterable[Undone], now: datetime) -> None:
    """Stop waiting deliveries."""
    for row in rows:
        guard = (deliveries.c.id == row.id, deliveries.c.status == row.status)
        if tx.execute(update(deliveries).where(*guard).values(status="cancelled", finished_at=now)).rowcount:
            _event(tx, row.id, now, row.status, "cancelled", row.attempt)


def forget(tx: Connection, ids: Sequence[int]) -> None:
    """Delete deliveries of which nothing has left, as if they had not been cut."""
    tx.execute(events.delete().where(events.c.delivery_id.in_(list(ids))))
    tx.execute(deliveries.delete().where(deliveries.c.id.in_(list(ids))))


def make_due(tx: Connection, edition_id: int, after: int, now: datetime, most: int) -> int:
    """Make a chunk of waiting rows, after an id, due now; the last id of the chunk, 0 when there is none."""
    ids = _waiting_ids(tx, edition_id, after, most)
    due = {"due_at": now, "first_due_at": now}
    tx.execute(update(deliveries).where(deliveries.c.id.in_(ids)).values(due))
    return ids[-1] if ids else 0


def _waiting_ids(tx: Connection, edition_id: int, after: int, most: int) -> list[int]:
    query = select(deliveries.c.id).where(
        deliveries.c.edition_id == edition_id,
        deliveries.c.status.in_(WAITING),
        deliveries.c.id > after,
    )
    return list(tx.scalars(query.order_by(deliveries.c.id).limit(most)))


def waiting_with_hours(tx: Connection, edition_id: int, after: int, most: int) -> list[tuple[int, int, str]]:
    """(id, hour, zone) of a chunk of waiting rows."""
    query = (
        select(deliveries.c.id, subscriptions.c.hour, subscriptions.c.zone)
        .join(subscriptions, subscriptions.c.id == deliveries.c.subscription_id)
        .where(
            deliveries.c.edition_id == edition_id,
            deliveries.c.status.in_(WAITING),
            deliveries.c.id > after,
        )
    )
    return [tuple(r) for r in tx.execute(query.order_by(deliveries.c.id).limit(most))]


def set_due(tx: Connection, due: Mapping[int, datetime]) -> None:
    """Give waiting rows another time."""
    for id_, at in due.items():
        tx.execute(update(deliveries).where(deliveries.c.id == id_).values(due_at=at, first_due_at=at))


def unacknowledged(tx: Connection, edition_id: int) -> int:
    """Unknown outcomes that no person has seen."""
    unseen = and_(deliveries.c.status == "unknown", deliveries.c.acknowledged_at.is_(None))
    query = select(func.count()).where(deliveries.c.edition_id == edition_id, unseen)
    return int(tx.scalar(query) or 0)


def rows(tx: Connection, edition_id: int, status: str = "") -> list[Row[Any]]:
    """The deliveries of an edition, by id; of one status or all."""
    query = select(deliveries).where(deliveries.c.edition_id == edition_id)
    if status:
        query = query.where(deliveries.c.status == status)
    return list(tx.execute(query.order_by(deliveries.c.id)))


def due_in_held(tx: Connection, now: datetime) -> dict[int, int]:
    """Held edition to how many of its deliveries have come due meanwhile (rule 10)."""
    query = (
        select(deliveries.c.edition_id, func.count())
        .join(editions, editions.c.id == deliveries.c.edition_id)
        .where(editions.c.state == "held", deliveries.c.status.in_(WAITING), deliveries.c.due_at <= now)
        .group_by(deliveries.c.edition_id)
    )
    return {row[0]: int(row[1]) for row in tx.execute(query)}
