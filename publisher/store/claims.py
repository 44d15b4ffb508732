"""Claims: waiting rows that a worker reserves for itself, in small chunks and without a change of status.

Nothing is written into a mail's history by it: a reservation is worth as much as its worker is alive.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Connection, CursorResult, Executable, Table, bindparam, or_, select, update

from publisher.store.schema import deliveries, editions, notices

WAITING = ("deferred", "queued")
NO_EDITION = 0  # no edition has this id: notices alone


class Claimed(NamedTuple):
    """A waiting delivery that is ours to start: everything that its message is made from.

    `attempt` counts the tries before; `due_since` is the later of its hour and the opening of its edition.
    """

    id: int
    edition_id: int
    variant_id: int
    subscription_id: int
    address: str
    fields: Mapping[str, str]
    status: str
    attempt: int
    generation: int
    dated_at: datetime | None
    due_at: datetime
    due_since: datetime


class ClaimedNotice(NamedTuple):
    """A waiting notice that is ours to start; its message is complete (rule 22)."""

    id: int
    address: str
    sender: str
    message: bytes
    status: str
    attempt: int
    dated_at: datetime | None
    due_at: datetime
    due_since: datetime


def _claim(rows: Table, *columns: Any, narrowed: Sequence[Any] = ()) -> Executable:
    """Reserve the longest due rows of one status that no other live worker has."""
    chosen = (
        select(rows.c.id)
        .where(
            *narrowed,
            rows.c.status == bindparam("waiting"),
            rows.c.due_at <= bindparam("now"),
            rows.c.worker.not_in(bindparam("taken", expanding=True)),
        )
        .order_by(rows.c.due_at, rows.c.id)
        .limit(bindparam("most"))
        .with_for_update(skip_locked=True)
    )
    reserved = update(rows).where(rows.c.id.in_(chosen)).values(worker=bindparam("me"))
    return reserved.returning(*columns)


_d, _n = deliveries.c, notices.c
_EDITION = _d.edition_id == bindparam("edition")
_DELIVERIES = _claim(
    deliveries,
    *(_d.id, _d.edition_id, _d.variant_id, _d.subscription_id, _d.address, _d.fields, _d.status),
    *(_d.attempt, _d.generation, _d.dated_at, _d.due_at, _d.first_due_at),
    narrowed=[_EDITION],
)
_NOTICES = _claim(
    notices,
    *(_n.id, _n.address, _n.sender, _n.message, _n.status, _n.attempt, _n.dated_at),
    *(_n.due_at, _n.first_due_at),
)
_HEAD = (
    select(_d.due_at)
    .where(_EDITION, _d.status == bindparam("waiting"), _d.due_at <= bindparam("now"))
    .order_by(_d.due_at)
    .limit(1)
)


def anything_due(
    tx: Connection, now: datetime, edition_id: int | None = None, without: Collection[int] = ()
) -> bool:
    """Whether a delivery of an edition that is being sent, or a notice, may start now."""
    return bool(_notice_due(tx, now)) or bool(_heads(tx, now, edition_id, without))


def claim(
    tx: Connection,
    me: str,
    others: Collection[str],
    now: datetime,
    most: int,
    edition_id: int | None = None,
    without: Collection[int] = (),
) -> list[Claimed | ClaimedNotice]:
    """Reserve due rows for the worker `me`: notices first (rule 22), then what has been due longest.

    `others` are the other workers that are alive; what a dead one had reserved is anybody's.
    """
    values = {"me": me, "taken": [me, *others], "now": now}
    found: list[Claimed | ClaimedNotice] = []
    if _notice_due(tx, now):
        for status in WAITING:
            rows = _raw(tx.execute(_NOTICES, values | {"waiting": status, "most": most}))
            found += sorted(map(_notice, rows), key=_order)
    for _, edition, status, opened_at in sorted(_heads(tx, now, edition_id, without)):
        if (room := most - len(found)) <= 0:
            break
        given = {"edition": edition, "waiting": status, "most": room}
        rows = _raw(tx.execute(_DELIVERIES, values | given))
        found += sorted([_delivery(row, opened_at) for row in rows], key=_order)
    return found


def _raw(result: CursorResult[Any]) -> list[tuple[Any, ...]]:
    """As the driver gives them: what SQLAlchemy does to a row takes longer than all else that is done."""
    cursor: Any = result.cursor
    rows: list[tuple[Any, ...]] = cursor.fetchall()
    result.close()
    return rows


def _delivery(row: Sequence[Any], opened_at: datetime) -> Claimed:
    id_, edition, variant, subscription, address, fields, status, attempt, generation, *moments = row
    dated_at, due_at, first_due_at = map(_moment, moments)
    assert due_at
    assert first_due_at
    return Claimed(
        id_,
        edition,
        variant,
        subscription,
        address,
        json.loads(fields) if isinstance(fields, str) else fields,
        status,
        attempt,
        generation,
        dated_at,
        due_at,
        max(first_due_at, opened_at),
    )


def _notice(row: Sequence[Any]) -> ClaimedNotice:
    id_, address, sender, message, status, attempt, *moments = row
    dated_at, due_at, first_due_at = map(_moment, moments)
    assert due_at
    assert first_due_at
    return ClaimedNotice(id_, address, sender, message, status, attempt, dated_at, due_at, first_due_at)


def _order(row: Claimed | ClaimedNotice) -> tuple[datetime, int]:
    return row.due_at, row.id


@lru_cache(maxsize=256)
def _moment(value: str | datetime | None) -> datetime | None:
    """As the column type reads it: SQLite keeps a text in UTC, PostgreSQL a moment."""
    found = datetime.fromisoformat(value) if isinstance(value, str) else value
    if found is None:
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def _notice_due(tx: Connection, now: datetime) -> bool:
    due = select(_n.id).where(_n.status.in_(WAITING), _n.due_at <= now)
    return tx.execute(due.limit(1)).first() is not None


def _heads(
    tx: Connection, now: datetime, edition_id: int | None, without: Collection[int]
) -> list[tuple[datetime, int, str, datetime]]:
    """(when its longest waiting row came due, edition, status, opened at): a look along an index for each."""
    sending = select(editions.c.id, editions.c.opened_at, editions.c.created_at)
    sending = sending.where(editions.c.state == "sending")
    if edition_id is not None:
        sending = sending.where(editions.c.id == edition_id)
    heads = []
    for edition, opened_at, created_at in tx.execute(sending).all():
        for status in WAITING if edition not in without else ():
            due_at = tx.scalar(_HEAD, {"edition": edition, "waiting": status, "now": now})
            if due_at is not None:
                heads.append((due_at, edition, status, opened_at or created_at))
    return heads


def release(tx: Connection, me: str, ids: Sequence[int]) -> None:
    """Give back deliveries that were reserved and not started."""
    mine = (_d.id.in_(ids), _d.worker == me, _d.status.in_(WAITING))
    tx.execute(update(deliveries).where(*mine).values(worker=""))


def put_off(tx: Connection, me: str, rows: Sequence[tuple[int, datetime]]) -> None:
    """Give back deliveries that were reserved and not started, (id, when each is due again)."""
    if rows:
        waits = or_(*(_d.status == status for status in WAITING))
        mine = (_d.id == bindparam("row"), _d.worker == me, waits)
        later = update(deliveries).where(*mine).values(worker="", due_at=bindparam("at"))
        tx.execute(later, [{"row": id_, "at": at} for id_, at in rows])
