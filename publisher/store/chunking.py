"""Long work in short transactions: none holds the write lock for longer than 50 ms (rule 23)."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter, thread_time

from sqlalchemy import Connection

from publisher.store import Store

_FIRST = 100
# SQLite works in this thread, so that what it costs is known exactly; the rest of 50 ms is for what a busy
# machine and its disk add. A server can only be waited for, and keeps nobody else waiting: there one slow
# moment must not make chunks so small that most of each is overhead.
_SECONDS = {"sqlite": 0.015, "postgresql": 0.03}
_FEWEST = {"sqlite": 10, "postgresql": 1000}
_CLOCKS = {"sqlite": thread_time, "postgresql": perf_counter}


class Chunks:
    """How many rows the next transaction may write: as many as fit into a fraction of 50 ms.

    `most` is never exceeded.
    """

    def __init__(self, store: Store, most: int) -> None:
        self._store, self._most, self._size = store, most, _FIRST
        self._seconds, self._fewest = _SECONDS[store.dialect], _FEWEST[store.dialect]
        self._clock = _CLOCKS[store.dialect]

    @property
    def size(self) -> int:
        """Rows for the next transaction."""
        return min(self._size, self._most)

    @contextmanager
    def write(self, rows: int) -> Iterator[Connection]:
        """A transaction that writes so many rows; the time it takes decides the next size."""
        with _without_collections(), self._store.write() as tx:
            begun = self._clock()
            yield tx
        fitting = rows * self._seconds / max(self._clock() - begun, 1e-6)
        # one slow commit says little, and one quick one too
        self._size = max(self._fewest, int(min(self.size * 2, max(self.size / 2, fitting))))


@contextmanager
def _without_collections() -> Iterator[None]:
    """Python's search for garbage takes 100 ms where there is much to look at: not while the lock is held."""
    usual = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if usual:
            gc.enable()
