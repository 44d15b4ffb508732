"""The one writer of a run: what its connections ask for in the same moment is one durable commit."""

from __future__ import annotations

import contextlib
import math
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic, thread_time_ns
from typing import NamedTuple, Protocol

from sqlalchemy import Connection

from publisher.delivering.ahead import Ahead
from publisher.delivering.metering import Meter
from publisher.delivering.reputation import Reputation
from publisher.errors import Contended, StoreError
from publisher.store import Held, Store, attempts, claims, editions, subscribers
from publisher.store.claims import NO_EDITION, Claimed, ClaimedNotice
from publisher.store.groups import Ended, Group, Started

_PATIENCE, _SHORTEST_WAIT, _LONGEST_WAIT = 0.5, 0.001, 0.002  # a poll counts in milliseconds
_SILENCE = 30.0
_TRIES = 4
_PAST_LEASE = "this worker could not renew its lease in time: others go on with its work"
_SILENT = "the store did not answer: what was under way is called unknown when it does"


class Asking(Protocol):
    """Who asked for a start, and is told whether it is durable."""

    def answer(self, started: Started, durable: bool) -> None:
        """The start stands, or was refused."""


class _Asked(NamedTuple):
    """Outcomes, and a start: what one connection has to say at one moment."""

    ended: Sequence[Ended] = ()
    start: Started | None = None
    by: Asking | None = None


@dataclass
class Recorder:
    """Commits starts and outcomes in groups, and reads ahead for the run in the same transactions.

    A group is whatever was asked until all connections wait, so its size follows the load. If it cannot be
    written, its starts are refused, its outcomes are kept for `close`, and `failed` is told.
    """

    store: Store
    held: Held
    ahead: Ahead
    clock: Callable[[], datetime]
    failed: Callable[[Exception], None]
    meter: Meter
    reputation: Reputation
    connections: int = 1
    _commit: float = 0.0
    _asked: deque[_Asked] = field(default_factory=deque)
    _unwritten: list[Ended] = field(default_factory=list)
    _waited: bool = False
    _closed: bool = False
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.ahead.hub.before_rest = self.attend

    def begin(self) -> int:
        """Claim the first rows; how many there are."""
        with self.store.write() as tx:
            found = self._claim(tx)
        self.ahead.add(found)
        return len(found)

    def start(self, by: Asking, started: Started, ended: Sequence[Ended]) -> None:
        """Ask for a start, and record these outcomes with it; the answer comes when both are durable."""
        self._asked.append(_Asked(ended, started, by))

    def end(self, ended: Sequence[Ended]) -> None:
        """Record these outcomes."""
        if ended:
            self._asked.append(_Asked(ended))

    def attend(self) -> float:
        """All connections wait: write what they asked for. Or, for how many seconds more may come first.

        Connections that come a moment later would wait for two commits: it is worth waiting a part of one
        for them, and costs nothing where a commit is fast.
        """
        if not (self._asked or self.ahead.wants_more() or self.ahead.put_off):
            return math.inf
        if len(self._asked) < self.connections and not self._waited:
            self._waited = True
            patience = self._commit * _PATIENCE
            return min(patience, _LONGEST_WAIT) if patience >= _SHORTEST_WAIT else 0.0
        self._waited = False
        with self._turn:
            if not self._closed:
                self._work()
        return math.inf

    def close(self) -> None:
        """Write the outcomes that are left, and nothing after. Raises what keeps them from being written.

        A start that was asked for is refused. Where the store keeps silent the wait has an end.
        """
        if not self._turn.acquire(timeout=_SILENCE):
            raise StoreError(_SILENT)
        try:
            self._closed = True
            for asked in self._asked:
                self._unwritten += asked.ended
                if asked.start and asked.by:
                    asked.by.answer(asked.start, False)
            if self._unwritten:
                self._patiently(Group(self._unwritten), more=False)
                self._unwritten.clear()
        finally:
            self._turn.release()
            self.ahead.hub.ring()

    def _work(self) -> None:
        begun, read = thread_time_ns(), self.meter.read
        asked = [self._asked.popleft() for _ in range(len(self._asked))]
        starts = [(a.by, a.start) for a in asked if a.start and a.by]
        ended = [*self._unwritten, *(e for a in asked for e in a.ended)]
        refused = self._tried(Group(ended, [start for _, start in starts]))
        for number, (by, start) in enumerate(starts):
            by.answer(start, number not in refused)
        self.ahead.hub.stir()
        self.meter.ledger += thread_time_ns() - begun - (self.meter.read - read)

    def _tried(self, group: Group) -> set[int]:
        begun = monotonic()
        try:
            if not self.held.alive():
                raise StoreError(_PAST_LEASE)
            refused = self._patiently(group, more=self.ahead.wants_more())
            self._commit = monotonic() - begun
            self._unwritten.clear()
        except Exception as error:
            # a commit that failed may have been made: then these have begun, and nothing of them leaves
            lost = (Ended(start, start.row.status, counted=False) for start in group.started)
            self._unwritten = [*group.ended, *lost]
            self.failed(error)
            return set(range(len(group.started)))
        return refused

    def _patiently(self, group: Group, *, more: bool) -> set[int]:
        for _ in range(_TRIES - 1):
            with contextlib.suppress(Contended):
                return self._write(group, more=more)
        return self._write(group, more=more)

    def _write(self, group: Group, *, more: bool) -> set[int]:
        found: list[Claimed | ClaimedNotice] = []
        all_of_them, later = self.ahead.low, list(self.ahead.put_off)
        with self.store.write() as tx:
            now = self.clock()
            refused = attempts.record(tx, self.held.worker, group, now)
            for each in group.ended:
                if each.suppress:
                    subscribers.suppress(tx, each.started.row.address, each.suppress, now)
            if refused:
                self._drop_closed(tx, [group.started[n] for n in refused])
            claims.put_off(tx, self.held.worker, [(r.id, now + timedelta(seconds=s)) for r, s in later])
            if more:
                found = self._claim(tx, all_of_them)
        del self.ahead.put_off[: len(later)]
        if more:
            self.ahead.add(found, all_of_them)
        for each in group.ended:
            if isinstance(each.started.row, Claimed):
                self.reputation.hear(each.started.row.edition_id, each.status, each.reply)
        return refused

    def _claim(self, tx: Connection, all_of_them: bool = True) -> list[Claimed | ClaimedNotice]:
        begun, a = thread_time_ns(), self.ahead
        known = set(attempts.workers_known(tx)) - {self.held.worker}
        alive = [name for name in known if not self.store.dead(name)]
        edition = a.edition_id if all_of_them else NO_EDITION
        found = claims.claim(tx, self.held.worker, alive, self.clock(), a.window, edition, a.aside)
        self.meter.read += thread_time_ns() - begun
        return found

    def _drop_closed(self, tx: Connection, refused: Sequence[Started]) -> None:
        """Of an edition that is not being sent any more, what was read ahead is given back."""
        asked = {s.row.edition_id for s in refused if isinstance(s.row, Claimed)}
        for edition in asked:
            if editions.get(tx, edition).state != "sending":
                claims.release(tx, self.held.worker, self.ahead.drop(edition))
