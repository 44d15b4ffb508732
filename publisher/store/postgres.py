"""PostgreSQL by psycopg 3: many writers, locks that belong to a session, leases by its own clock."""

from __future__ import annotations

import select
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus
from sqlalchemy import URL, Connection, Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DisconnectionError

from publisher.errors import ConfigError, Problem, StoreError
from publisher.store.database import Store, lock_key
from publisher.store.leases import Lease, worker_key

_WAIT = "30s"
_CONNECT_SECONDS = 10
# a network that keeps silent is given up after half a minute, not after hours (tcp(7))
_NETWORK = {
    "tcp_user_timeout": 30_000,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 4,
}
# A process that is stopped in mid-transaction keeps its rows locked: after so long the server ends its
# session, before others who wait for a lock give up.
_IDLE = "20s"
# Rule 17 wants a commit that outlives a power cut; whatever asks for more than `on` stays as it is.
_SESSION = """SELECT set_config('lock_timeout', '{wait}', false), set_config('TimeZone', 'UTC', false),
    set_config('idle_in_transaction_session_timeout', '{idle}', false),
    set_config('tcp_keepalives_idle', '10', false), set_config('tcp_keepalives_interval', '5', false),
    set_config('tcp_keepalives_count', '4', false),
    CASE WHEN current_setting('synchronous_commit') = 'off' THEN set_config('synchronous_commit', 'on', false)
    END"""
_UNAVAILABLE = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    psycopg.errors.IdleInTransactionSessionTimeout,
)
_DENIED = (psycopg.errors.InsufficientPrivilege, psycopg.errors.ReadOnlySqlTransaction)
_BYTES = """SELECT format('ALTER TABLE %I %s', table_name, string_agg(
        format('ALTER COLUMN %I TYPE %s COLLATE "C"', column_name,
            CASE WHEN character_maximum_length IS NULL THEN 'text'
            ELSE format('varchar(%s)', character_maximum_length) END), ', '))
    FROM information_schema.columns
    WHERE table_schema = current_schema() AND data_type IN ('text', 'character varying')
        AND table_name <> 'alembic_version' AND collation_name IS DISTINCT FROM 'C'
    GROUP BY table_name ORDER BY table_name"""


def connect(url: str, folder: Path) -> Store:
    """The store at `postgresql://…`, without looking at what is in it; `folder` is for this machine's locks.

    Raises ConfigError for an address that cannot be read, and StoreError. Neither tells a password.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{folder}: {error.strerror}") from None
    # no limit to the pool, as with SQLite: nobody waits for a connection while somebody waits for him
    engine = create_engine(
        _address(url),
        pool_size=8,
        max_overflow=-1,
        pool_use_lifo=True,
        connect_args={
            "connect_timeout": _CONNECT_SECONDS,
            "application_name": "publisher",
            **_NETWORK,
        },
    )
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "checkout", _look)
    return Store(Postgres(engine, folder))


def _address(url: str) -> URL:
    try:
        return make_url(url).set(drivername="postgresql+psycopg")
    except (ArgumentError, ValueError):
        expected = "expected postgresql://user@host:5432/database, with a password in PGPASSWORD or ~/.pgpass"
        raise ConfigError([Problem("store", expected)]) from None


def _prepare(connection: psycopg.Connection[Any], _record: Any) -> None:
    if connection.info.parameter_status("server_encoding") != "UTF8":
        raise StoreError("the store cannot be used: the database must have the encoding UTF8")
    connection.autocommit = True
    connection.execute(_SESSION.format(wait=_WAIT, idle=_IDLE))
    connection.autocommit = False


def _look(connection: psycopg.Connection[Any], _record: Any, _proxy: Any) -> None:
    """A server that ends a session says so: an idle one with something to read is replaced, unasked."""
    looking = select.poll()
    looking.register(connection.fileno(), select.POLLIN)
    if looking.poll(0):
        raise DisconnectionError


def sort_by_bytes(tx: Connection) -> None:
    """Give every text column the order of its bytes, as in SQLite: the same feeds and digests from both."""
    for statement in tx.scalars(text(_BYTES)).all():
        tx.exec_driver_sql(statement.replace("%", "%%"))


class Postgres:
    """The database of one machine or many."""

    errors = psycopg.Error

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.engine, self.folder = engine, folder
        # Several statements that must agree (rule 16) see one moment; a writer's see what others committed.
        self._snapshots = engine.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )
        self._single = engine.execution_options(isolation_level="AUTOCOMMIT")

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Sees what was there when it first read."""
        with self._snapshots.connect() as connection:
            # it locks nothing, and whoever works with what it finds may take long
            connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """READ COMMITTED: a guarded UPDATE that waited for another looks at its row again, and goes on."""
        with self.engine.connect() as connection:
            connection.begin()  # or statements that go to the driver directly would not be committed
            yield connection
            driver: Any = connection.connection.driver_connection
            if driver.info.transaction_status == TransactionStatus.INERROR:
                # COMMIT would roll back without a word
                raise StoreError("the store cannot be used: a statement failed, and nothing was written")
            connection.commit()

    @contextmanager
    def alone(self, work: str) -> Iterator[None]:
        """An advisory lock of a session of its own; PostgreSQL lets go of it when the process dies."""
        key = lock_key(f"alone {work}")
        with self._single.connect() as connection:
            try:
                connection.exec_driver_sql("SET lock_timeout = 0")
                connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": key})
                yield
                if not connection.scalar(text("SELECT pg_advisory_unlock(:key)"), {"key": key}):
                    raise StoreError(f"the lock of this {work} was lost while it ran")
                connection.exec_driver_sql(f"SET lock_timeout = '{_WAIT}'")
            except BaseException:
                # the session ends, and with it the lock, wherever this was
                connection.invalidate()
                raise

    @contextmanager
    def hold(self, worker: str, lease: timedelta, sends: bool) -> Iterator[Lease]:
        """An advisory lock, and a lease in `workers` that a thread renews."""
        with self._single.connect() as connection:
            held = Lease(connection, worker, lease, sends)
            try:
                held.begin()
                yield held
            finally:
                held.end()

    def dead(self, worker: str) -> bool:
        """Whether its lock can be had, or its lease has passed."""
        with self.engine.connect() as connection:
            free = "SELECT pg_try_advisory_xact_lock(:key)"
            if connection.scalar(text(free), {"key": worker_key(worker)}):
                return True
            late = "SELECT lease_until <= clock_timestamp() FROM workers WHERE name = :name"
            return bool(connection.scalar(text(late), {"name": worker}))

    def contended(self, error: BaseException | None) -> bool:
        """Two that locked the same rows in different orders: one of them is chosen to give way."""
        return isinstance(error, psycopg.errors.DeadlockDetected)

    def close(self) -> None:
        """Let go of every connection."""
        self.engine.dispose()

    def complaint(self, error: BaseException | None) -> str:
        """Unreachable, ended, locked, full, or without the right to."""
        if isinstance(error, (*_UNAVAILABLE, *_DENIED)):
            return f"the store cannot be used now: {' '.join(str(error).split())}"
        return ""
