"""Cancelling an edition: as if it had not been cut, as far as nothing of it has left (rules 10 and 11)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

from publisher import permissions
from publisher.cutting import starting
from publisher.cutting.planning import recent
from publisher.editions import slots
from publisher.editions.slots import Timetable
from publisher.errors import Refused
from publisher.model.editors import CLOCK, COMMAND_LINE, Actor
from publisher.permissions import N_
from publisher.store import Store, after_writers, audience, cuts, deeds, editions, ledger, serving
from publisher.store.chunking import Chunks
from publisher.store.claims import WAITING
from publisher.store.cuts import Cut
from publisher.store.editions import Edition
from publisher.store.schema import deliveries, subscriptions
from publisher.store.serving import Changed

_CHUNK = 2000
_S = subscriptions.c
_STANDING = (
    *(_S.revision, _S.mark, _S.since, _S.cadence, _S.weekday, _S.day, _S.hour, _S.zone),
    _S.next_due_at,
)


def cancel(
    store: Store, edition: Edition, now: datetime, reason: str, *, actor: Actor = COMMAND_LINE
) -> None:
    """Stop an edition for good; where nothing has left, everybody is put back to where they stood.

    Raises NotAllowed, and Refused when it has ended already.
    """
    permissions.check(actor, "cancel")
    with store.alone("cut"):
        if not _cancel(store, edition, now, reason, editions.OPEN_STATES, actor):
            with store.read() as tx:
                state = editions.get(tx, edition.id).state
                raise Refused(N_("%(edition)s has ended: %(state)s"), edition=edition.name, state=state)


def earlier(store: Store, cut: Cut) -> list[Edition]:
    """The undecided editions of earlier slots than a cut's: at most one may wait for a person."""
    if cut.kind == "hand":
        return []
    with store.read() as tx:
        held = editions.listed(tx, cut.newsletter, ("held",))
    mine = starting.order(cut.cadence, cut.slot)
    return [e for e in held if e.cadence == cut.cadence and starting.order(e.cadence, e.slot) < mine]


def give_way(store: Store, held: Sequence[Edition], cut: Cut, now: datetime) -> None:
    """Cancel editions that a later slot takes the place of."""
    for edition in held:
        # one that somebody sent in this moment is decided, and goes on
        _cancel(store, edition, now, f"the slot {cut.slot} came before anybody sent it", ("held",), CLOCK)


def _cancel(
    store: Store, edition: Edition, now: datetime, reason: str, states: Sequence[str], actor: Actor
) -> bool:
    with store.write() as tx:
        if not editions.set_state(tx, edition.id, states, "cancelled", reason=reason, done_at=now):
            return False
        cuts.end(tx, edition.id, now)
        deeds.add(tx, actor, "cancel", f"edition {edition.name}", now, reason=reason)
    undo(store, edition, now)
    return True


def undo(store: Store, edition: Edition, now: datetime) -> None:
    """Take back the waiting rows of a cancelled edition, in chunks; goes on where it was killed.

    And those that an editor emptied: nobody is to miss what came in them and was then not mailed.
    """
    with store.write() as tx:
        # a start that saw the edition before it was cancelled is durable now
        after_writers(tx, deliveries)
    with store.read() as tx:
        # nothing starts in a cancelled edition, so this does not change any more
        put_back = not ledger.anything_left(tx, edition.id)
        around = _around(tx, edition, now) if put_back else {}
    chunks, after = Chunks(store, _CHUNK), 0
    while True:
        with store.read() as tx:
            found = ledger.by_subscriber(tx, edition.id, after, chunks.size, *_STANDING)
            waiting = [row for row in found if row.status in WAITING]
            undone = [*waiting, *filter(_emptied, found)] if put_back else []
            back = [row for row in undone if row.mark == row.hi]
            taken = {c: audience.in_slots(tx, around[c], [row.subscriber_id for row in back]) for c in around}
        if not found:
            return
        moves = {} if edition.cadence == "hand" else _moves(back, taken, now)
        with suppress(Changed):
            if waiting or back:
                with chunks.write(len(found)) as tx:
                    _undo(tx, waiting, back, moves, now)
            after = found[-1].subscriber_id


def _emptied(row: Row[Any]) -> bool:
    """Whether it was stopped because an editor had dropped all that it held."""
    return bool(row.status == "cancelled" and row.reply == editions.EMPTIED)


def _around(tx: Connection, edition: Edition, now: datetime) -> dict[str, dict[int, str]]:
    """For each cadence, the other editions from about now on: who is in one is not due in its slot."""
    found = {c: audience.around(tx, edition.newsletter, c, recent(c, now)) for c in slots.PERIOD}
    return {c: {id_: slot for id_, slot in found[c].items() if id_ != edition.id} for c in found}


def _moves(
    back: Sequence[Row[Any]], taken: Mapping[str, Mapping[int, frozenset[str]]], now: datetime
) -> serving.Moves:
    """Where those who are put back stand, and when they are due next."""
    nothing, moves = frozenset[str](), dict[tuple[int, datetime | None], list[int]]()
    for row in back:
        at = _next_due(row, taken.get(row.cadence, {}).get(row.subscriber_id, nothing), now)
        moves.setdefault((max(row.lo, row.since), at), []).append(row.subscription_id)
    return moves


def _undo(
    tx: Connection, rows: Sequence[Row[Any]], back: Sequence[Row[Any]], moves: serving.Moves, now: datetime
) -> None:
    """One chunk; by hand nobody is moved. Raises Changed when somebody is not as they were read."""
    revisions = sum(row.revision for row in back)
    if moves:
        serving.advance(tx, moves, revisions)
    else:
        serving.hold(tx, [row.subscription_id for row in back], revisions)
    # cut again since (by hand: passed by a window): the row stays, and says that this one was stopped
    gone = {row.id for row in back}
    ledger.cancel(tx, [row for row in rows if row.id not in gone], now)
    ledger.forget(tx, list(gone))


def _next_due(row: Row[Any], taken: frozenset[str], now: datetime) -> datetime | None:
    at: datetime | None = row.next_due_at
    if at is None or at <= now:
        return at  # due already: the cut that made this edition give way serves it
    return slots.next_due(Timetable(row.cadence, row.hour, row.weekday, row.day, row.zone), now, taken)
