"""Several workers on one PostgreSQL: killed, frozen, with wrong clocks, and with the database gone."""

from __future__ import annotations

import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import astray
import psycopg
import pytest
from forking import Forked
from mail_sink import FINE
from postgres_server import Server

CONNECTIONS, LEASE, OUTAGES = 2, 2.0, 4
pytestmark = pytest.mark.postgresql


@pytest.fixture
def today(clock: Any) -> None:
    """The time that other processes tell."""
    clock.now = datetime.now(UTC)


@contextmanager
def working(m: Any, *kinds: tuple[str, float]) -> Iterator[list[Forked]]:
    """So many `publisher worker`s, each begun by a function above with its argument."""
    folder = m.publisher.store.folder.parent
    options: dict[str, Any] = {"cwd": folder, "stdout": subprocess.DEVNULL, "stderr": subprocess.STDOUT}
    processes = [Forked(["worker"], first=(astray.__file__, *kind), text=True, **options) for kind in kinds]
    try:
        yield processes
    finally:
        for process in processes:
            process.send_signal(signal.SIGCONT)
            process.send_signal(signal.SIGTERM)
        for process in processes:
            process.wait(timeout=30)


def slow_until_both_are_there(m: Any) -> Callable[[str], str]:
    """Answers that come when a second worker has connected, too."""

    def answer(_: str) -> str:
        until(lambda: m.sink.sessions > CONNECTIONS)
        return FINE

    return answer


def until(there: Callable[[], Any], seconds: float = 40) -> None:
    end = time.monotonic() + seconds
    while not there():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.05)


def settled(m: Any) -> bool:
    return not {"queued", "sending", "deferred"} & m.counts().keys()


def judge(m: Any, unknown: int) -> None:
    """The guarantee, by the server's own book."""
    kept, called = m.sink.recipients, set(m.rows("unknown"))
    assert len(kept) == len(set(kept)), "nobody gets two copies"
    assert set(m.rows("sent")) <= set(kept), "what is called sent has arrived"
    assert set(m.rows()) == set(m.rows("sent")) | called, "nobody is lost"
    assert set(kept) - set(m.rows("sent")) <= called
    assert len(called) <= unknown
    m.check_events()


@pytest.mark.usefixtures("today")
def test_the_rows_of_a_killed_worker_are_taken_up_within_ten_seconds(mailing: Callable[..., Any]) -> None:
    m = mailing(people=400, connections=CONNECTIONS)
    m.sink.delay, m.sink.answer = 0.02, slow_until_both_are_there(m)
    with working(m, ("short_lease", 10.0), ("short_lease", 10.0)) as (one, _):
        m.sink.wait_for(30)
        until(lambda: len({r.worker for r in m.rows("sent").values()}) == 2)
        one.kill()
        killed = time.monotonic()
        until(lambda: settled(m))
        assert time.monotonic() - killed < 20
        gaps = [b[2] - a[2] for a, b in zip(m.sink.kept, m.sink.kept[1:], strict=False)]
        assert max(gaps) < 10, "work goes on meanwhile"
    judge(m, CONNECTIONS * 2)


@pytest.mark.usefixtures("today")
def test_a_worker_that_was_frozen_past_its_lease_starts_nothing_more(mailing: Callable[..., Any]) -> None:
    m = mailing(people=300, connections=CONNECTIONS)
    m.sink.delay, m.sink.answer = 0.02, slow_until_both_are_there(m)
    with working(m, ("short_lease", LEASE), ("short_lease", LEASE)) as (one, _):
        until(lambda: len({r.worker for r in m.rows("sent").values()}) == 2)
        one.send_signal(signal.SIGSTOP)
        until(lambda: settled(m))
        one.send_signal(signal.SIGCONT)
        time.sleep(1)
    judge(m, CONNECTIONS * 2)


