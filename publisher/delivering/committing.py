"""One transaction of a run: outcomes, starts, and the rows that are read ahead."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import thread_time_ns
from typing import NamedTuple

from sqlalchemy import Connection

from publisher.delivering.metering import Meter
from publisher.errors import Contended, StoreError
from publisher.store import Held, Store, attempts, claims, editions, subscribers
from publisher.store.claims import Claimed, ClaimedNotice
from publisher.store.groups import Group, Started

_TRIES = 4
_PAST_LEASE = "this worker could not renew its lease in time: others go on with its work"


class Wanted(NamedTuple):
    """How many rows to read ahead: of one edition, of all (None) or of none but notices (NO_EDITION)."""

    most: int
    edition_id: int | None
    without: Collection[int] = ()


@dataclass(frozen=True, slots=True)
class Pages:
    """What is written together; `put_off` and `given_back` are rows that were read ahead and not started."""

    group: Group = field(default_factory=Group)
    put_off: Sequence[tuple[Claimed, float]] = ()
    given_back: Sequence[int] = ()
    wanted: Wanted | None = None


class Written(NamedTuple):
    """What became of it: the numbers of refused starts, the editions of these that are not being sent any
    more, and the rows that were read ahead."""

    refused: set[int]
    closed: Sequence[int] = ()
    found: Sequence[Claimed | ClaimedNotice] = ()


@dataclass(frozen=True, slots=True)
class Book:
    """Writes for one worker. From any thread, but not from two at once."""

    store: Store
    held: Held
    clock: Callable[[], datetime]
    meter: Meter

    def write(self, pages: Pages) -> Written:
        """Durable when it returns. Raises StoreError.

        Past its lease a worker begins nothing more; what servers answered is still written (rule 18).
        """
        if (pages.group.started or pages.wanted) and not self.held.alive():
            raise StoreError(_PAST_LEASE)
        begun, read = thread_time_ns(), self.meter.read
        try:
            for _ in range(_TRIES - 1):
                with contextlib.suppress(Contended):
                    return self._write(pages)
            return self._write(pages)
        finally:
            self.meter.ledger += thread_time_ns() - begun - (self.meter.read - read)

    def write_aside(self, pages: Pages) -> Written:
        """As `write`, in a thread whose time is not counted by anybody else."""
        begun = thread_time_ns()
        try:
            return self.write(pages)
        finally:
            self.meter.all += thread_time_ns() - begun

    def _write(self, pages: Pages) -> Written:
        group, me = pages.group, self.held.worker
        with self.store.write() as tx:
            now = self.clock()
            refused = attempts.record(tx, me, group, now) if group.ended or group.started else set()
            for each in group.ended:
                if each.suppress:
                    subscribers.suppress(tx, each.started.row.address, each.suppress, now)
            closed = self._closed(tx, [group.started[n] for n in refused]) if refused else ()
            if pages.given_back:
                claims.release(tx, me, pages.given_back)
            claims.put_off(tx, me, [(row.id, now + timedelta(seconds=s)) for row, s in pages.put_off])
            found = self._claim(tx, pages.wanted, now) if pages.wanted else ()
        return Written(refused, closed, found)

    def _closed(self, tx: Connection, refused: Sequence[Started]) -> Sequence[int]:
        asked = {s.row.edition_id for s in refused if isinstance(s.row, Claimed)}
        return [edition for edition in asked if editions.get(tx, edition).state != "sending"]

    def _claim(self, tx: Connection, wanted: Wanted, now: datetime) -> Sequence[Claimed | ClaimedNotice]:
        begun = thread_time_ns()
        known = set(attempts.workers_known(tx)) - {self.held.worker}
        alive = [name for name in known if not self.store.dead(name)]
        found = claims.claim(tx, self.held.worker, alive, now, *wanted)
        self.meter.read += thread_time_ns() - begun
        return found
