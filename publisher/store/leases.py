"""The lease of a worker on PostgreSQL: a lock of its session and a row, renewed by the database's clock."""

from __future__ import annotations

import os
import socket
import threading
from contextlib import suppress
from datetime import timedelta
from time import monotonic

from sqlalchemy import Connection, text

from publisher.store.database import lock_key


def worker_key(worker: str) -> int:
    """The advisory lock of a worker."""
    return lock_key(f"worker {worker}")


class Lease:
    """The proof of life of one worker: over when it is not renewed in time, or its session is lost."""

    def __init__(self, connection: Connection, worker: str, lease: timedelta, sends: bool) -> None:
        self.worker = worker
        self._connection, self._lease, self._sends = connection, lease, sends
        self._until, self._lost, self._ended = 0.0, False, threading.Event()
        self._thread = threading.Thread(target=self._renewing, name=f"lease of {worker}", daemon=True)

    def alive(self) -> bool:
        """Whether the lease stands, by a clock that started before the database's."""
        return not self._lost and monotonic() < self._until

    def begin(self) -> None:
        """Take the lock, write the row, and renew it from now on."""
        asked = monotonic()
        self._connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": worker_key(self.worker)})
        row = {"name": self.worker, "host": socket.gethostname(), "pid": os.getpid()}
        row |= {"sends": self._sends, "lease": self._lease}
        now = "clock_timestamp()"
        insert = "INSERT INTO workers (name, host, pid, sends, begun_at, lease_until)"
        values = f"VALUES (:name, :host, :pid, :sends, {now}, {now} + :lease)"
        self._connection.execute(text(f"{insert} {values}"), row)
        self._until = asked + self._lease.total_seconds()
        self._thread.start()

    def _renewing(self) -> None:
        while not self._ended.wait(self._lease.total_seconds() / 3):
            try:
                self._renew()
            except Exception:
                # with the session the lock is gone too: others may have taken it for dead already
                self._lost = True
            if self._lost:
                return

    def _renew(self) -> None:
        asked = monotonic()
        # one that is past its lease stays so: somebody may have settled what it had started
        renewed = self._connection.execute(
            text(
                "UPDATE workers SET lease_until = clock_timestamp() + :lease"
                " WHERE name = :name AND lease_until > clock_timestamp()"
            ),
            {"name": self.worker, "lease": self._lease},
        )
        if renewed.rowcount:
            self._until = asked + self._lease.total_seconds()
        else:
            self._lost = True

    def end(self) -> None:
        """Take the row away and let go of the lock, as far as the database can still be reached."""
        self._ended.set()
        if self._thread.ident:
            self._thread.join(1.0)
        if not self._thread.is_alive() and not self._connection.invalidated:
            with suppress(Exception):
                gone = text("DELETE FROM workers WHERE name = :name")
                self._connection.execute(gone, {"name": self.worker})
                free = text("SELECT pg_advisory_unlock(:key)")
                self._connection.execute(free, {"key": worker_key(self.worker)})
        self._connection.invalidate()
