"""The store fails in mid-send: one line, nothing more leaves, and later everybody gets theirs once."""

from __future__ import annotations

import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from forking import Forked
from mail_sink import FINE
from sqlalchemy import event

from publisher.errors import Contended, StoreError
from publisher.store import attempts

PEOPLE, CONNECTIONS = 120, 2
PIPELINING = ("PIPELINING",)


@contextmanager
def locked(m: Any) -> Iterator[None]:
    """Somebody else writes for longer than we wait."""
    file = m.publisher.store.folder / "publisher.db"
    other = sqlite3.connect(file, timeout=5, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


@contextmanager
def read_only(m: Any) -> Iterator[None]:
    """The file system was mounted anew, without the right to write."""
    event.listen(m.publisher.store.engine, "begin", _forbid)
    try:
        yield
    finally:
        event.remove(m.publisher.store.engine, "begin", _forbid)
        event.listen(m.publisher.store.engine, "begin", _allow)


def _forbid(connection: Any) -> None:
    connection.connection.driver_connection.execute("PRAGMA query_only = ON")


def _allow(connection: Any) -> None:
    connection.connection.driver_connection.execute("PRAGMA query_only = OFF")


def _impatient(connection: Any) -> None:
    connection.connection.driver_connection.execute("PRAGMA busy_timeout = 200")


@pytest.mark.sqlite
@pytest.mark.parametrize(("fault", "says"), [(locked, "locked"), (read_only, "readonly")])
def test_a_store_that_fails_in_mid_send_stops_it_and_loses_nobody(
    mailing: Callable[..., Any], fault: Any, says: str
) -> None:
    m = mailing(people=PEOPLE, connections=CONNECTIONS)
    m.sink.offers = PIPELINING
    event.listen(m.publisher.store.engine, "begin", _impatient)
    begun: list[Any] = []
    before: list[int] = []

    def answer(recipient: str) -> str:
        if len(m.sink.kept) >= 10 and not begun:
            begun.append(fault(m))
            begun[0].__enter__()  # another's lock is had only when the ledger lets go of it for a moment
            before.append(len(m.sink.kept))
        return FINE

    m.sink.answer = answer
    with pytest.raises(StoreError, match=says) as failed:
        m.deliver()
    assert len(str(failed.value).splitlines()) == 1
    assert len(m.sink.kept) <= before[0] + 2 * CONNECTIONS
    begun[0].__exit__(None, None, None)
    m.deliver()
    arrived = m.sink.recipients
    assert len(arrived) == len(set(arrived))
    assert set(m.rows("sent")) <= set(arrived) <= set(m.rows("sent")) | set(m.rows("unknown"))
    assert set(m.rows()) == set(m.rows("sent")) | set(m.rows("unknown"))
    assert len(m.rows("unknown")) <= 2 * CONNECTIONS
    m.check_events()


def test_a_group_that_had_to_give_way_is_written_again(
    mailing: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    m = mailing(people=30, connections=CONNECTIONS)
    record, groups = attempts.record, iter(range(1000))

    def now_and_then(*arguments: Any) -> Any:
        refused = record(*arguments)
        if next(groups) % 3:
            raise Contended("deadlock detected")  # and what was written is taken back
        return refused

    monkeypatch.setattr(attempts, "record", now_and_then)
    m.deliver()
    assert m.counts() == {"sent": 30}
    assert len(m.sink.recipients) == len(set(m.sink.recipients)) == 30
    m.check_events()


def test_a_send_beside_a_running_run_takes_nothing_from_it(mailing: Callable[..., Any], clock: Any) -> None:
    clock.now = datetime.now(UTC)
    m = mailing(people=400, connections=CONNECTIONS)
    m.sink.offers, m.sink.delay = PIPELINING, 0.005
    folder = m.publisher.config.output.path.parent
    run = Forked(["run", "--port", "0"], cwd=folder, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)
    m.sink.wait_for(5)
    send = Forked(["send", "daily/1"], cwd=folder, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)
    _, said = send.communicate(timeout=60)
    assert send.returncode == 0, said
    until = time.monotonic() + 30
    while m.counts() != {"sent": 400} and time.monotonic() < until:
        time.sleep(0.05)
    run.terminate()
    run.communicate(timeout=30)
    assert m.counts() == {"sent": 400}
    assert sorted(m.sink.recipients) == sorted(m.rows())
    m.check_events()
