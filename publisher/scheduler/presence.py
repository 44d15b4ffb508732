"""A worker is seen while it waits, too: a row of its own, for as long as its process lives."""

from __future__ import annotations

import os
import secrets
import threading
from contextlib import ExitStack

from publisher.store import Held, Store


class Presence:
    """The proof of life of a process that sends whenever something is due."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._held: Held | None = None
        self._stack, self._turn, self._ended = ExitStack(), threading.Lock(), False

    def keep(self) -> None:
        """Be there; anew, where the store was away for longer than a lease. Raises StoreError."""
        with self._turn:
            if self._ended or (self._held and self._held.alive()):
                return
            self._held = None
            self._stack.close()
            name = f"{os.getpid()}-{secrets.token_hex(4)}"
            self._held = self._stack.enter_context(self._store.hold(name, sends=False))

    def end(self) -> None:
        """Be there no more, and never again."""
        with self._turn:
            self._ended, self._held = True, None
            self._stack.close()
