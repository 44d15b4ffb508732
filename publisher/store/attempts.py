"""Attempts are started, and their outcomes recorded. Each change is guarded, and leaves an event."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Table, select, true, update

from publisher.store import recording_postgres, recording_sqlite, webhooks
from publisher.store.claims import WAITING, Claimed, ClaimedNotice, release
from publisher.store.groups import Ended, Group
from publisher.store.schema import (
    deliveries,
    editions,
    events,
    notice_events,
    notices,
    subscriptions,
    suppressions,
    workers,
)
from publisher.store.subscribers import address_key

_BOOKS: tuple[tuple[Table, Table, str], ...] = (
    (deliveries, events, "delivery_id"),
    (notices, notice_events, "notice_id"),
)
_ENDED_IN_MID_SEND = "the sending process ended before the server's answer"


def record(tx: Connection, worker: str, group: Group, now: datetime) -> set[int]:
    """Write a group; the numbers, in `group.started`, of the starts that were refused.

    A start is refused when the row is no longer ours, its edition is not being sent, or its person has left;
    an outcome that comes late, its row called unknown or resent meanwhile, still counts for the same attempt.
    """
    write = recording_sqlite.record if tx.dialect.name == "sqlite" else recording_postgres.record
    refused: set[int] = set()
    for kind, (rows, log, key) in zip((Claimed, ClaimedNotice), _BOOKS, strict=True):
        ended = [e for e in group.ended if type(e.started.row) is kind]
        numbers = [n for n, s in enumerate(group.started) if type(s.row) is kind]
        if not ended and not numbers:
            continue
        started = [group.started[n] for n in numbers]
        lost, failed = write(tx, rows.name, log.name, key, worker, ended, started, now)
        for number in lost:
            _settle_late(tx, rows, ended[number], worker, now)
        bounced = [n for n, e in enumerate(ended) if e.status == "bounced"]
        if bounced and kind is Claimed:
            gone = [ended[n].started.row.id for n in bounced if n not in lost]
            webhooks.note(tx, "delivery.bounced", gone, now)
        refused |= {numbers[n] for n in failed}
    for number in sorted(refused):
        _refuse(tx, group.started[number].row, worker, now)
    return refused


def _settle_late(tx: Connection, rows: Table, ended: Ended, worker: str, now: datetime) -> None:
    """The row was given up meanwhile, in our name: the server's answer is better than none (rule 18)."""
    mine = (rows.c.id == ended.started.row.id, rows.c.worker == worker)
    same = (rows.c.attempt == ended.started.attempt, rows.c.status.in_(("unknown", "deferred")))
    row = tx.execute(select(rows).where(*mine, *same)).first()
    if row is not None and ended.status in ("sent", "bounced"):
        changes = {"code": ended.code, "finished_at": now}
        move(tx, row, ended.status, now, rows=rows, reply=ended.reply, **changes)


def _refuse(tx: Connection, claimed: Claimed | ClaimedNotice, worker: str, now: datetime) -> None:
    """Somebody who left or was suppressed since the cut is `suppressed`; anybody else waits, for all."""
    if isinstance(claimed, ClaimedNotice):
        return
    query = select(deliveries, subscriptions.c.status.label("subscription"), editions.c.state)
    query = query.join(subscriptions, subscriptions.c.id == deliveries.c.subscription_id)
    query = query.join(editions, editions.c.id == deliveries.c.edition_id)
    mine = (deliveries.c.worker == worker, deliveries.c.status.in_(WAITING))
    row = tx.execute(query.where(deliveries.c.id == claimed.id, *mine)).first()
    if row is None:
        return
    reason = _stopped(tx, row)
    if reason and row.state == "sending":
        move(tx, row, "suppressed", now, reply=reason, finished_at=now)
    else:
        release(tx, worker, [row.id])


def _stopped(tx: Connection, row: Row[Any]) -> str:
    """Why this person must not be mailed now; empty when they may."""
    if row.subscription != "confirmed":
        return str(row.subscription)
    key = suppressions.c.address_key == address_key(row.address)
    return str(tx.scalar(select(suppressions.c.reason).where(key)) or "")


def workers_known(tx: Connection) -> list[str]:
    """Every worker that sends and has not said goodbye; some may be dead."""
    return list(tx.scalars(select(workers.c.name).where(workers.c.sends)))


def workers_waiting(tx: Connection) -> list[str]:
    """Every worker that is there and waits for something to send; some may be dead."""
    return list(tx.scalars(select(workers.c.name).where(~workers.c.sends)))


