"""Cancelling an edition: as if it had not been cut, as far as nothing of it has left (rules 10 and 11)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

from publisher.cutting import starting
from publisher.cutting.planning import recent, timetable
from publisher.editions import slots
from publisher.errors import Refused
from publisher.store import Store, audience, cuts, editions, ledger, subscribers
from publisher.store.cuts import Cut
from publisher.store.editions import Edition
from publisher.store.subscribers import Subscription

_CHUNK = 500


def cancel(store: Store, edition: Edition, now: datetime, reason: str) -> None:
    """Stop an edition for good; where nothing has left, everybody is put back to where they stood.

    Raises Refused when it has ended already.
    """
    with store.alone("cut"):
        if not _cancel(store, edition, now, reason, editions.OPEN_STATES):
            with store.read() as tx:
                raise Refused(f"{edition.name} has ended: {editions.get(tx, edition.id).state}")


def give_way(store: Store, cut: Cut, now: datetime) -> None:
    """Cancel the undecided editions of earlier slots: at most one may wait for a person."""
    with store.read() as tx:
        held = editions.listed(tx, cut.newsletter, ("held",))
    mine = starting.order(cut.cadence, cut.slot)
    for edition in held:
        if edition.cadence == cut.cadence and starting.order(edition.cadence, edition.slot) < mine:
            # one that somebody sent in this moment is decided, and goes on
            _cancel(store, edition, now, f"the slot {cut.slot} came before anybody sent it", ("held",))


def _cancel(store: Store, edition: Edition, now: datetime, reason: str, states: Sequence[str]) -> bool:
    with store.write() as tx:
        if not editions.set_state(tx, edition.id, states, "cancelled", reason=reason, done_at=now):
            return False
        cuts.end(tx, edition.id, now)
    undo(store, edition, now)
    return True


def undo(store: Store, edition: Edition, now: datetime) -> None:
    """Take back the waiting rows of a cancelled edition, in chunks; goes on where it was killed."""
    with store.read() as tx:
        # nothing starts in a cancelled edition, so this does not change any more
        put_back = not ledger.anything_left(tx, edition.id)
    while True:
        with store.write() as tx:
            rows = ledger.waiting(tx, edition.id, _CHUNK)
            _undo(tx, edition, rows, now, put_back=put_back)
        if not rows:
            return


def _undo(
    tx: Connection, edition: Edition, rows: Sequence[Row[Any]], now: datetime, *, put_back: bool
) -> None:
    people = {s.id: s for s in subscribers.several(tx, [row.subscription_id for row in rows])}
    # cut again since (by hand: passed by a window): the row stays, and says that this one was stopped
    gone = [row for row in rows if put_back and people[row.subscription_id].mark == row.hi]
    ids = {row.id for row in gone}
    ledger.cancel(tx, [row for row in rows if row.id not in ids], now)
    ledger.forget(tx, [row.id for row in gone])
    if edition.cadence == "hand":
        return
    back = [people[row.subscription_id] for row in gone]
    taken = _taken(tx, edition.newsletter, back, now)
    audience.advance(
        tx,
        [
            (s.id, max(row.lo, s.since), _next_due(s, taken.get(s.id, frozenset()), now))
            for row, s in zip(gone, back, strict=True)
        ],
    )


def _taken(
    tx: Connection, newsletter: str, people: Sequence[Subscription], now: datetime
) -> Mapping[int, frozenset[str]]:
    """Subscription to the slots of its cadence, from about now on, in which it has a delivery."""
    found: dict[int, frozenset[str]] = {}
    for cadence in {s.cadence for s in people} - {"instant"}:
        ids = [s.id for s in people if s.cadence == cadence]
        served = audience.in_slots(tx, newsletter, cadence, recent(cadence, now), ids)
        found |= {key: frozenset(names) for key, names in served.items()}
    return found


def _next_due(s: Subscription, taken: frozenset[str], now: datetime) -> datetime | None:
    if s.next_due_at is None or s.next_due_at <= now:
        return s.next_due_at  # due already: the cut that made this edition give way serves it
    return slots.next_due(timetable(s), now, taken)
