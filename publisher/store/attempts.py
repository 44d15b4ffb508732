"""Attempts: a delivery is started, and its outcome recorded. Each change is guarded, and leaves an event."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select, update

from publisher.store.schema import deliveries, editions, events, subscriptions, suppressions
from publisher.store.subscribers import address_key

WAITING = ("queued", "deferred")


@dataclass(frozen=True, slots=True)
class Due:
    """A waiting delivery whose time has come. Reading it reserves nothing."""

    id: int
    edition_id: int
    variant_id: int
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Started:
    """A delivery whose attempt has begun: everything that its message is made from.

    `due_since` is when it could first have left: the later of its hour and the opening of its edition.
    """

    id: int
    edition_id: int
    variant_id: int
    subscription_id: int
    address: str
    fields: Mapping[str, str]
    attempt: int
    generation: int
    dated_at: datetime
    due_at: datetime
    due_since: datetime


_DUE = (
    select(deliveries.c.id, deliveries.c.edition_id, deliveries.c.variant_id, deliveries.c.due_at)
    .where(
        deliveries.c.edition_id == bindparam("edition"),
        deliveries.c.status == bindparam("waiting"),
        deliveries.c.due_at <= bindparam("now"),
    )
    .order_by(deliveries.c.due_at, deliveries.c.id)
    .limit(bindparam("most"))
)
_ROW = (
    select(
        deliveries,
        editions.c.state,
        editions.c.opened_at,
        subscriptions.c.status.label("subscription_status"),
    )
    .join(editions, editions.c.id == deliveries.c.edition_id)
    .join(subscriptions, subscriptions.c.id == deliveries.c.subscription_id)
    .where(deliveries.c.id == bindparam("key"))
)
_SET = ("status", "worker", "attempt", "started_at", "dated_at")
_START = (
    update(deliveries)
    .where(
        deliveries.c.id == bindparam("key"),
        deliveries.c.status == bindparam("old"),
        deliveries.c.attempt == bindparam("old_attempt"),
    )
    .values({name: bindparam(f"new_{name}") for name in _SET})
)
_SETTLED = ("status", "attempt", "code", "reply", "due_at", "finished_at")
_SETTLE = (
    update(deliveries)
    .where(
        deliveries.c.id == bindparam("key"),
        deliveries.c.status == "sending",
        deliveries.c.worker == bindparam("by"),
        deliveries.c.attempt == bindparam("tried"),
    )
    .values({name: bindparam(f"new_{name}") for name in _SETTLED})
)
_EVENT = events.insert()
_SUPPRESSED = select(suppressions.c.reason).where(suppressions.c.address_key == bindparam("address"))


def due(
    tx: Connection, now: datetime, most: int, edition_id: int | None = None, without: Collection[int] = ()
) -> list[Due]:
    """Waiting deliveries whose time has come, in editions that are being sent; the longest due first."""
    sending = select(editions.c.id).where(editions.c.state == "sending")
    if edition_id is not None:
        sending = sending.where(editions.c.id == edition_id)
    found: list[Due] = []
    # one walk along the index for each edition and status: a million rows that wait elsewhere cost nothing
    for edition in set(tx.scalars(sending)) - set(without):
        for status in WAITING:
            values = {"edition": edition, "waiting": status, "now": now, "most": most}
            found += [Due(*row) for row in tx.execute(_DUE, values)]
    return sorted(found, key=lambda d: (d.due_at, d.id))[:most]


def start(tx: Connection, id_: int, worker: str, now: datetime) -> Started | None:
    """Begin an attempt, if the row still waits and is due, and its edition is being sent.

    Somebody who left or was suppressed since the cut becomes `suppressed` here, with the reason.
    """
    row = tx.execute(_ROW, {"key": id_}).first()
    # somebody else may have tried it since it was read ahead: then it waits again, until later
    if row is None or row.status not in WAITING or row.state != "sending" or row.due_at > now:
        return None
    if reason := _stopped(tx, row):
        move(tx, row, "suppressed", now, reply=reason, finished_at=now)
        return None
    attempt, dated_at = row.attempt + 1, row.dated_at or now
    new = dict(zip(_SET, ("sending", worker, attempt, now, dated_at), strict=True))
    guard = {"key": id_, "old": row.status, "old_attempt": row.attempt}
    if not tx.execute(_START, guard | {f"new_{k}": v for k, v in new.items()}).rowcount:
        return None
    _event(tx, id_, now, row.status, "sending", attempt, worker)
    return Started(
        id_,
        row.edition_id,
        row.variant_id,
        row.subscription_id,
        row.address,
        row.fields,
        attempt,
        row.generation,
        dated_at,
        row.due_at,
        max(row.first_due_at, row.opened_at or row.first_due_at),
    )


def _stopped(tx: Connection, row: Row[Any]) -> str:
    """Why this person must not be mailed now; empty when they may."""
    if row.subscription_status != "confirmed":
        return str(row.subscription_status)
    return str(tx.scalar(_SUPPRESSED, {"address": address_key(row.address)}) or "")


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
    attempt = started.attempt if counted else started.attempt - 1
    ended = None if status in WAITING else now
    new = dict(zip(_SETTLED, (status, attempt, code, reply, due_at or started.due_at, ended), strict=True))
    guard = {"key": started.id, "by": worker, "tried": started.attempt}
    if not tx.execute(_SETTLE, guard | {f"new_{k}": v for k, v in new.items()}).rowcount:
        return False
    _event(tx, started.id, now, "sending", status, started.attempt, worker, code, reply)
    return True


def started_by(tx: Connection) -> list[str]:
    """The workers that have attempts under way."""
    return list(tx.scalars(select(deliveries.c.worker).where(deliveries.c.status == "sending").distinct()))


def abandon(tx: Connection, worker: str, again_at: datetime | None, now: datetime) -> int:
    """A worker is gone: what it had started is `unknown`, or is sent again at `again_at`. How many."""
    query = select(deliveries).where(deliveries.c.status == "sending", deliveries.c.worker == worker)
    rows = tx.execute(query).all()
    for row in rows:
        status, when = ("deferred", {"due_at": again_at}) if again_at else ("unknown", {"finished_at": now})
        move(tx, row, status, now, reply="the sending process ended before the server's answer", **when)
    return len(rows)


def late(
    tx: Connection, now: datetime, never_tried: timedelta, tried: timedelta, most: int
) -> list[Row[Any]]:
    """Waiting rows that are too late: never tried within one span, or tried and not sent within the other."""
    # a row is due at the latest of its hour and the opening (rule 12): what was held is not late for that
    untried = (
        deliveries.c.status.in_(WAITING),
        deliveries.c.attempt == 0,
        deliveries.c.due_at <= now - never_tried,
        editions.c.opened_at <= now - never_tried,
    )
    given_up = (
        deliveries.c.status == "deferred",
        deliveries.c.attempt > 0,
        deliveries.c.due_at <= now,
        deliveries.c.first_due_at <= now - tried,
        editions.c.opened_at <= now - tried,
    )
    joined = select(deliveries).join(editions, editions.c.id == deliveries.c.edition_id)
    found: list[Row[Any]] = []
    for condition in (untried, given_up):
        found += tx.execute(joined.where(editions.c.state == "sending", *condition).limit(most))
    return found[:most]


def expire(tx: Connection, now: datetime, never_tried: timedelta, tried: timedelta, most: int) -> int:
    """End waiting rows that are too late (see `late`). How many."""
    rows = late(tx, now, never_tried, tried, most)
    for row in rows:
        reason = row.reply or "too late: it was never tried"
        move(tx, row, "expired", now, finished_at=now, reply=reason)
    return len(rows)


def move(tx: Connection, row: Row[Any], status: str, now: datetime, **changes: Any) -> bool:
    """Change the status of a row that was read in this transaction; False when it has changed since."""
    guard = (deliveries.c.id == row.id, deliveries.c.status == row.status)
    if not tx.execute(update(deliveries).where(*guard).values(status=status, **changes)).rowcount:
        return False
    _event(tx, row.id, now, row.status, status, row.attempt, reply=changes.get("reply", ""))
    return True


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
    tx.execute(_EVENT, {**values, "worker": worker, "code": code, "reply": reply})
