"""What a person does about deliveries that did not end well: send them again, or take note (rules 16, 20)."""

from __future__ import annotations

import time
from array import array
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row

from publisher import permissions
from publisher.delivering import approving
from publisher.errors import NotFound, Refused
from publisher.model.editors import Actor
from publisher.permissions import N_
from publisher.store import Store, deeds, editions, ledger, wishes
from publisher.store.chunking import Chunks
from publisher.store.editions import Edition
from publisher.store.wishes import Wish

RETRIED = ("unknown", "deferred", "bounced", "expired")
# a new message: its Message-ID and date say so; unknown ones are sent again byte for byte
_ANEW = ("bounced", "expired")
_CHUNK = 500
_NOT_NOW = N_("%(edition)s is %(state)s: nothing of it can be sent again now")


@dataclass(frozen=True, slots=True)
class Retried:
    """What a retry found: how many are due again, (address, reason) of those that must not be mailed, and how
    many the clock goes on with."""

    again: int = 0
    suppressed: tuple[tuple[str, str], ...] = ()
    left: int = 0


def retry(
    store: Store,
    actor: Actor,
    edition: Edition,
    status: str,
    now: datetime,
    address: str = "",
    *,
    one: int | None = None,
    seconds: float | None = None,
) -> Retried:
    """Make the deliveries of one status due now, of all, an address, or `one` by its id; an edition that is
    done goes on.

    Who left or is suppressed becomes `suppressed`. What takes longer than `seconds` is left to the clock,
    which no kill keeps from it (`go_on`). Raises NotFound where there is no such delivery, Refused for an
    edition that is not open, NotAllowed.
    """
    permissions.check(actor, "retry")
    if status not in RETRIED:
        raise Refused(f"status: expected {', '.join(RETRIED)}, got {status!r}")
    approving.check(store, edition, now)
    step = _Again(edition, status, now)
    which, until = _Which(status, address, one), None
    if seconds is not None and not which.single:
        until = _Until(time.monotonic() + seconds, Wish(edition.id, status, 0, now))
    left = _each(store, edition, _Deed(actor, "retry", now), which, step, until)
    return Retried(step.count, tuple(step.stopped), left)


def go_on(store: Store, now: datetime, seconds: float, say: Callable[[str], None]) -> int:
    """Go on with what retries have left, for so many seconds; how many are due again. Those of a paused
    edition wait until it is resumed; `say` is told of one that cannot go on."""
    end, count = time.monotonic() + seconds, 0
    with store.read() as tx:
        waiting = [(wish, editions.get(tx, wish.edition_id)) for wish in wishes.there(tx)]
    for wish, edition in waiting:
        if edition.state == "paused" or time.monotonic() >= end:
            continue
        step, which = _Again(edition, wish.status, now, wish.asked_at), _Which(wish.status, "", None)
        try:
            _each(store, edition, None, which, step, _Until(end, wish))
        except Refused as error:
            say(str(error))
            with store.write() as tx:
                wishes.end(tx, wish)
        count += step.count
    return count


@dataclass(slots=True)
class _Again:
    """Makes deliveries due now; of those that came to their status after `asked_at`, none."""

    edition: Edition
    status: str
    now: datetime
    asked_at: datetime | None = None
    count: int = 0
    stopped: list[tuple[str, str]] = field(default_factory=list)

    def __call__(self, tx: Connection, rows: Sequence[Row[Any]]) -> None:
        _go_on(tx, self.edition)
        rows = [row for row in rows if self._meant(row)]
        barred = _barred(tx, rows)
        fine = [row for row in rows if row.id not in barred]
        if self.status == "deferred":
            ledger.hasten(tx, [row.id for row in fine], self.now)
        else:
            ledger.again(tx, fine, self.now, anew=self.status in _ANEW)
        _stop(tx, [row for row in rows if row.id in barred], barred, self.now)
        self.stopped.extend((row.address, barred[row.id]) for row in rows if row.id in barred)
        self.count += len(fine)

    def _meant(self, row: Row[Any]) -> bool:
        at = row.finished_at or row.started_at
        return not (self.asked_at and at and at > self.asked_at)


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

    @property
    def single(self) -> bool:
        """Whether it is about somebody, and not about all."""
        return bool(self.address) or self.one is not None

    def ids(self, tx: Connection, edition: Edition) -> array[int]:
        """Theirs. Raises NotFound where one is asked for and not there."""
        if self.one is not None:
            there = ledger.several(tx, [self.one], self.status)
            found = array("q", [row.id for row in there if row.edition_id == edition.id])
        else:
            found = ledger.ids(tx, edition.id, self.status, self.address)
        if not found and self.single:
            to = f" to {self.address}" if self.address else ""
            raise NotFound(f"{edition.name} has no {self.status} delivery{to}")
        return found


class _Until(NamedTuple):
    """When a step stops (of a monotonic clock), and the wish that says how far it came."""

    end: float
    wish: Wish


def _each(
    store: Store,
    edition: Edition,
    deed: _Deed | None,
    which: _Which,
    step: Callable[[Connection, Sequence[Row[Any]]], None],
    until: _Until | None = None,
) -> int:
    """Each delivery that has the status now, once, some in a transaction; how many are left when the time is
    over. Raises NotFound."""
    with store.read() as tx:
        ids = array("q", sorted(which.ids(tx, edition)))
    if until:
        del ids[: bisect_right(ids, until.wish.after)]
    chunks, about = Chunks(store, _CHUNK), {"status": which.status, "count": len(ids)}
    if which.single:
        # not the address: whoever is erased must not go on standing in the log
        about |= {"delivery": ids[0]}
    while ids:
        size = chunks.size
        with chunks.write(len(ids[:size])) as tx:
            if rows := ledger.several(tx, ids[:size], which.status):
                step(tx, rows)
                if deed and about:
                    deeds.add(tx, deed.actor, deed.verb, f"edition {edition.name}", deed.now, **about)
                    about = {}
            if until:
                wishes.note(tx, until.wish._replace(after=ids[:size][-1]))
        del ids[:size]
        if until and time.monotonic() >= until.end:
            break
    if until and not ids:
        with store.write() as tx:
            wishes.end(tx, until.wish)
    return len(ids)


def _go_on(tx: Connection, edition: Edition) -> None:
    """With every chunk: what came before it may have ended, and the edition with it."""
    editions.set_state(tx, edition.id, ["done", "sending"], "sending", done_at=None)
    state = editions.get(tx, edition.id).state
    if state != "sending":
        raise Refused(_NOT_NOW, edition=edition.name, state=state)


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
