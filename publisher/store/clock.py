"""What the clock did last. A schedule is looked at and moved on in one transaction, so it fires once."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import Connection, select, update

from publisher.store.database import insert_new
from publisher.store.schema import schedule

# The note that the public files no longer show what the store holds.
PUBLIC_FILES = "publish"


def advance_slot(tx: Connection, name: str, slot: str, now: datetime) -> bool:
    """Whether `slot` is later than the last one, which it is from now on. The first look only remembers."""
    if insert_new(tx, schedule, {"name": name, "slot": slot, "at": now}):
        return False
    last = tx.scalar(select(schedule.c.slot).where(schedule.c.name == name).with_for_update()) or ""
    if slot <= last:
        return False
    tx.execute(update(schedule).where(schedule.c.name == name).values(slot=slot, at=now))
    return True


def due(tx: Connection, name: str, every: timedelta, now: datetime) -> bool:
    """Whether `every` has passed since the last time, which is now from now on. A clock set back counts."""
    if insert_new(tx, schedule, {"name": name, "at": now}):
        return True
    last = tx.scalar(select(schedule.c.at).where(schedule.c.name == name).with_for_update())
    if last and last <= now < last + every:
        return False
    tx.execute(update(schedule).where(schedule.c.name == name).values(at=now))
    return True


def remember(tx: Connection, name: str, slot: str, now: datetime) -> None:
    """Keep a short text under a name."""
    changed = {"slot": slot, "at": now}
    if not insert_new(tx, schedule, {"name": name, **changed}):
        tx.execute(update(schedule).where(schedule.c.name == name).values(changed))


def remembered(tx: Connection, name: str) -> str:
    """The text kept under a name; empty where there is none."""
    return tx.scalar(select(schedule.c.slot).where(schedule.c.name == name)) or ""


def names(tx: Connection, prefix: str) -> list[str]:
    """The names that begin so, of all that something is kept under."""
    return list(
        tx.scalars(select(schedule.c.name).where(schedule.c.name.startswith(prefix, autoescape=True)))
    )


def forget(tx: Connection, names: Iterable[str]) -> None:
    """Keep nothing more under these names."""
    tx.execute(schedule.delete().where(schedule.c.name.in_(list(names))))


def set_stale(tx: Connection, name: str, now: datetime) -> None:
    """Note that a thing must be done: a note that no kill loses."""
    remember(tx, name, "stale", now)


def stale_since(tx: Connection, name: str) -> datetime | None:
    """When it was last noted that this must be done; None when it is done."""
    noted = (schedule.c.name == name, schedule.c.slot == "stale")
    return tx.scalar(select(schedule.c.at).where(*noted))


def set_fresh(tx: Connection, name: str, noted: datetime) -> None:
    """It is done; a note that came while it was being done stands."""
    same = (schedule.c.name == name, schedule.c.at == noted)
    tx.execute(update(schedule).where(*same).values(slot=""))
