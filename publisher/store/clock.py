"""What the clock did last. A schedule is locked, looked at and moved on in one transaction, so it fires once."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, select, update

from publisher.store.schema import schedule


def advance_slot(tx: Connection, name: str, slot: str, now: datetime) -> bool:
    """Whether `slot` is later than the last one; it is the last one from now on. The first look only remembers."""
    last = tx.scalar(select(schedule.c.slot).where(schedule.c.name == name))
    if last is None:
        tx.execute(schedule.insert().values(name=name, slot=slot, at=now))
        return False
    if slot <= last:
        return False
    tx.execute(update(schedule).where(schedule.c.name == name).values(slot=slot, at=now))
    return True


def due(tx: Connection, name: str, every: timedelta, now: datetime) -> bool:
    """Whether `every` has passed since the last time, which is now from now on. A clock set back does not stop it."""
    last = tx.scalar(select(schedule.c.at).where(schedule.c.name == name))
    if last is None:
        tx.execute(schedule.insert().values(name=name, at=now))
        return True
    if last <= now < last + every:
        return False
    tx.execute(update(schedule).where(schedule.c.name == name).values(at=now))
    return True
