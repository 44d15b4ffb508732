"""Who may work, and who is alive: locks and leases between real processes, on both databases (rule 18)."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from publisher.config.mail import DeliveryPolicy
from publisher.delivering import workers
from publisher.errors import StoreError
from publisher.store import Store
from publisher.store import attempts as attempt_rows

NOW = datetime(2026, 11, 21, 6, 0, tzinfo=UTC)
LEASE = 1.0
_OPEN = """
import sys, time
from datetime import timedelta
from pathlib import Path
from publisher.store import open_store
from publisher.store.migrating import migrate
def say(text): print(text, flush=True)
store = open_store(sys.argv[1], Path(sys.argv[2]))
"""
ALONE = """
with store.alone("cut"):
    say("in")
    time.sleep(60)
"""
HOLD = f"""
with store.hold("w1", timedelta(seconds={LEASE})) as held:
    before = None
    while True:
        if held.alive() is not before:
            before = held.alive()
            say(before)
        time.sleep(0.02)
"""
MIGRATE = "say('ready'); sys.stdin.readline(); say(migrate(store))"


class Process:
    """A script in a process of its own, on one store."""

    def __init__(self, url: str, folder: Path, script: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", _OPEN + script, url, str(folder)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1,
            env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
        )  # fmt: skip

    def says(self, within: float = 30) -> str:
        """Its next line; empty when none comes in time."""
        assert self.process.stdout
        if not select.select([self.process.stdout], [], [], within)[0]:
            return ""
        return self.process.stdout.readline().strip()

    def go(self) -> None:
        assert self.process.stdin
        self.process.stdin.write("\n")

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def end(self) -> None:
        with suppress(ProcessLookupError):
            self.process.kill()
        self.process.communicate()


@pytest.fixture
def process(url: str, tmp_path: Path) -> Iterator[Callable[..., Process]]:
    made: list[Process] = []

    def start(script: str, at: str = url) -> Process:
        made.append(Process(at, tmp_path, script))
        return made[-1]

    yield start
    for each in made:
        each.end()


def soon(happens: Callable[[], bool], within: float = 20) -> bool:
    end = time.monotonic() + within
    while not happens():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def end_sessions(url: str) -> None:
    """As a server that restarts does."""
    others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    with psycopg.connect(url, autocommit=True) as stranger:
        stranger.execute(f"SELECT pg_terminate_backend(pid, 5000) {others}")


def known(store: Store) -> list[str]:
    with store.read() as tx:
        return attempt_rows.workers_known(tx)


def test_alone_keeps_a_second_process_out_until_the_first_is_killed(process: Any) -> None:
    first = process(ALONE)
    assert first.says() == "in"
    second = process(ALONE)
    assert second.says(within=1.5) == ""
    first.signal(signal.SIGKILL)
    assert second.says() == "in"


def test_alone_is_free_again_after_a_failure_and_for_other_work(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), store.alone("cut"), store.alone("gather"):
        raise ZeroDivisionError
    with store.alone("cut"):
        pass


def test_a_killed_worker_is_dead_and_a_live_one_is_not(process: Any, store: Store) -> None:
    worker = process(HOLD)
    assert worker.says() == "True"
    assert known(store) == ["w1"]
    time.sleep(LEASE * 1.5)  # it renews
    assert not store.dead("w1")
    worker.signal(signal.SIGKILL)
    assert soon(lambda: store.dead("w1"))
    workers.tidy(store, DeliveryPolicy(), NOW)
    assert known(store) == []
    assert store.dead("w1")


def test_a_worker_that_says_goodbye_leaves_nothing(store: Store) -> None:
    with workers.working(store) as held:
        assert held.alive()
        assert not store.dead(held.worker)
        assert known(store) == [held.worker]
    assert store.dead(held.worker)
    assert known(store) == []


def test_a_worker_that_stood_still_is_past_its_lease_and_is_told(
    process: Any, store: Store, database: str
) -> None:
    """Where a file lock can be asked nobody is taken for dead before it is; a lease ends by the clock."""
    worker = process(HOLD)
    assert worker.says() == "True"
    worker.signal(signal.SIGSTOP)
    if database == "sqlite":
        assert not soon(lambda: store.dead("w1"), within=LEASE * 1.5)
        worker.signal(signal.SIGCONT)
        assert worker.says(within=LEASE) == ""
    else:
        assert soon(lambda: store.dead("w1"))
        worker.signal(signal.SIGCONT)
        assert worker.says() == "False"
        time.sleep(LEASE)
        assert store.dead("w1"), "it never lives again"


@pytest.mark.postgresql
def test_a_worker_whose_session_is_lost_is_told(store: Store, url: str) -> None:
    with store.hold("w1", timedelta(seconds=LEASE)) as held:
        assert held.alive()
        end_sessions(url)
        assert soon(lambda: not held.alive(), within=LEASE * 2)
        assert store.dead("w1")


@pytest.mark.postgresql
def test_a_lock_that_was_lost_is_not_passed_over(store: Store, url: str) -> None:
    def work() -> None:
        with store.alone("cut"):
            end_sessions(url)

    with pytest.raises(StoreError, match=r"^the store cannot be used now: [^\n]+$"):
        work()


def test_two_processes_migrate_an_empty_store_at_once(
    process: Any, database: str, request: pytest.FixtureRequest
) -> None:
    empty = "sqlite:///empty/publisher.db"
    if database == "postgresql":
        empty = request.getfixturevalue("databases").create()
    both = [process(MIGRATE, empty) for _ in range(2)]
    assert [each.says() for each in both] == ["ready", "ready"]
    for each in both:
        each.go()
    # who came late found it done, or waited for who was first
    assert "True" in [each.says() for each in both]
    assert [each.process.wait(30) for each in both] == [0, 0]
