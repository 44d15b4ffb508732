"""The one writer of a run: what its connections ask for in the same moment is one durable commit."""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from time import monotonic
from typing import NamedTuple, Protocol

from publisher.delivering.ahead import Ahead
from publisher.delivering.committing import Book, Pages, Wanted, Written
from publisher.delivering.reputation import Reputation
from publisher.errors import StoreError
from publisher.store.claims import NO_EDITION, Claimed
from publisher.store.groups import Ended, Group, Started

_PATIENCE, _SHORTEST_WAIT, _LONGEST_WAIT = 0.5, 0.001, 0.002  # a poll counts in milliseconds
_SILENCE = 30.0
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


class _Sheet(NamedTuple):
    """What is being written, and who asked for each of its starts; `begun` is a monotonic time."""

    pages: Pages
    asking: Sequence[Asking]
    begun: float
    result: Future[Written]


@dataclass
class Recorder:
    """Commits starts and outcomes in groups, and reads ahead for the run in the same transactions.

    A group is whatever was asked until all connections wait, so its size follows the load. Where the store is
    a server, it is written aside, and the connections go on meanwhile. If it cannot be written, its starts
    are refused, its outcomes are kept for `close`, and `failed` is told.
    """

    book: Book
    ahead: Ahead
    failed: Callable[[Exception], None]
    reputation: Reputation
    connections: int = 1
    _commit: float = 0.0
    _asked: deque[_Asked] = field(default_factory=deque)
    _unwritten: list[Ended] = field(default_factory=list)
    _given_back: list[int] = field(default_factory=list)
    _sheet: _Sheet | None = None
    _waited: bool = False
    _closed: bool = False
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.ahead.hub.before_rest = self.attend
        remote = self.book.store.dialect == "postgresql"
        self._aside = ThreadPoolExecutor(1, "recorder") if remote else None

    def begin(self) -> int:
        """Claim the first rows; how many there are."""
        try:
            found = self.book.write(Pages(wanted=self._wanted())).found
        except BaseException:
            self._end_thread()
            raise
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
        """All connections wait: write what they asked for. Or, for how many seconds more may come first."""
        with self._turn:
            if self._sheet and not self._sheet.result.done():
                return math.inf  # whoever writes it rings
            if self._sheet:
                self._finish(self._sheet)
            if (seconds := self._hold_on()) >= 0:
                return seconds
            self._write()
        return math.inf

    def close(self) -> None:
        """Write the outcomes that are left, and nothing after. Raises what keeps them from being written.

        A start that was asked for is refused. Where the store keeps silent the wait has an end.
        """
        if not self._turn.acquire(timeout=_SILENCE):
            raise StoreError(_SILENT)
        try:
            self._closed = True
            self._await()
            while self._asked:
                asked = self._asked.popleft()
                self._unwritten += asked.ended
                if asked.start and asked.by:
                    asked.by.answer(asked.start, False)
            if self._unwritten:
                self.book.write(Pages(Group(self._unwritten)))
                self._unwritten.clear()
        finally:
            self._turn.release()
            self._end_thread()
            self.ahead.hub.ring()

    def _end_thread(self) -> None:
        if self._aside:
            self._aside.shutdown(wait=False)

    def _hold_on(self) -> float:
        """For how many seconds more may be asked first; negative: write now, infinite: there is nothing.

        Connections that come a moment later would wait for two commits: it is worth waiting a part of one
        for them, and costs nothing where a commit is fast.
        """
        if self._closed or not (self._asked or self.ahead.wants_more() or self.ahead.put_off):
            return math.inf
        if len(self._asked) >= self.connections or self._waited:
            self._waited = False
            return -1.0
        self._waited = True
        patience = self._commit * _PATIENCE
        return min(patience, _LONGEST_WAIT) if patience >= _SHORTEST_WAIT else 0.0

    def _write(self) -> None:
        asked = [self._asked.popleft() for _ in range(len(self._asked))]
        starts = [(a.by, a.start) for a in asked if a.start and a.by]
        ended = [*self._unwritten, *(e for a in asked for e in a.ended)]
        pages = Pages(
            Group(ended, [start for _, start in starts]),
            tuple(self.ahead.put_off),
            self._given_back,
            self._wanted() if self.ahead.wants_more() else None,
        )
        self._unwritten, self._given_back = [], []
        self.ahead.put_off.clear()
        self._hand_over(pages, [by for by, _ in starts])

    def _hand_over(self, pages: Pages, asking: Sequence[Asking]) -> None:
        if self._aside:
            self._sheet = _Sheet(pages, asking, monotonic(), self._aside.submit(self.book.write_aside, pages))
            self._sheet.result.add_done_callback(lambda _: self.ahead.hub.ring())
            return
        done, begun = Future[Written](), monotonic()
        try:
            done.set_result(self.book.write(pages))
        except Exception as error:
            done.set_exception(error)
        self._finish(_Sheet(pages, asking, begun, done))

    def _finish(self, sheet: _Sheet) -> None:
        """Tell what became of it."""
        self._sheet, group = None, sheet.pages.group
        if error := sheet.result.exception():
            # a commit that failed may have been made: then these have begun, and nothing of them leaves
            lost = (Ended(start, start.row.status, counted=False) for start in group.started)
            self._unwritten = [*group.ended, *lost, *self._unwritten]
            self.failed(error if isinstance(error, Exception) else StoreError(str(error)))
            refused = set(range(len(group.started)))
        else:
            refused = self._take(sheet)
        for number, (by, start) in enumerate(zip(sheet.asking, group.started, strict=True)):
            by.answer(start, number not in refused)
        self.ahead.hub.stir()

    def _take(self, sheet: _Sheet) -> set[int]:
        written, wanted = sheet.result.result(), sheet.pages.wanted
        self._commit = monotonic() - sheet.begun
        for edition in written.closed:
            self._given_back += self.ahead.drop(edition)
        if wanted:
            self.ahead.add(written.found, wanted.edition_id == self.ahead.edition_id)
        for each in sheet.pages.group.ended:
            if isinstance(each.started.row, Claimed):
                self.reputation.hear(each.started.row.edition_id, each.status, each.reply)
        return written.refused

    def _await(self) -> None:
        """What is being written, to its end."""
        if self._sheet:
            try:
                self._sheet.result.exception(_SILENCE)
            except TimeoutError:
                raise StoreError(_SILENT) from None
            self._finish(self._sheet)

    def _wanted(self) -> Wanted:
        a = self.ahead
        return Wanted(a.window, a.edition_id if a.low else NO_EDITION, frozenset(a.aside))
