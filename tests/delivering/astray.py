"""What goes wrong with a worker's sense of time, done in its process before it begins."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any


def short_lease(seconds: float) -> None:
    """It is taken for dead after so many seconds without a sign of life."""
    from publisher.store.database import Store

    hold: Any = Store.hold
    hold.__wrapped__.__defaults__ = (timedelta(seconds=seconds),)


def stops_in_mid_transaction(seconds: float) -> None:
    """It stops in its 12th group, rows locked; the server ends such a session after so many seconds."""
    import os
    import signal

    from publisher.store import attempts, postgres

    record, groups = attempts.record, itertools.count(1)

    def stopping(*given: Any) -> Any:
        done = record(*given)
        if next(groups) == 12:
            os.kill(os.getpid(), signal.SIGSTOP)
        return done

    attempts.record = stopping
    postgres._IDLE = f"{seconds:.0f}s"
    short_lease(2.0)


def newer_program(seconds: float) -> None:
    """It is of the next version: at its start it migrates the tables, in a way that this version bears."""
    from sqlalchemy import Connection

    from publisher.store import Store, migrating

    def upgrade(store: Store) -> None:
        with store.write() as tx:
            _next_tables(tx)
            tx.exec_driver_sql("UPDATE alembic_version SET oldest = '0004'")

    def _next_tables(tx: Connection) -> None:
        tx.exec_driver_sql("ALTER TABLE deliveries ADD COLUMN newer text NOT NULL DEFAULT 'x'")
        tx.exec_driver_sql("CREATE INDEX ix_newer ON deliveries (newer)")
        tx.exec_driver_sql("CREATE TABLE newer (id bigint PRIMARY KEY)")
        tx.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")

    migrating.HEAD = "9999"
    migrating.upgrade = upgrade
    short_lease(seconds)


def wrong_clock(seconds: float) -> None:
    """Its machine's clock is wrong by so much; its lease is short."""
    from publisher import app

    usual = app.utc_now
    # what a function takes by default was looked up when it was made
    app.open_publisher.__defaults__ = (lambda: usual() + timedelta(seconds=seconds),)
    short_lease(2.0)
