"""SQLite: one file, one writer at a time, and locks that are files beside it."""

from __future__ import annotations

import fcntl
import os
import socket
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, QueuePool, create_engine, event, func
from sqlalchemy.exc import SQLAlchemyError

from publisher.errors import StoreError
from publisher.store.checkpointing import AUTOCHECKPOINT_PAGES, Checkpoints
from publisher.store.database import Store
from publisher.store.schema import workers

_BUSY_MS = 30_000
_PRAGMAS = (
    *(f"busy_timeout={_BUSY_MS}", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"),
    f"wal_autocheckpoint={AUTOCHECKPOINT_PAGES}",
)
_PREFIX = "sqlite:///"
_UNREADABLE = ("not a database", "malformed")


def sqlite_file(url: str, folder: Path) -> Path:
    """The file behind `sqlite:///path`; a relative path counts from the configuration's folder."""
    if not url.startswith(_PREFIX) or not url.removeprefix(_PREFIX):
        raise StoreError(f"store: expected sqlite:///path/to/file.db, got {url.partition('/')[0][:20]!r}")
    return Path(folder, url.removeprefix(_PREFIX))


def connect(file: Path) -> Store:
    """Open the SQLite file (made when missing), without looking at what is in it. Raises StoreError."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{file.parent}: {error.strerror}") from None
    if not file.exists():
        with suppress(OSError):  # what is wrong is said when it is opened
            file.touch(mode=0o600)  # it holds every address, and the keys of all links
    # no limit to the pool: a thread must never wait for a connection while it holds the turn to write
    engine = create_engine(
        URL.create("sqlite", database=str(file)), poolclass=QueuePool, pool_size=8, max_overflow=-1
    )
    event.listen(engine, "connect", _prepare)
    return Store(Sqlite(engine, file.parent))


def _prepare(connection: Any, _record: Any) -> None:
    # The driver must not begin transactions of its own: `writing` says BEGIN IMMEDIATE, or a later upgrade
    # of the lock would fail at once. FULL: an outcome that was committed survives a power cut too.
    connection.isolation_level = None
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


@dataclass(frozen=True, slots=True)
class FileLock:
    """The lock of a live process: the system takes it away from a dead one, and from nobody else."""

    worker: str

    def alive(self) -> bool:
        """Always: nobody takes it for dead before it is."""
        return True


class Sqlite:
    """The database of one machine."""

    errors = sqlite3.Error

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.engine, self.folder = engine, folder
        # Waiting at our own lock is fair and costs nothing; waiting at SQLite's is polling.
        self._turn = threading.RLock()
        self._writer: Connection | None = None
        self._checkpoints = Checkpoints(self._single, self._turn)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Sees what was there when it first read."""
        with self.engine.connect() as connection:
            connection.exec_driver_sql("BEGIN")
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Holds the write lock from its start."""
        with self._turn:
            # a sender commits thousands of times a minute: its connection is kept, and told so directly
            connection, self._writer = self._writer or self.engine.connect(), None
            try:
                with connection.begin():
                    driver: Any = connection.connection.driver_connection
                    driver.execute("BEGIN IMMEDIATE")
                    yield connection
                    driver.execute("COMMIT")
            except BaseException:
                # it rolls back on its way home; on a full disk SQLite already has
                connection.close()
                raise
            self._writer = connection
            self._checkpoints.written()

    def _single(self) -> sqlite3.Connection:
        """A connection outside of the pool."""
        connection = sqlite3.connect(str(self.engine.url.database))
        _prepare(connection, None)
        return connection

    def close(self) -> None:
        """Let go of every connection."""
        self._checkpoints.end()
        with self._turn:
            if self._writer:
                self._writer.close()
            self._writer = None
        self.engine.dispose()

    @contextmanager
    def alone(self, work: str) -> Iterator[None]:
        """A lock on a file beside the store."""
        path = self.folder / f"{work}.lock"
        try:
            file = path.open("a", encoding="ascii")
        except OSError as error:
            raise StoreError(f"{path}: {error.strerror}") from None
        with file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    @contextmanager
    def hold(self, worker: str, lease: timedelta, sends: bool) -> Iterator[FileLock]:  # noqa: ARG002
        """The lock is what counts; the row in `workers` is there to be looked at."""
        file = self._file(worker)
        try:
            file.parent.mkdir(exist_ok=True)
            lock = file.open("w", encoding="ascii")
        except OSError as error:
            raise StoreError(f"{file}: {error.strerror}") from None
        with lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            try:
                self._announce(worker, sends)
                yield FileLock(worker)
            finally:
                file.unlink(missing_ok=True)
                with suppress(SQLAlchemyError, sqlite3.Error), self.writing() as tx:
                    tx.execute(workers.delete().where(workers.c.name == worker))

    def _announce(self, worker: str, sends: bool) -> None:
        now = func.current_timestamp()
        row = {"name": worker, "host": socket.gethostname(), "pid": os.getpid(), "sends": sends}
        with self.writing() as tx:
            tx.execute(workers.insert().values(**row, begun_at=now, lease_until=now))

    def _file(self, worker: str) -> Path:
        return self.folder / "workers" / f"{worker}.lock"

    def dead(self, worker: str) -> bool:
        """Whether its lock is free; the file of a dead one is cleared away."""
        file = self._file(worker)
        try:
            with file.open("r+", encoding="ascii") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                file.unlink(missing_ok=True)
        except FileNotFoundError:
            return True
        except OSError:  # held by a live process, or not ours to look at
            return False
        return True

    def contended(self, error: BaseException | None) -> bool:  # noqa: ARG002
        """Never: writers wait for each other."""
        return False

    def complaint(self, error: BaseException | None) -> str:
        """Locked, full, read-only, or no database at all."""
        if isinstance(error, sqlite3.OperationalError):
            return f"the store cannot be used now: {error}"
        unreadable = isinstance(error, sqlite3.DatabaseError) and any(w in str(error) for w in _UNREADABLE)
        return f"the store is unreadable: {error}" if unreadable else ""
