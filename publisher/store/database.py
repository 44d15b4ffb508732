"""What every store can do, whichever database is behind it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import Connection, Engine, Table, func, select
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from publisher.errors import Contended, StoreError

LEASE = timedelta(seconds=10)


class Held(Protocol):
    """A worker's proof of life, as long as it is held (rule 18)."""

    @property
    def worker(self) -> str:
        """Whose it is."""

    def alive(self) -> bool:
        """False from when others may take the worker for dead: it must then start nothing more."""


class Database(Protocol):
    """One kind of database. It raises its driver's errors; `Store` says them in a sentence."""

    engine: Engine
    folder: Path

    @property
    def errors(self) -> type[Exception]:
        """What its driver raises."""

    def reading(self) -> AbstractContextManager[Connection]:
        """A transaction that reads one snapshot."""

    def writing(self) -> AbstractContextManager[Connection]:
        """A transaction that is durable when it ends."""

    def alone(self, work: str) -> AbstractContextManager[None]:
        """A lock that the system lets go of when the process dies."""

    def hold(self, worker: str, lease: timedelta, sends: bool) -> AbstractContextManager[Held]:
        """As `Store.hold`."""

    def dead(self, worker: str) -> bool:
        """As `Store.dead`."""

    def contended(self, error: BaseException | None) -> bool:
        """Whether nothing is wrong but that another transaction was in the way."""

    def close(self) -> None:
        """As `Store.close`."""

    def complaint(self, error: BaseException | None) -> str:
        """One line about an error that is the database's and not the program's; else empty."""


class Store:
    """An open store. Readers see one snapshot; what a writer has written is seen when it is durable."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.engine, self.folder = database.engine, database.folder
        self.dialect = self.engine.dialect.name  # "sqlite" or "postgresql"

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that only reads. Raises StoreError."""
        with self._translated(), self.database.reading() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that is durable when it ends. Raises StoreError.

        On SQLite it holds the one write lock from its start. On PostgreSQL writers run side by side: what is
        read to be written again is read `FOR UPDATE`, or after `in_turn`.
        """
        with self._translated(), self.database.writing() as connection:
            yield connection

    @contextmanager
    def alone(self, work: str) -> Iterator[None]:
        """Hold the lock that lets one process at a time do this work; waits for it. Raises StoreError."""
        with self._translated(), self.database.alone(work):
            yield

    @contextmanager
    def hold(self, worker: str, lease: timedelta = LEASE, *, sends: bool = True) -> Iterator[Held]:
        """A worker's proof of life (rule 18); the name is one that no worker had before. Raises StoreError.

        With `sends` False it waits for something to send, and is only there to be seen. Where the database
        is on another machine it lasts for a lease at a time, and is renewed in good time.
        """
        with self._translated(), self.database.hold(worker, lease, sends) as held:
            yield held

    def dead(self, worker: str) -> bool:
        """Whether a worker is gone for good, or past its lease: it never lives again. Raises StoreError."""
        with self._translated():
            return self.database.dead(worker)

    def close(self) -> None:
        """Let go of every connection."""
        self.database.close()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (DBAPIError, self.database.errors) as error:
            cause = error.orig if isinstance(error, DBAPIError) else error
            if not (said := self.database.complaint(cause)):
                raise
            raise (Contended if self.database.contended(cause) else StoreError)(said) from error
        except SQLAlchemyError as error:
            raise StoreError(f"the store cannot be used: {error}") from error


def lock_key(name: str) -> int:
    """The number by which PostgreSQL knows an advisory lock."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), signed=True)


def in_turn(tx: Connection, name: str) -> None:
    """From here to the end of the transaction one at a time, for all who name this; SQLite does so anyway."""
    if tx.dialect.name == "postgresql":
        tx.execute(select(func.pg_advisory_xact_lock(lock_key(name))))


def after_writers(tx: Connection, table: Table) -> None:
    """Wait for every transaction that changes this table; none begins before this one ends."""
    if tx.dialect.name == "postgresql":
        tx.exec_driver_sql(f"LOCK TABLE {table.name} IN SHARE MODE")


def insert_new(tx: Connection, table: Table, values: Mapping[str, Any]) -> bool:
    """Insert a row unless one with its key is there, also one that somebody else inserts now; False then."""
    dialect: Any = import_module(f"sqlalchemy.dialects.{tx.dialect.name}")
    query = dialect.insert(table).values(values).on_conflict_do_nothing()
    return bool(tx.execute(query, execution_options={"preserve_rowcount": True}).rowcount)


def insert_all_new(tx: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows but those whose key is there."""
    if rows:
        dialect: Any = import_module(f"sqlalchemy.dialects.{tx.dialect.name}")
        tx.execute(dialect.insert(table).on_conflict_do_nothing(), list(rows))
