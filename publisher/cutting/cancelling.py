"""Cancelling an edition: as if it had not been cut, as far as nothing of it has left (rule 10)."""

from __future__ import annotations

from datetime import datetime

from publisher.editions import slots
from publisher.editions.slots import Timetable
from publisher.errors import Refused
from publisher.store import Store, audience, editions, ledger, subscribers
from publisher.store.editions import Edition

_CHUNK = 1000


def give_way(store: Store, newsletter: str, cadence: str, slot: str, now: datetime) -> None:
    """Cancel the undecided editions of earlier slots: at most one may wait for a person."""
    with store.read() as tx:
        held = editions.listed(tx, newsletter, ("held",))
    for edition in held:
        if edition.cadence == cadence and edition.slot != slot:
            cancel(store, edition, now, f"the slot {slot} came before anybody sent it")


def cancel(store: Store, edition: Edition, now: datetime, reason: str) -> None:
    """Stop an edition for good; where nothing has left, everybody is put back to where they stood.

    Raises Refused when it has ended already.
    """
    with store.write() as tx:
        if not editions.set_state(tx, edition.id, editions.OPEN_STATES, "cancelled", reason=reason, done_at=now):
            raise Refused(f"{edition.name} has ended: {editions.get(tx, edition.id).state}")
    with store.read() as tx:
        left = ledger.anything_left(tx, edition.id)
    while _undo(store, edition, now, put_back=not left):
        pass


def _undo(store: Store, edition: Edition, now: datetime, *, put_back: bool) -> bool:
    """One chunk; whether there may be more."""
    with store.write() as tx:
        rows = ledger.waiting(tx, edition.id, _CHUNK)
        gone: list[int] = []
        marks = []
        for row in rows:
            found = subscribers.get(tx, row.subscription_id)
            # cut again since, or by hand: only the row says that this one was stopped
            if put_back and found and edition.cadence != "hand" and found.mark == row.hi:
                gone.append(row.id)
                marks.append((found.id, max(row.lo, found.since), _next_due(found, now)))
        kept = [row for row in rows if row.id not in set(gone)]
        ledger.forget(tx, gone)
        ledger.cancel(tx, kept, now)
        audience.advance(tx, marks)
    return bool(rows)


def _next_due(s: subscribers.Subscription, now: datetime) -> datetime | None:
    if s.next_due_at is None or s.next_due_at <= now:
        return s.next_due_at  # due already: the cut that made this edition give way serves it
    return slots.next_due(Timetable(s.cadence, s.hour, s.weekday, s.day, s.zone), now)


