"""A store to oneself: one transaction, while which nobody else has it open, on any machine."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from sqlalchemy import Connection, StaticPool, create_engine, text
from sqlalchemy.exc import OperationalError

from publisher.errors import Refused
from publisher.store.database import Store
from publisher.store.schema import metadata

_PATIENCE = 2.0  # a process that has just ended is still seen for a moment
_LOOK_SECONDS = 0.05
_LOCKED = "55P03"  # lock_not_available
_OTHERS = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    " AND application_name = 'publisher' AND pid <> pg_backend_pid()"
)


@contextmanager
def nobody_else(store: Store, name: str) -> Iterator[Connection]:
    """A transaction beside which nobody can read or write; durable when it ends, nothing if it fails.

    Who comes meanwhile waits for its end. Lets go of the connections that `store` has. `name` is what the
    store is called in a sentence. Raises Refused where somebody has the store open, and StoreError.
    """
    store.close()
    if store.dialect == "sqlite":
        file = Path(str(store.engine.url.database))
        with store.alone(f"{file.name}.copy"), _file(file, name) as tx:
            yield tx
    else:
        with store.write() as tx:
            _tables(tx, name)
            yield tx


@contextmanager
def _file(file: Path, name: str) -> Iterator[Connection]:
    with closing(sqlite3.connect(file, isolation_level=None, timeout=_PATIENCE)) as driver:
        engine = create_engine("sqlite://", creator=lambda: driver, poolclass=StaticPool)
        with engine.connect() as connection:  # before anything begins: it rolls back what it finds
            _lock(driver, name)
            yield connection
            driver.execute("COMMIT")
        with suppress(sqlite3.OperationalError):
            # as every connection wants it: two that come at once need not change it
            driver.execute("PRAGMA journal_mode=WAL").fetchone()


def _lock(driver: sqlite3.Connection, name: str) -> None:
    try:
        # leaving the log is possible only for the last connection: an idle process is noticed too
        driver.execute("PRAGMA journal_mode=DELETE").fetchone()
        driver.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError as error:
        if "locked" not in str(error):
            raise
        raise _in_use(name) from None


def _tables(tx: Connection, name: str) -> None:
    """Whoever is past its first look at the store has a session; whoever is not waits at these locks."""
    _no_sessions(tx, name)
    # one store waits for minutes while the other works
    for limit in ("statement_timeout", "idle_in_transaction_session_timeout"):
        tx.exec_driver_sql(f"SET LOCAL {limit} = 0")
    tx.exec_driver_sql(f"SET LOCAL lock_timeout = '{_PATIENCE * 1000:.0f}ms'")
    try:
        tx.exec_driver_sql(f"LOCK TABLE {', '.join(metadata.tables)} IN ACCESS EXCLUSIVE MODE")
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", "") != _LOCKED:
            raise
        raise _in_use(name) from None
    _no_sessions(tx, name)


def _no_sessions(tx: Connection, name: str) -> None:
    until = time.monotonic() + _PATIENCE
    while tx.scalar(_OTHERS):
        if time.monotonic() > until:
            raise _in_use(name)
        time.sleep(_LOOK_SECONDS)
        tx.execute(text("SELECT pg_stat_clear_snapshot()"))


def _in_use(name: str) -> Refused:
    return Refused(f"{name} is in use: stop `publisher run`, `serve`, `worker` and every command on it")
