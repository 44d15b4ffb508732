"""What is PostgreSQL's own: addresses, passwords, sessions that end, and writers side by side."""

from __future__ import annotations

import socket
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DataError

import publisher.store
from publisher import subscribing
from publisher.app import Publisher
from publisher.cli import _run
from publisher.errors import ConfigError, Contended, StoreError
from publisher.store import Store, after_writers, clock, in_turn, open_store, subscribers
from publisher.store.schema import deliveries, schedule

NOW = datetime(2026, 11, 21, 6, 0, tzinfo=UTC)
pytestmark = pytest.mark.postgresql


def together(*acts: Callable[[], Any]) -> list[Any]:
    """What each of these returns when all are done at once."""
    found: dict[int, Any] = {}
    ready = threading.Barrier(len(acts))

    def act(number: int) -> None:
        ready.wait()
        found[number] = acts[number]()

    threads = [threading.Thread(target=act, args=(n,)) for n in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return [found[n] for n in range(len(acts))]


def closed_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def test_of_two_that_lock_each_other_out_one_is_told_that_it_may_try_again(store: Store) -> None:
    with store.write() as tx:
        for name in ("a", "b"):
            clock.remember(tx, name, "0", NOW)
    both = threading.Barrier(2)

    def writes(first: str, then: str) -> str:
        try:
            with store.write() as tx:
                clock.remember(tx, first, "1", NOW)
                both.wait(10)
                clock.remember(tx, then, "1", NOW)
        except Contended as error:
            return str(error)
        return ""

    told = together(lambda: writes("a", "b"), lambda: writes("b", "a"))
    assert sorted(map(bool, told)) == [False, True]
    assert "deadlock detected" in "".join(told)


def test_a_server_that_is_down_is_one_line_and_no_password(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    address = f"postgresql://courier:hunter2@127.0.0.1:{closed_port()}/courier?sslpassword=hunter2"
    config = tmp_path / "config.yaml"
    config.write_text(f"publication:\n  url: https://courier.example\nstore: {address}\n")
    for command in ("status", "gather", "deliver", "migrate"):
        assert _run(["--config", str(config), command]) == 74
        out, err = capsys.readouterr()
        assert (out, err.count("\n")) == ("", 1), err
        assert "hunter2" not in err
    for flags in ([], ["--json"]):
        assert _run(["--config", str(config), "check", "--show", *flags]) == 0
        out, err = capsys.readouterr()
        assert "courier:***@127.0.0.1" in out
        assert "hunter2" not in out + err


@pytest.mark.parametrize(
    "address", ["postgresql://me:hunter2@host:port/db", "postgresql://me:hunter2@[::1/db"]
)
def test_an_address_that_cannot_be_read(tmp_path: Path, address: str) -> None:
    with pytest.raises(ConfigError) as error:
        open_store(address, tmp_path)
    assert "expected postgresql://user@host" in str(error.value)
    assert "hunter2" not in str(error.value)


def test_a_role_that_may_not_is_one_line(url: str, tmp_path: Path) -> None:
    stranger = open_store(url.replace("postgres@", "nobody-here:hunter2@"), tmp_path)
    one_line = r"^the store cannot be used now: [^\n]*nobody-here[^\n]*$"
    with pytest.raises(StoreError, match=one_line) as error, stranger.read():
        pass
    assert "hunter2" not in str(error.value)
    stranger.close()


def test_without_the_driver_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    monkeypatch.delitem(sys.modules, "publisher.store.postgres")
    monkeypatch.delattr(publisher.store, "postgres")
    with pytest.raises(ConfigError, match=r"pip install 'publisher\[postgres\]'"):
        open_store("postgresql:///courier", tmp_path)


def test_a_server_that_was_restarted_does_not_break_the_next_command(store: Store, url: str) -> None:
    with store.write() as tx:
        clock.remember(tx, "one", "x", NOW)
    with psycopg.connect(url, autocommit=True) as stranger:
        stranger.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    with store.read() as tx:
        assert clock.remembered(tx, "one") == "x"


def test_a_session_that_ends_in_a_transaction_is_one_line_and_nothing_is_written(store: Store) -> None:
    def work() -> None:
        with store.write() as tx:
            clock.remember(tx, "one", "x", NOW)
            tx.exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())")

    with pytest.raises(StoreError, match=r"^the store cannot be used now: [^\n]+$"):
        work()
    with store.read() as tx:
        assert clock.remembered(tx, "one") == ""


def test_a_statement_that_failed_in_silence_is_no_commit(store: Store) -> None:
    def work() -> None:
        with store.write() as tx:
            clock.remember(tx, "one", "x", NOW)
            with suppress(DataError):
                tx.exec_driver_sql("SELECT 1 / 0")

    with pytest.raises(StoreError, match="nothing was written"):
        work()


def test_a_commit_outlives_a_power_cut_whatever_the_server_says(url: str, tmp_path: Path) -> None:
    lax = open_store(f"{url}&options=-csynchronous_commit%3Doff", tmp_path)
    with lax.write() as tx:
        assert tx.scalar(text("SHOW synchronous_commit")) == "on"
    lax.close()


def test_a_reader_cannot_write(store: Store) -> None:
    with pytest.raises(StoreError, match="read-only"), store.read() as tx:
        tx.execute(schedule.delete())


def test_text_sorts_by_its_bytes(store: Store) -> None:
    other = """SELECT table_name, column_name FROM information_schema.columns
        WHERE table_schema = 'public' AND data_type IN ('text', 'character varying')
        AND table_name <> 'alembic_version' AND collation_name IS DISTINCT FROM 'C'"""
    with store.write() as tx:
        assert tx.execute(text(other)).all() == []
        for name in ("b", "a-c", "B", "ä", "ab"):
            clock.remember(tx, name, "", NOW)
        names = select(schedule.c.name).order_by(schedule.c.name)
        assert list(tx.scalars(names)) == ["B", "a-c", "ab", "b", "ä"]


def test_what_is_due_for_two_is_due_once(store: Store) -> None:
    def look() -> bool:
        with store.write() as tx:
            return clock.due(tx, "gather", timedelta(minutes=5), NOW + timedelta(minutes=5 * turn))

    def advance() -> bool:
        with store.write() as tx:
            return clock.advance_slot(tx, "cut", f"2026-11-{turn + 10}", NOW)

    for turn in range(8):
        assert sorted(together(look, look, look)) == [False, False, True]
        assert sum(together(advance, advance, advance)) == (1 if turn else 0)


def test_an_address_that_two_suppress_is_suppressed_once(store: Store) -> None:
    for turn in range(8):

        def suppress(address: str = f"p{turn}@example.org") -> bool:
            with store.write() as tx:
                return subscribers.suppress(tx, address, "bounced", NOW)

        assert sorted(together(suppress, suppress, suppress)) == [False, False, True]


def test_who_comes_twice_at_once_is_one_person(publication: Callable[..., Publisher]) -> None:
    p = publication(newsletters={"daily": {}, "letter": {}})
    for turn in range(5):

        def come(newsletter: str, hour: int, address: str = f"p{turn}@example.org") -> str:
            choice = subscribing.Choice(address, newsletter, "confirmed", hour=hour)
            return subscribing.subscribe(p.store, p.config, choice, NOW)

        daily, letter = (lambda: come("daily", 7)), (lambda: come("letter", 8))
        verdicts = together(daily, letter, daily, letter)
        assert sorted(verdicts) == ["added", "added", "unchanged", "unchanged"]
    with p.store.read() as tx:
        assert len(list(subscribers.everybody(tx))) == 10
        assert len({person.id for person, _ in subscribers.everybody(tx)}) == 5


def test_one_at_a_time_waits_and_sees_what_the_other_wrote(store: Store) -> None:
    def count() -> None:
        with store.write() as tx:
            in_turn(tx, "counting")
            clock.remember(tx, "count", str(int(clock.remembered(tx, "count") or 0) + 1), NOW)

    for _ in range(5):
        together(count, count, count, count)
    with store.read() as tx:
        assert clock.remembered(tx, "count") == "20"


def test_after_writers_waits_for_those_under_way_and_holds_off_the_next(store: Store) -> None:
    done: list[str] = []

    def look() -> None:
        with store.write() as tx:
            after_writers(tx, deliveries)
            done.append("looked")

    with store.write() as tx:
        tx.execute(deliveries.update().where(deliveries.c.id == 0).values(code=1))
        looking = threading.Thread(target=look)
        looking.start()
        looking.join(0.3)
        done.append("written")
    looking.join(10)
    assert done == ["written", "looked"]