def started_by(tx: Connection) -> list[str]:
    """The workers that have attempts under way."""
    names: set[str] = set()
    for rows, _, _ in _BOOKS:
        names.update(tx.scalars(select(rows.c.worker).where(rows.c.status == "sending").distinct()))
    return sorted(names)


def abandon(
    tx: Connection,
    worker: str,
    again_at: datetime | None,
    now: datetime,
    expire_after: timedelta = timedelta.max,
) -> int:
    """A worker is gone: what it had started is `unknown`, or is sent again at `again_at`. How many.

    What would expire before that is unknown all the same: it may have arrived, and somebody must be told.
    """
    count = 0
    for rows, _, _ in _BOOKS:
        query = select(rows).where(rows.c.status == "sending", rows.c.worker == worker)
        for row in tx.execute(query).all():
            again = again_at if again_at and again_at - _due_since(tx, row) < expire_after else None
            status = "deferred" if again else "unknown"
            when = {"due_at": again} if again else {"finished_at": now}
            count += move(tx, row, status, now, rows=rows, reply=_ENDED_IN_MID_SEND, **when)
    return count


def _due_since(tx: Connection, row: Row[Any]) -> datetime:
    """When it could first have left: the later of its hour and the opening of its edition."""
    edition = row._mapping.get("edition_id")
    opened = tx.scalar(select(editions.c.opened_at).where(editions.c.id == edition)) if edition else None
    since: datetime = row.first_due_at
    return max(since, opened or since)


def late(
    tx: Connection, now: datetime, never_tried: timedelta, tried: timedelta, most: int
) -> list[tuple[Table, Row[Any]]]:
    """Waiting rows that are too late: never tried within one span, or tried and not sent within the other.

    What a worker has reserved is late too: its start is refused.
    """
    found: list[tuple[Table, Row[Any]]] = []
    # a row is due at the latest of its hour and the opening (rule 12): what was held is not late for that
    for edition in _opened(tx, now - min(never_tried, tried)):
        mine = deliveries.c.edition_id == edition.id
        found += _late(tx, deliveries, now, never_tried, tried, most, mine, edition.opened_at)
        if len(found) >= most:
            return found[:most]
    return (found + _late(tx, notices, now, never_tried, tried, most, true()))[:most]


def _late(
    tx: Connection,
    rows: Table,
    now: datetime,
    never_tried: timedelta,
    tried: timedelta,
    most: int,
    mine: ColumnElement[bool],
    opened_at: datetime | None = None,
) -> list[tuple[Table, Row[Any]]]:
    c, found = rows.c, list[tuple[Table, Row[Any]]]()
    untried = (c.attempt == 0, c.due_at <= now, c.first_due_at <= now - never_tried)
    given_up = (c.attempt > 0, c.due_at <= now, c.first_due_at <= now - tried)
    for span, condition in ((never_tried, untried), (tried, given_up)):
        # status by status, along the index
        for status in WAITING if opened_at is None or opened_at <= now - span else ():
            query = select(rows).where(mine, c.status == status, *condition).limit(most)
            found += [(rows, row) for row in tx.execute(query)]
    return found


def _opened(tx: Connection, before: datetime) -> Sequence[Row[Any, Any]]:
    opened = (editions.c.state == "sending", editions.c.opened_at <= before)
    return tx.execute(select(editions.c.id, editions.c.opened_at).where(*opened)).all()


def expire(tx: Connection, now: datetime, never_tried: timedelta, tried: timedelta, most: int) -> int:
    """End waiting rows that are too late (see `late`). How many."""
    found = late(tx, now, never_tried, tried, most)
    for rows, row in found:
        reason = row.reply or "too late: it was never tried"
        move(tx, row, "expired", now, rows=rows, finished_at=now, reply=reason)
    return len(found)


def move(
    tx: Connection, row: Row[Any], status: str, now: datetime, *, rows: Table = deliveries, **changes: Any
) -> bool:
    """Change the status of a row that was read in this transaction; False when it has changed since."""
    guard = (rows.c.id == row.id, rows.c.status == row.status)
    if not tx.execute(update(rows).where(*guard).values(status=status, **changes)).rowcount:
        return False
    log, key = next((log, key) for table, log, key in _BOOKS if table is rows)
    event = {key: row.id, "at": now, "old": row.status, "new": status, "attempt": row.attempt}
    event |= {"worker": "", "code": changes.get("code", 0), "reply": changes.get("reply", "")}
    tx.execute(log.insert(), event)
    if status == "bounced" and rows is deliveries:
        webhooks.note(tx, "delivery.bounced", [row.id], now)
    return True
