"""When sessions were last used: kept in memory and written once a minute, so that a GET changes nothing."""

from __future__ import annotations

import logging
import threading
from datetime import datetime

from publisher.errors import StoreError
from publisher.store import Store, credentials

log = logging.getLogger("publisher")


class Used:
    """Session to the moment of its last request to this process."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self.moments: dict[int, datetime] = {}
        self._fresh: dict[int, datetime] = {}
        self._writer = threading.Thread()

    def note(self, session_id: int, now: datetime) -> None:
        """It is used now."""
        with self._lock:
            self.moments[session_id] = self._fresh[session_id] = now

    def flush_aside(self) -> None:
        """Write down what came since the last time; waits for nothing."""
        if not self._writer.is_alive() and self._fresh:
            # a daemon: a store that never answers must not keep the process from ending
            self._writer = threading.Thread(target=self.flush, name="sessions", daemon=True)
            self._writer.start()

    def close(self, patience: float) -> None:
        """Write down the rest, if the store takes it within so many seconds."""
        self.flush_aside()
        if self._writer.is_alive():
            self._writer.join(patience)

    def flush(self) -> None:
        """Write it down. What is not taken now is taken the next time."""
        with self._lock:
            fresh, self._fresh = self._fresh, {}
            # what was written need not be remembered; a session that is used goes on being noted
            self.moments = dict(fresh)
        try:
            with self._store.write() as tx:
                credentials.seen(tx, fresh)
        except StoreError as error:
            log.warning("when sessions were used is kept in memory: %s", error)
            with self._lock:
                self._fresh = fresh | self._fresh
