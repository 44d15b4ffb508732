"""Checkpoints of SQLite's write-ahead log, in a thread of their own: no commit waits for one.

https://www.sqlite.org/wal.html#ckpt: left to itself, every thousandth page of the log makes a commit copy all
of them back into the file, with the write lock in its hand.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing, suppress

AUTOCHECKPOINT_PAGES = 8_000  # 32 MB, where a process writes faster than its thread comes to it
_REST_SECONDS = 0.25
_PASSIVE = "PRAGMA wal_checkpoint(PASSIVE)"


class Checkpoints:
    """Begins with the first commit, and looks four times a second whether there were more."""

    def __init__(self, connect: Callable[[], sqlite3.Connection], turn: threading.RLock) -> None:
        self._connect, self._turn = connect, turn
        self._written, self._ended = False, threading.Event()
        self._thread: threading.Thread | None = None

    def written(self) -> None:
        """There was a commit."""
        # a plain value: this is done at every commit, and a Ctrl-C in it must leave no lock behind
        self._written = True
        if self._thread is None:
            thread = threading.Thread(target=self._work, name="checkpoints", daemon=True)
            with suppress(RuntimeError):  # the system gives no more threads: the next commit asks again
                thread.start()
                self._thread = thread

    def end(self) -> None:
        """No more checkpoints: whoever closes a file last makes one."""
        self._ended.set()
        if self._thread:
            self._thread.join()

    def _work(self) -> None:
        with suppress(sqlite3.Error), closing(self._connect()) as connection:
            while not self._ended.wait(_REST_SECONDS):
                if not self._written:
                    continue
                self._written = False
                with suppress(sqlite3.OperationalError):  # locked or full: a commit will say so, or the next
                    connection.execute(_PASSIVE)
                    # what came meanwhile is little; without it the log would never begin anew, and only grow
                    with self._turn:
                        connection.execute(_PASSIVE)
