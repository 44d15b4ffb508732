"""What a person does about deliveries that did not end well: send them again, or take note (rules 16, 20)."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row

from publisher import permissions
from publisher.delivering import approving
from publisher.errors import NotFound, Refused
from publisher.model.editors import Actor
from publisher.store import Store, deeds, editions, ledger
from publisher.store.chunking import Chunks
from publisher.store.editions import Edition

RETRIED = ("unknown", "deferred", "bounced", "expired")
# a new message: its Message-ID and date say so; unknown ones are sent again byte for byte
_ANEW = ("bounced", "expired")
_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Retried:
    """What a retry found: how many are due again, and (address, reason) of those that must not be mailed."""

    again: int = 0
    suppressed: tuple[tuple[str, str], ...] = ()


def retry(
    store: Store,
    actor: Actor,
    edition: Edition,
    status: str,
    now: datetime,
    address: str = "",
    *,
    one: int | None = None,
) -> Retried:
    """Make the deliveries of one status due now, of all, an address, or `one` by its id; an edition that is
    done goes on.

    Who left or is suppressed becomes `suppressed`. Raises NotFound where there is no such delivery, Refused
    for an edition that is not open, NotAllowed.
    """
    permissions.check(actor, "retry")
    if status not in RETRIED:
        raise Refused(f"status: expected {', '.join(RETRIED)}, got {status!r}")
    approving.check(store, edition, now)
    again, stopped = 0, list[tuple[str, str]]()

    def step(tx: Connection, rows: Sequence[Row[Any]]) -> None:
        nonlocal again
        _go_on(tx, edition)
        barred = _barred(tx, rows)
        fine = [row for row in rows if row.id not in barred]
        if status == "deferred":
            ledger.hasten(tx, [row.id for row in fine], now)
        else:
            ledger.again(tx, fine, now, anew=status in _ANEW)
        _stop(tx, [row for row in rows if row.id in barred], barred, now)
        stopped.extend((row.address, barred[row.id]) for row in rows if row.id in barred)
        again += len(fine)

    deed = _Deed(actor, "retry", now)
    _each(store, edition, deed, _Which(status, address, one), step)
    return Retried(again, tuple(stopped))


def acknowledge(
    store: Store, actor: Actor, edition: Edition, now: datetime, address: str = "", *, one: int | None = None
) -> int:
    """A person has seen the unknown deliveries, of all, an address, or `one` by its id; how many nobody had
    seen before.

    Raises NotFound where there is no such unknown delivery, NotAllowed.
    """
    permissions.check(actor, "acknowledge")
    count = 0

    def step(tx: Connection, rows: Sequence[Row[Any]]) -> None:
        nonlocal count
        count += ledger.acknowledge(tx, [row.id for row in rows], now)

    _each(store, edition, _Deed(actor, "acknowledge", now), _Which("unknown", address, one), step)
    return count


class _Deed(NamedTuple):
    """Who does what, and when."""

    actor: Actor
    verb: str
    now: datetime


class _Which(NamedTuple):
    """Which deliveries of an edition: of a status, and if not empty only to an address, or with an id."""

    status: str
    address: str
    one: int | None

    def ids(self, tx: Connection, edition: Edition) -> array[int]:
        """Theirs. Raises NotFound where one is asked for and not there."""
        if self.one is not None:
            there = ledger.several(tx, [self.one], self.status)
            found = array("q", [row.id for row in there if row.edition_id == edition.id])
        else:
            found = ledger.ids(tx, edition.id, self.status, self.address)
        if not found and (self.address or self.one is not None):
            to = f" to {self.address}" if self.address else ""
            raise NotFound(f"{edition.name} has no {self.status} delivery{to}")
        return found


def _each(
    store: Store,
    edition: Edition,
    deed: _Deed,
    which: _Which,
    step: Callable[[Connection, Sequence[Row[Any]]], None],
) -> None:
    """Each delivery that has the status now, once, some in a transaction. Raises NotFound."""
    with store.read() as tx:
        ids = which.ids(tx, edition)
    chunks, about = Chunks(store, _CHUNK), {"status": which.status, "count": len(ids)}
    if which.one is not None or which.address:
        # not the address: whoever is erased must not go on standing in the log
        about |= {"delivery": ids[0]}
    while ids:
        size = chunks.size
        with chunks.write(len(ids[:size])) as tx:
            if rows := ledger.several(tx, ids[:size], which.status):
                step(tx, rows)
                if about:
                    deeds.add(tx, deed.actor, deed.verb, f"edition {edition.name}", deed.now, **about)
                    about = {}
        del ids[:size]


def _go_on(tx: Connection, edition: Edition) -> None:
    """With every chunk: what came before it may have ended, and the edition with it."""
    editions.set_state(tx, edition.id, ["done", "sending"], "sending", done_at=None)
    state = editions.get(tx, edition.id).state
    if state != "sending":
        raise Refused(f"{edition.name} is {state}: nothing of it can be sent again now")


def _barred(tx: Connection, rows: Sequence[Row[Any]]) -> dict[int, str]:
    """Delivery to the reason why it must not be sent: the person left, or the address is suppressed."""
    reasons = ledger.suppressed(tx, [row.address for row in rows])
    found = {row.id: reasons.get(row.address, "") for row in rows}
    found |= {row.id: row.subscription for row in rows if row.subscription != "confirmed"}
    return {id_: reason for id_, reason in found.items() if reason}


def _stop(tx: Connection, rows: Sequence[Row[Any]], reasons: Mapping[int, str], now: datetime) -> None:
    for reason in sorted(set(reasons.values())):
        mine = [row for row in rows if reasons[row.id] == reason]
        ledger.move_all(tx, mine, "suppressed", now, reply=reason, finished_at=now)