@pytest.mark.usefixtures("today")
def test_a_worker_that_stops_with_rows_locked_keeps_nobody_waiting_for_long(
    mailing: Callable[..., Any],
) -> None:
    m = mailing(people=300, connections=CONNECTIONS)
    m.sink.delay, m.sink.answer = 0.02, slow_until_both_are_there(m)
    with working(m, ("stops_in_mid_transaction", 3.0), ("short_lease", LEASE)) as (one, _):
        until(lambda: Path(f"/proc/{one.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T")
        began = time.monotonic()
        until(lambda: settled(m))
        assert time.monotonic() - began < 20
        one.send_signal(signal.SIGCONT)
        time.sleep(1)
    judge(m, CONNECTIONS * 2)


@pytest.mark.usefixtures("today")
def test_clocks_that_are_an_hour_wrong_lose_nobody_and_send_nobody_two(mailing: Callable[..., Any]) -> None:
    m = mailing(people=300, connections=CONNECTIONS)
    m.sink.delay = 0.01
    with working(m, ("wrong_clock", 3600.0), ("wrong_clock", -3600.0), ("short_lease", LEASE)) as processes:
        m.sink.wait_for(20)
        processes[0].kill()
        until(lambda: settled(m))
    judge(m, CONNECTIONS * 2)


@pytest.mark.usefixtures("today")
def test_a_database_that_goes_away_for_a_while_is_waited_for(mailing: Callable[..., Any]) -> None:
    m = mailing(people=300, connections=CONNECTIONS)
    m.sink.delay = 0.02
    url = m.publisher.config.store
    with psycopg.connect(url, autocommit=True) as here:
        name, here_pid = here.info.dbname, here.info.backend_pid
        with working(m, ("short_lease", LEASE), ("short_lease", LEASE)) as processes:
            m.sink.wait_for(30)
            gone = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> %s"
            for _ in range(OUTAGES):
                here.execute(gone, (name, here_pid))
                time.sleep(1)
            m.publisher.store.engine.dispose()
            until(lambda: settled(m), 60)
            assert all(process.poll() is None for process in processes), "nobody gave up"
    judge(m, 2 * CONNECTIONS * len(processes) * OUTAGES)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A PostgreSQL of our own, which may be ended in the middle of a test."""
    with tempfile.TemporaryDirectory(prefix="pg-", dir="/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)
        server = Server(folder)
        assert server.answer.startswith("postgresql://"), server.answer
        yield server
        server.end()


@pytest.fixture
def own_store(server: Server) -> str:
    """An empty database on it."""
    with psycopg.connect(server.answer, autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS own WITH (FORCE)")
        connection.execute("CREATE DATABASE own")
    return server.answer.replace("/postgres?", "/own?")


@pytest.mark.usefixtures("today")
def test_a_server_that_crashes_in_mid_send_and_comes_back_is_waited_for(
    mailing: Callable[..., Any], server: Server, own_store: str
) -> None:
    m = mailing(people=400, connections=CONNECTIONS, store=own_store)
    m.sink.delay, m.sink.answer = 0.02, slow_until_both_are_there(m)
    with working(m, ("short_lease", LEASE), ("short_lease", LEASE)) as processes:
        for crash in range(2):
            m.sink.wait_for(60 * (crash + 1))
            server.end()
            time.sleep(2 * crash)
            assert server.begin()
        m.publisher.store.engine.dispose()
        until(lambda: settled(m), 60)
        assert all(process.poll() is None for process in processes), "nobody gave up"
    judge(m, 2 * CONNECTIONS * len(processes) * 2)


@pytest.mark.usefixtures("today")
def test_old_and_new_workers_side_by_side_across_a_migration(
    mailing: Callable[..., Any], own_store: str
) -> None:
    m = mailing(people=400, connections=CONNECTIONS, store=own_store)
    m.sink.delay = 0.02
    with working(m, ("short_lease", LEASE)) as (old,):
        m.sink.wait_for(30)
        with working(m, ("newer_program", LEASE)) as (new,):
            until(lambda: len({r.worker for r in m.rows("sent").values()}) == 2)
            assert m.sql("SELECT version_num FROM alembic_version") == [("9999",)]
            new.kill()
            with working(m, ("short_lease", LEASE)) as (another,):
                until(lambda: len({r.worker for r in m.rows("sent").values()}) == 3)
                until(lambda: settled(m))
                assert (old.poll(), another.poll()) == (None, None)
    judge(m, 2 * CONNECTIONS)


@pytest.mark.usefixtures("today")
def test_the_rate_is_that_of_all_workers_together(mailing: Callable[..., Any], sink: Any) -> None:
    smtp = {"host": "127.0.0.1", "port": sink.port, "security": "none", "rate": "40/s", "connections": 2}
    m = mailing(people=240, mail={"transport": "smtp", "smtp": smtp})
    with working(m, ("short_lease", LEASE), ("short_lease", LEASE)):
        until(lambda: settled(m))
    judge(m, 0)
    assert len({row.worker for row in m.rows().values()}) == 2
    times = [at for _, _, at in m.sink.kept]
    later = [at for at in times if at > times[0] + 2]  # until they have heard of each other
    busiest = max(sum(at <= t < at + 1 for t in later) for at in later)
    assert busiest <= 40 * 1.15 + 2
    assert len(later) / (later[-1] - later[0]) > 30, "and they make use of it"


@pytest.mark.usefixtures("today")
def test_a_slot_that_four_schedulers_find_due_is_one_edition(
    publication: Callable[..., Any], post: Callable[..., str], tmp_path: Any
) -> None:
    from publisher import gathering, subscribing
    from publisher.store import editions
    from publisher.subscribing.taking import Register

    p = publication(articles={"ferry.md": post("The ferry")})
    gathering.gather(p.store, p.config, p.clock())
    hour = datetime.now(UTC) - timedelta(hours=1)
    with p.store.write() as tx:
        register = Register(tx, p.config, ["ada@example.org"], p.clock() - timedelta(days=2))
        register.take(subscribing.Choice("ada@example.org", "daily", "confirmed", hour=hour.hour, zone="UTC"))
        register.flush()
    options: dict[str, Any] = {"cwd": p.store.folder.parent, "text": True}
    options |= {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    ticks = [Forked(["tick", "--json"], **options) for _ in range(4)]
    said = [process.communicate(timeout=60) for process in ticks]
    assert [process.returncode for process in ticks] == [0] * 4, said
    with p.store.read() as tx:
        assert [edition.name for edition in editions.listed(tx)] == ["daily/1"]
    assert sum(out.count('"edition": "daily/1"') for out, _ in said) == 1
