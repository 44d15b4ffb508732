"""A restored or copied store: nothing of it is cut or sent until a person says so (rule 26)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, select, update

from publisher.errors import Refused
from publisher.store import attempts
from publisher.store.claims import WAITING
from publisher.store.database import insert_new
from publisher.store.schema import deliveries, editions, events, notices, schedule, subscriptions, workers
from publisher.store.subscribers import Subscription, subscription

_RESTORED, _GATHERED, _COVERING = "restored", "restored gathered", "restored covering"
# said of a store that is copied elsewhere, and of one that a copy into has not ended
_COPIED, _COPYING = "restored copied", "restored copying"
_NAMES = (_RESTORED, _GATHERED, _COVERING, _COPIED, _COPYING)


@dataclass(frozen=True, slots=True)
class Restored:
    """When the store was put back, whether it was gathered since, and up to when it is being covered.

    `copied`: it was not put back but copied, at least in part; `unfinished`: a copy into it has not ended.
    """

    at: datetime
    gathered: bool
    covering: datetime | None
    copied: bool = False
    unfinished: bool = False


def mark(tx: Connection, now: datetime) -> int:
    """Note that the store was put back. What was being sent when it was saved is `unknown` now: how many.

    Whatever the policy says: the servers' answers to these are older than the backup is.
    """
    tx.execute(schedule.delete().where(schedule.c.name.in_((_RESTORED, _GATHERED, _COVERING, _COPIED))))
    tx.execute(schedule.insert().values(name=_RESTORED, at=now))
    unknown = sum(attempts.abandon(tx, worker, None, now) for worker in attempts.started_by(tx))
    tx.execute(workers.delete())
    return unknown


def mark_copied(tx: Connection, copy: str, now: datetime) -> bool:
    """Note that another store goes on in place of this one; False where an earlier copy does, or its half.

    `copy` is the name of this copy, the same in both stores.
    """
    return insert_new(tx, schedule, {"name": _COPIED, "slot": copy, "at": now})


def set_not_copied(tx: Connection, copy: str) -> None:
    """That copy was given up, and this store goes on."""
    tx.execute(schedule.delete().where(schedule.c.name == _COPIED, schedule.c.slot == copy))


def mark_unfinished(tx: Connection, copy: str, now: datetime) -> None:
    """Note that a copy into this store has begun."""
    tx.execute(schedule.insert().values(name=_COPYING, slot=copy, at=now))


def unfinished(tx: Connection) -> str:
    """The name of the copy that has begun and not ended; empty where there is none."""
    return tx.scalar(select(schedule.c.slot).where(schedule.c.name == _COPYING)) or ""


def set_undone(tx: Connection) -> None:
    """The copy into this store was given up, and left nothing."""
    tx.execute(schedule.delete().where(schedule.c.name == _COPYING))


def not_copied(tx: Connection, copy: str) -> tuple[str, ...]:
    """The names in `schedule` that say of this store only that `copy` is made of it."""
    query = select(schedule.c.name).where(schedule.c.name == _COPIED, schedule.c.slot == copy)
    if tx.scalar(query) is None:
        return ()
    back = tx.scalar(select(schedule.c.name).where(schedule.c.name == _RESTORED))
    return (_COPIED,) if back else (_COPIED, _GATHERED, _COVERING)


def restored(tx: Connection) -> Restored | None:
    """How the store was restored or copied; None where it was not, or a person has acknowledged it."""
    names = schedule.c.name.in_(_NAMES)
    found = {row.name: row.at for row in tx.execute(select(schedule).where(names))}
    why = next((name for name in (_COPYING, _COPIED, _RESTORED) if name in found), None)
    if why is None:
        return None
    covering = found.get(_COVERING)
    return Restored(found[why], _GATHERED in found, covering, why == _COPIED, why == _COPYING)


def said(found: Restored) -> str:
    """What a person must know and do, in one sentence."""
    when = f"on {found.at:%Y-%m-%d at %H:%M} UTC"
    if found.unfinished:
        return (
            f"the copy into this store that began {when} has not ended, and nothing is cut or sent until "
            "it has: say the same `publisher store copy` again"
        )
    first = "" if found.gathered else "run `publisher gather`, then "
    if found.copied:
        return (
            f"this store was copied {when}, and nothing is cut or sent from it, for the copy does that (one "
            "that did not end is made by the same `publisher store copy` again). Only if no copy will: "
            f"{first}say `publisher acknowledge --restore`, with --covered-until ISO where mail has left "
            "since"
        )
    return (
        f"this store was restored {when}, and nothing is cut or sent until "
        f"you {first}say `publisher acknowledge --restore`, with --covered-until ISO where mail has left "
        "since the backup"
    )


def check(tx: Connection) -> None:
    """Raises Refused while the store is restored and not acknowledged."""
    if found := restored(tx):
        raise Refused(said(found))


def set_gathered(tx: Connection, now: datetime) -> None:
    """The sources have been read since the restore, all of them."""
    if (found := restored(tx)) and not found.gathered:
        tx.execute(schedule.insert().values(name=_GATHERED, at=now))


def set_covering(tx: Connection, until: datetime) -> None:
    """Remember up to when the store is being covered, so that a killed acknowledgement goes on the same."""
    tx.execute(schedule.insert().values(name=_COVERING, at=until))


def set_acknowledged(tx: Connection) -> None:
    """The store is as any other from now on. Raises Refused while a copy into it has not ended."""
    if (found := restored(tx)) and found.unfinished:
        raise Refused(said(found))
    tx.execute(schedule.delete().where(schedule.c.name.in_(_NAMES)))


def count_subscriptions(tx: Connection) -> int:
    """How many there are, of whatever status."""
    return int(tx.scalar(select(func.count()).select_from(subscriptions)) or 0)


def subscriptions_after(tx: Connection, id_: int, most: int) -> list[Subscription]:
    """A chunk of all subscriptions, of whatever status, by id."""
    query = select(subscriptions).where(subscriptions.c.id > id_).order_by(subscriptions.c.id)
    return [subscription(row) for row in tx.execute(query.limit(most))]


def cover(tx: Connection, marks: Iterable[tuple[int, int, int, datetime | None]]) -> None:
    """Set (subscription, since, mark, next_due_at); the revision goes up."""
    rows = [{"key": k, "new_since": s, "new_mark": m, "new_due": due} for k, s, m, due in marks]
    values: dict[str, Any] = {
        "since": bindparam("new_since"),
        "mark": bindparam("new_mark"),
        "next_due_at": bindparam("new_due"),
    }
    query = update(subscriptions).where(subscriptions.c.id == bindparam("key"))
    if rows:
        tx.execute(query.values(**values, revision=subscriptions.c.revision + 1), rows)


def last_known(tx: Connection) -> datetime | None:
    """When the last thing happened in the ledger that was put back, but for what the restore itself did."""
    theirs = select(events.c.at).where(events.c.worker != "").order_by(events.c.id.desc())
    return tx.scalar(theirs.limit(1))


def notices_until(tx: Connection, until: datetime, most: int) -> list[Row[Any]]:
    """A chunk of the notices that wait and were due by then."""
    waits = (notices.c.status.in_(WAITING), notices.c.due_at <= until)
    return list(tx.execute(select(notices).where(*waits).limit(most)))


def waiting_until(tx: Connection, until: datetime, most: int) -> list[Row[Any]]:
    """A chunk of the deliveries that wait and were due by then."""
    d, found = deliveries.c, list[Row[Any]]()
    for edition in tx.scalars(
        select(editions.c.id).where(editions.c.state.not_in(("done", "cancelled")))
    ).all():
        for status in WAITING:
            mine = (d.edition_id == edition, d.status == status, d.due_at <= until)
            found += tx.execute(select(deliveries).where(*mine).limit(most - len(found)))
            if len(found) >= most:
                return found
    return found
