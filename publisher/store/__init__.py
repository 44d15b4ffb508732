"""The store: one database, short transactions. What must survive a kill is in it, and nothing else."""

from __future__ import annotations

import fcntl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, QueuePool, create_engine, event
from sqlalchemy.exc import DatabaseError, OperationalError, SQLAlchemyError

from publisher.errors import StoreError

_BUSY_MS = 30_000


class Store:
    """An open store. Readers see one snapshot; writers take turns, in this process and between processes."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.engine, self.folder = engine, folder
        # Waiting at our own lock is fair and costs nothing; waiting at SQLite's is polling.
        self._turn = threading.RLock()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that only reads. Raises StoreError."""
        with _translated(), self.engine.connect() as connection:
            connection.exec_driver_sql("BEGIN")
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that holds the write lock from its start; durable when it ends. Raises StoreError."""
        with self._turn, _translated(), self.engine.connect() as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            # if it fails, the connection rolls back on its way home; on a full disk SQLite already has
            yield connection
            connection.exec_driver_sql("COMMIT")

    @contextmanager
    def alone(self, work: str) -> Iterator[None]:
        """Hold the lock that lets one process at a time do this work; waits for it. Raises StoreError."""
        path = self.folder / f"{work}.lock"
        try:
            file = path.open("a", encoding="ascii")
        except OSError as error:
            raise StoreError(f"{path}: {error.strerror}") from None
        with file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def close(self) -> None:
        """Let go of every connection."""
        self.engine.dispose()


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except OperationalError as error:
        raise StoreError(f"the store cannot be used now: {error.orig}") from error
    except DatabaseError as error:
        if "not a database" in str(error.orig) or "malformed" in str(error.orig):
            raise StoreError(f"the store is unreadable: {error.orig}") from error
        raise
    except SQLAlchemyError as error:
        raise StoreError(f"the store cannot be used: {error}") from error


def sqlite_file(url: str, folder: Path) -> Path:
    """The file behind `sqlite:///path`; a relative path counts from the configuration's folder."""
    prefix = "sqlite:///"
    if not url.startswith(prefix) or not url.removeprefix(prefix):
        raise StoreError(f"store: expected sqlite:///path/to/file.db, got {url.split('@')[-1]!r}")
    return Path(folder, url.removeprefix(prefix))


def connect(file: Path) -> Store:
    """Open the SQLite file (made when missing), without looking at what is in it. Raises StoreError."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{file.parent}: {error.strerror}") from None
    # no limit to the pool: a thread must never wait for a connection while it holds the turn to write
    engine = create_engine(
        URL.create("sqlite", database=str(file)), poolclass=QueuePool, pool_size=8, max_overflow=-1
    )
    event.listen(engine, "connect", _prepare)
    return Store(engine, file.parent)


def _prepare(connection: Any, _record: Any) -> None:
    # The driver must not begin transactions of its own: `write` says BEGIN IMMEDIATE, or a later upgrade
    # of the lock would fail at once. FULL: an outcome that was committed survives a power cut too.
    connection.isolation_level = None
    for pragma in (f"busy_timeout={_BUSY_MS}", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")
