"""Long work in short transactions: none holds the write lock for longer than 50 ms (rule 23)."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter, thread_time

from sqlalchemy import Connection

from publisher.store import Store

# Far below 50 ms, for what a busy machine and its disk add.
_SECONDS = 0.015
_FIRST = 100
# SQLite works in this thread, and what it costs is known exactly. A server's work can only be waited for:
# there a slow moment must not make chunks so small that most of each is overhead.
_CLOCKS = {"sqlite": (thread_time, 10), "postgresql": (perf_counter, 500)}


class Chunks:
    """How many rows the next transaction may write: as many as the last ones show to take 15 ms.

    `most` is never exceeded.
    """

    def __init__(self, store: Store, most: int) -> None:
        self._store, self._most, self._size = store, most, _FIRST
        self._clock, self._fewest = _CLOCKS[store.dialect]

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
        fitting = rows * _SECONDS / max(self._clock() - begun, 1e-6)
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
