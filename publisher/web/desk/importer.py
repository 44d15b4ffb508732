"""Imports are worked on in a thread of the web's own process, where the files are that were uploaded."""

from __future__ import annotations

import logging
import threading

from publisher.app import Publisher
from publisher.errors import StoreError
from publisher.subscribing import importing

log = logging.getLogger("publisher")


class Importer:
    """Takes what was begun, one import at a time; what it leaves, a tick or the next process takes."""

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher
        self._lock = threading.Lock()
        self._halted, self._wanted = threading.Event(), False
        self._worker = threading.Thread()

    def begin(self) -> None:
        """Something may wait; returns at once."""
        with self._lock:
            self._wanted = True
            if not self._worker.is_alive() and not self._halted.is_set():
                # a daemon: what is not taken now is taken by the next process
                self._worker = threading.Thread(target=self._work, name="imports", daemon=True)
                self._worker.start()

    def wait(self, patience: float) -> bool:
        """Wait until nothing is worked on, for so many seconds; whether that is so."""
        if self._worker.ident:
            self._worker.join(patience)
        return not self._worker.is_alive()

    def close(self, patience: float) -> None:
        """Take no more, and wait for the last lines."""
        self._halted.set()
        self.wait(patience)

    def _work(self) -> None:
        p = self._publisher
        while self._goes_on():
            try:
                importing.work(p.store, p.config, p.clock, self._halted.is_set)
            except StoreError as error:
                log.warning("imports wait: %s", error)

    def _goes_on(self) -> bool:
        with self._lock:
            wanted, self._wanted = self._wanted, False
            if not wanted:
                # whoever asks from here on starts another
                self._worker = threading.Thread()
            return wanted
