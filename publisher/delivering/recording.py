"""The one writer of a run: what its connections ask for in the same moment is one durable commit."""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic, thread_time_ns
from typing import Protocol

from sqlalchemy import Connection

from publisher.delivering.ahead import Ahead
from publisher.delivering.metering import Meter
from publisher.delivering.reputation import Reputation
from publisher.errors import StoreError
from publisher.store import Held, Store, attempts, claims, editions, subscribers
from publisher.store.claims import NO_EDITION, Claimed, ClaimedNotice
from publisher.store.groups import Ended, Group, Started

_AHEAD = 250
_PATIENCE, _LONGEST_WAIT = 0.5, 0.002
_PAST_LEASE = "this worker could not renew its lease in time: others go on with its work"


class Asking(Protocol):
    """Who asked for a start, and is told whether it is durable."""

    def answer(self, started: Started, durable: bool) -> None:
        """The start stands, or was refused."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """Outcomes, and a start: what one connection has to say at one moment."""

    ended: Sequence[Ended] = ()
    start: Started | None = None
    by: Asking | None = None


_LOOK, _END = _Asked(), _Asked()


@dataclass
class Recorder:
    """Commits starts and outcomes in groups, and reads ahead for the run in the same transactions.

    A group is whatever was asked while the last one was being committed, so its size follows the load. If it
    cannot be written, its starts are refused, its outcomes are kept for `close`, and `failed` is told.
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
    _enough: int = 1
    _gate: threading.Lock = field(default_factory=threading.Lock)
    _unwritten: list[Ended] = field(default_factory=list)
    _closing: bool = False

    def __post_init__(self) -> None:
        self.ahead.wake = self.wake
        self._gate.acquire()  # a turnstile, not a guard: whoever has enough to say opens it
        self._thread = threading.Thread(target=self._work, name="recorder", daemon=True)

    def begin(self) -> int:
        """Claim the first rows, and start to write; how many rows there are."""
        with self.store.write() as tx:
            found = self._claim(tx)
        self.ahead.add(found)
        self._thread.start()
        return len(found)

    def start(self, by: Asking, started: Started, ended: Sequence[Ended]) -> None:
        """Ask for a start, and record these outcomes with it; the answer comes when both are durable."""
        self._say(_Asked(ended, started, by))

    def end(self, ended: Sequence[Ended]) -> None:
        """Record these outcomes."""
        if ended:
            self._say(_Asked(ended))

    def wake(self) -> None:
        """The run wants more rows: look now."""
        self._say(_LOOK)

    def close(self) -> None:
        """Write what is left and end. Raises what keeps outcomes from being written."""
        self._say(_END)
        self._thread.join()
        if self._unwritten:
            self._write(Group(self._unwritten), more=False)
            self._unwritten.clear()

    def _work(self) -> None:
        while not self._closing:
            asked = self._gather()
            starts = [(a.by, a.start) for a in asked if a.start and a.by]
            group = Group(
                [*self._unwritten, *(e for a in asked for e in a.ended)], [start for _, start in starts]
            )
            try:
                if not self.held.alive():
                    raise StoreError(_PAST_LEASE)
                begun = monotonic()
                refused = self._write(group, more=self.ahead.wants_more())
                self._commit = monotonic() - begun
                self._unwritten.clear()
            except Exception as error:
                refused = set(range(len(starts)))
                # a commit that failed may have been made: then these have begun, and nothing of them leaves
                lost = (Ended(start, start.row.status, counted=False) for _, start in starts)
                self._unwritten = [*group.ended, *lost]
                self.failed(error)
            for number, (by, start) in enumerate(starts):
                by.answer(start, number not in refused)
        self.meter.ledger = thread_time_ns() - self.meter.read

    def _say(self, asked: _Asked) -> None:
        self._asked.append(asked)
        if len(self._asked) >= self._enough or asked is _END:
            with contextlib.suppress(RuntimeError):  # it is open already
                self._gate.release()

    def _gather(self) -> list[_Asked]:
        """Everything that was asked, at least one thing.

        Connections that come a moment later would wait for two commits: it is worth waiting a part of one
        for them, and costs nothing where a commit is fast.
        """
        self._enough = 1
        while not self._asked:
            self._gate.acquire()
        self._enough = self.connections
        if len(self._asked) < self.connections and not self._closing:
            self._gate.acquire(timeout=min(self._commit * _PATIENCE, _LONGEST_WAIT))
        gathered = [self._asked.popleft() for _ in range(len(self._asked))]
        self._closing = any(asked is _END for asked in gathered)
        return gathered

    def _write(self, group: Group, *, more: bool) -> set[int]:
        found: list[Claimed | ClaimedNotice] = []
        all_of_them = self.ahead.low
        with self.store.write() as tx:
            now = self.clock()
            refused = attempts.record(tx, self.held.worker, group, now)
            for each in group.ended:
                if each.suppress:
                    subscribers.suppress(tx, each.started.row.address, each.suppress, now)
            if refused:
                self._drop_closed(tx, [group.started[n] for n in refused])
            if more:
                found = self._claim(tx, all_of_them)
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
        found = claims.claim(tx, self.held.worker, alive, self.clock(), _AHEAD, edition, a.aside)
        self.meter.read += thread_time_ns() - begun
        return found

    def _drop_closed(self, tx: Connection, refused: Sequence[Started]) -> None:
        """Of an edition that is not being sent any more, what was read ahead is given back."""
        asked = {s.row.edition_id for s in refused if isinstance(s.row, Claimed)}
        for edition in asked:
            if editions.get(tx, edition).state != "sending":
                claims.release(tx, self.held.worker, self.ahead.drop(edition))
