"""Who works on the store: the sending processes and what they have in hand, and when a clock last ticked."""

from __future__ import annotations

import fcntl
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select, text

from publisher.store import Store, clock
from publisher.store.columns import Moment
from publisher.store.database import LEASE, lock_key
from publisher.store.schema import (
    deliveries,
    events,
    notice_events,
    notices,
    schedule,
    workers,
)

# What `remember` keeps under these names: the last look of a clock that keeps running, and of cron.
TICKED, TICKED_ONCE = "tick", "tick once"
_SELDOM_SECONDS = 15
_NEWEST = 2000  # events; a worker none of whose outcomes is among them has not been heard of for long
_POSTGRES_LOCK = text(
    "SELECT EXISTS (SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    " AND ((classid::bigint << 32) | objid::bigint) = :key)"
)


@dataclass(frozen=True, slots=True)
class Worker:
    """A sending process. One that is not alive left `under_way` behind, which the next look settles.

    With `sends` False it waits for something to send.

    Host, pid and `since` are empty for one that has said goodbye and left something nevertheless.
    `last_seen` is its last proof of life; `last_outcome` the status that it gave last, of late.
    """

    name: str
    host: str
    pid: int
    alive: bool
    sends: bool
    since: datetime | None
    under_way: int
    last_seen: datetime | None
    last_outcome: str


def everybody(store: Store) -> list[Worker]:
    """Every worker that has not said goodbye, by name; some may be dead. Raises StoreError."""
    with store.read() as tx:
        known, under_way = _known(tx), _under_way(tx)
        heard, now = _heard(tx), database_now(tx)
    names = sorted({*known, *under_way})
    gone = {name for name in names if store.dead(name)}
    if gone:
        # one that ended while we looked is not dead: it is not there
        with store.read() as tx:
            ended = gone - {*_known(tx), *_under_way(tx)}
        names = [name for name in names if name not in ended]
    proof = None if store.dialect == "postgresql" else now
    found = [
        _worker(name, known.get(name), name not in gone, under_way.get(name, 0), heard.get(name), proof)
        for name in names
    ]
    # a process that sends has two rows, and is one worker
    busy = {(one.host, one.pid) for one in found if one.alive and one.sends}
    return [one for one in found if one.sends or (one.host, one.pid) not in busy]


def _worker(
    name: str,
    row: Row[Any] | None,
    alive: bool,
    under_way: int,
    heard: tuple[str, datetime] | None,
    proof: datetime | None,
) -> Worker:
    """`proof`: when its lock was seen to be held, where the system is asked and not a lease."""
    outcome, at = heard or ("", None)
    if row is None:
        return Worker(name, "", 0, alive, True, None, under_way, at, outcome)
    seen = [row.begun_at, at, proof if alive else None, row.lease_until - LEASE]
    last = max(moment for moment in seen if moment)
    return Worker(name, row.host, row.pid, alive, row.sends, row.begun_at, under_way, last, outcome)


def _known(tx: Connection) -> dict[str, Row[Any]]:
    return {row.name: row for row in tx.execute(select(workers))}


def _under_way(tx: Connection) -> dict[str, int]:
    """Worker to how many messages it has started and not settled."""
    found: dict[str, int] = {}
    for rows in (deliveries, notices):
        query = select(rows.c.worker, func.count()).where(rows.c.status == "sending")
        for name, count in tx.execute(query.group_by(rows.c.worker)):
            found[name] = found.get(name, 0) + int(count)
    return found


def _heard(tx: Connection) -> dict[str, tuple[str, datetime]]:
    """Worker to the status and time of its last outcome, from the newest events."""
    found: dict[str, tuple[str, datetime]] = {}
    for log in (events, notice_events):
        newest = select(log.c.worker, log.c.old, log.c.new, log.c.at).order_by(log.c.id.desc())
        for worker, old, new, at in tx.execute(newest.limit(_NEWEST)):
            if old == "sending" and worker and (worker not in found or found[worker][1] < at):
                found[worker] = new, at
    return found


def database_now(tx: Connection) -> datetime:
    """The database's clock: the same for all machines that use it."""
    if tx.dialect.name == "postgresql":
        moment = func.clock_timestamp(type_=Moment())
    else:
        moment = func.strftime("%Y-%m-%d %H:%M:%f", "now", type_=Moment())
    found: datetime = tx.execute(select(moment)).scalar_one()
    return found


def note_tick(store: Store, name: str) -> None:
    """Remember that a clock ticks now, by the database's time; written every 15 s at most."""
    with store.read() as tx:
        age = tick_age(tx, name)
    if age is None or not 0 <= age < _SELDOM_SECONDS:
        with store.write() as tx:
            clock.remember(tx, name, "", database_now(tx))


def tick_age(tx: Connection, name: str) -> float | None:
    """How many seconds ago a clock last ticked, give or take 15; None when none ever did."""
    at = tx.scalar(select(schedule.c.at).where(schedule.c.name == name))
    return (database_now(tx) - at).total_seconds() if at else None


def at_work(store: Store, work: str) -> bool:
    """Whether somebody holds the lock of this work (`Store.alone`) at the moment. Raises StoreError."""
    if store.dialect == "postgresql":
        with store.read() as tx:
            return bool(tx.scalar(_POSTGRES_LOCK, {"key": lock_key(f"alone {work}")}))
    try:
        with (store.folder / f"{work}.lock").open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False
