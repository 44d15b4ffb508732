"""How editions stand while they are sent: counts, messages a second, and when the last one will leave."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row

from publisher.store import Store, compacted, editions, ledger, measures
from publisher.store.compacted import Past
from publisher.store.editions import Edition

_SPAN = timedelta(seconds=10)
# two events a message: at 5,000 a second this looks back half a second, and costs the same at any speed
_EVENTS, _CHUNK = 5000, 1000
_LEAVING = ("sent", "deferred", "bounced", "unknown")


@dataclass(frozen=True, slots=True)
class Standing:
    """An edition at one moment. `due` is how many wait whose hour has come; `rate` is in messages a second
    over the last ten; `estimated_end` is None when nothing waits, or nobody can say."""

    edition: str
    state: str
    reason: str
    counts: Mapping[str, int]
    due: int
    rate: float
    estimated_end: datetime | None

    @property
    def planned(self) -> int:
        """How many deliveries there are."""
        return sum(self.counts.values())

    @property
    def ended(self) -> int:
        """How many deliveries have come to an end."""
        return self.planned - sum(self.counts[s] for s in ("queued", "sending", "deferred"))

    @property
    def seconds_left(self) -> float:
        """How long what is due takes at this rate; 0 where nobody can say."""
        return (self.due + self.counts["sending"]) / self.rate if self.rate else 0.0

    def json(self) -> dict[str, Any]:
        """As `publisher status --json` has it."""
        measured = {"due": self.due, "rate": round(self.rate, 1), "estimated_end": self.estimated_end}
        about = {"edition": self.edition, "state": self.state, "reason": self.reason}
        return {**about, "planned": self.planned, **self.counts, **measured}


def standings(store: Store, wanted: Sequence[Edition], now: datetime, lately: bool = False) -> list[Standing]:
    """How these editions stand, as one snapshot; `lately`: those that have sent in the last ten seconds."""
    with store.read() as tx:
        found = rates(tx, now)
        return [standing(tx, e, found.get(e.id, 0.0), now) for e in wanted if not lately or e.id in found]


def rates(tx: Connection, now: datetime) -> dict[int, float]:
    """Edition to messages a second over the last ten, of those that have sent in them."""
    return _rates(measures.outcomes(tx, now - _SPAN, _EVENTS), now)


def standing(tx: Connection, one: Edition, rate: float, now: datetime) -> Standing:
    """How an edition stands; `rate` is what `rates` says of it."""
    edition, counts = editions.get(tx, one.id), ledger.counts(tx, one.id)
    due, going = measures.due_now(tx, one.id, now, counts), edition.state == "sending"
    rate = rate if going or edition.state == "done" else 0.0
    last = measures.last_due(tx, one.id) if going else None
    end = estimated_end(due + counts["sending"], last, rate, now)
    return Standing(edition.name, edition.state, edition.reason, counts, due, rate, end)


def _rates(outcomes: Sequence[tuple[int, str, int, datetime]], now: datetime) -> dict[int, float]:
    """Edition to messages a second, from the newest outcomes."""
    if not outcomes:
        return {}
    # where the sample is full it is younger than the whole span, and where a send began in it, too
    span = max((now - min(first for *_, first in outcomes)).total_seconds(), 1.0)
    found: dict[int, float] = {}
    for edition_id, status, number, _ in outcomes:
        if status in _LEAVING:
            found[edition_id] = found.get(edition_id, 0.0) + number / span
    return found


def estimated_end(due: int, last_due: datetime | None, rate: float, now: datetime) -> datetime | None:
    """When the last of `due` messages will leave at this rate, and not before the last hour comes."""
    if due and not rate:
        return None
    at = now + timedelta(seconds=due / rate) if due else now
    if last_due and last_due > at:
        return last_due
    return at if due else None


def together(found: Sequence[Standing]) -> Standing:
    """Several editions as one, in sums; its name is empty."""
    counts: dict[str, int] = {name: sum(one.counts[name] for one in found) for name in ledger.STATUSES}
    ends = [one.estimated_end for one in found if one.estimated_end]
    due, rate = sum(one.due for one in found), sum(one.rate for one in found)
    return Standing("", "sending" if found else "done", "", counts, due, rate, max(ends, default=None))


def deliveries(store: Store, edition: Edition, status: str = "") -> Iterator[Row[Any] | Past]:
    """The deliveries of an edition, of one status or all; a million of them take no memory.

    First those that were compacted, then the rows, by id. Nothing is compacted meanwhile, or it would be in
    neither.
    """
    done = edition.state == "done"
    with store.alone("compact") if done else nullcontext():
        yield from _deliveries(store, edition, status)


def _deliveries(store: Store, edition: Edition, status: str) -> Iterator[Row[Any] | Past]:
    if status in ("", "sent"):
        yield from _past(store, edition)
    after = 0
    while True:
        # a snapshot for each chunk: whoever reads them slowly keeps no long one open
        with store.read() as tx:
            rows = ledger.chunk(tx, edition.id, after, _CHUNK, status)
        yield from rows
        if not rows:
            return
        after = rows[-1].id


def _past(store: Store, edition: Edition) -> Iterator[Past]:
    after = -1
    while True:
        with store.read() as tx:
            after, found = compacted.listed(tx, edition.id, after)
        if not found:
            return
        yield from found
