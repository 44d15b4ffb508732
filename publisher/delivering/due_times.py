"""When the waiting deliveries of an edition leave, changed in chunks (rules 12 and 23)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from publisher.editions import slots
from publisher.editions.slots import Timetable
from publisher.store import Store, ledger
from publisher.store.chunking import Chunks
from publisher.store.claims import WAITING
from publisher.store.editions import Edition
from publisher.store.schema import subscriptions

CHUNK = 2000
_HOUR = (subscriptions.c.hour, subscriptions.c.zone)


def all_now(store: Store, edition: Edition, now: datetime) -> None:
    """Every waiting delivery is due now."""
    _set(store, edition, lambda _: now)


def next_hours(store: Store, edition: Edition, now: datetime) -> None:
    """Each waiting delivery is due when its subscriber's hour comes next, whatever the weekday (rule 13)."""
    _set(store, edition, lambda row: slots.next_hour(Timetable("daily", row.hour, 0, 1, row.zone), now))


def _set(store: Store, edition: Edition, when: Callable[[Any], datetime]) -> None:
    chunks, after = Chunks(store, CHUNK), 0
    while True:
        with store.read() as tx:
            found = ledger.by_subscriber(tx, edition.id, after, chunks.size, *_HOUR)
        if not found:
            return
        after = found[-1].subscriber_id
        due: dict[datetime, list[int]] = {}
        for row in found:
            if row.status in WAITING:
                due.setdefault(when(row), []).append(row.id)
        if due:
            with chunks.write(len(found)) as tx:
                ledger.set_due(tx, due)
