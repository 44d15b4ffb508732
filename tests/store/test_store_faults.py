"""The store under threads, and where it cannot be used: one line, and nothing lost."""

from __future__ import annotations

import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import publisher.cli.processes  # noqa: F401  (what it imports must be read before the rights to do so go)
from publisher.cli import _run
from publisher.errors import StoreError
from publisher.store import Store, connect, keys, open_store
from publisher.store.migrating import HEAD, migrate, version
from publisher.store.schema import schedule

NOW = datetime(2026, 11, 21, 6, 0, tzinfo=UTC)


def add(tx: Any, name: str) -> None:
    tx.execute(schedule.insert().values(name=name, at=NOW))


def names(store: Store) -> set[str]:
    with store.read() as tx:
        return {row[0] for row in tx.exec_driver_sql("SELECT name FROM schedule")}


def test_the_file_is_where_it_was_said_to_be(tmp_path: Path) -> None:
    store = open_store("sqlite:///a store, with ?signs&spaces%20.db", tmp_path)
    migrate(store)
    assert (tmp_path / "a store, with ?signs&spaces%20.db").exists()
    assert version(store) == HEAD
    store.close()


def test_a_reader_sees_one_snapshot(store: Store) -> None:
    with store.read() as tx:
        assert list(tx.exec_driver_sql("SELECT * FROM schedule")) == []
        writer = threading.Thread(target=lambda: _write(store, "meanwhile"))
        writer.start()
        writer.join()
        assert list(tx.exec_driver_sql("SELECT * FROM schedule")) == []
    assert names(store) == {"meanwhile"}


def _write(store: Store, name: str) -> None:
    with store.write() as tx:
        add(tx, name)


def test_what_fails_is_undone_and_the_next_goes_on(store: Store) -> None:
    def fail() -> None:
        with store.write() as tx:
            add(tx, "one")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    _write(store, "two")
    assert names(store) == {"two"}


def test_many_threads_read_and_write_at_once(store: Store) -> None:
    """Each reads inside its turn to write: with a pool of fifteen they would wait for each other."""
    failures: list[Exception] = []
    # on PostgreSQL each has three sessions at a time
    count = 100 if store.dialect == "sqlite" else 25
    together = threading.Barrier(count)

    def work(number: int) -> None:
        try:
            together.wait()
            with store.read() as reading:
                reading.exec_driver_sql("SELECT count(*) FROM schedule").scalar()
                with store.write() as tx:
                    add(tx, str(number))
                    names(store)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not failures
    assert len(names(store)) == count


def test_two_stores_at_once_make_one_key(tmp_path: Path, new_store: Callable[[Path], str]) -> None:
    url = new_store(tmp_path)
    store, second = (open_store(url, tmp_path) for _ in range(2))
    found = []
    together = threading.Barrier(2)

    def first_start(one: Store) -> None:
        together.wait()
        with one.write() as tx:
            found.append(keys.secrets_of(tx))

    threads = [threading.Thread(target=first_start, args=(one,)) for one in (store, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    store.close()
    second.close()
    assert found[0] == found[1]
    assert len(found[0]) == 1


@pytest.mark.sqlite
def test_the_log_stays_small_over_many_transactions(store: Store) -> None:
    with store.write() as tx:
        tx.exec_driver_sql("CREATE TABLE big (body TEXT)")
    for _ in range(1500):
        with store.write() as tx:
            tx.exec_driver_sql("INSERT INTO big VALUES (?)", ("x" * 40_000,))
    (log,) = store.folder.glob("*-wal")
    assert log.stat().st_size < 45_000_000 < 1500 * 40_000


@pytest.mark.sqlite
def test_a_system_that_gives_no_more_threads_makes_no_commit_fail(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as limited:
        limited.setattr(threading.Thread, "start", refuse)
        with store.write() as tx:
            tx.exec_driver_sql("CREATE TABLE big (body TEXT)")
    with store.write() as tx:
        tx.exec_driver_sql("INSERT INTO big VALUES ('x')")
    store.close()


@pytest.mark.sqlite
def test_the_log_is_copied_into_the_file_while_the_store_is_open(store: Store) -> None:
    with store.write() as tx:
        tx.exec_driver_sql("CREATE TABLE big (body TEXT)")
        tx.exec_driver_sql("INSERT INTO big VALUES (?)", ("x" * 400_000,))
    (file,) = store.folder.glob("*.db")
    until = time.monotonic() + 5
    while file.stat().st_size < 400_000 and time.monotonic() < until:
        time.sleep(0.05)
    assert file.stat().st_size > 400_000, "nobody has to wait for the last process to end"


@pytest.mark.sqlite
def test_a_full_disk_says_so_and_loses_nothing(store: Store) -> None:
    _write(store, "before")
    store.close()
    full = connect(next(store.folder.glob("*.db")))
    with full.read() as tx:
        pages = int(tx.exec_driver_sql("PRAGMA page_count").scalar() or 0)
        tx.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StoreError, match="full"), full.write() as tx:
        add(tx, "x" * 1_000_000)
    assert names(full) == {"before"}
    full.close()
    _write(store, "after")
    assert names(store) == {"before", "after"}


@pytest.fixture
def broken(publication: Callable[..., Any]) -> Callable[[], tuple[Path, Path]]:
    """(config.yaml, store) of a publication that was closed again."""

    def make() -> tuple[Path, Path]:
        p = publication()
        p.close()
        file = p.store.folder / "publisher.db"
        for extra in ("-wal", "-shm"):
            Path(f"{file}{extra}").unlink(missing_ok=True)
        return p.store.folder.parent / "config.yaml", file

    return make


def said(capsys: pytest.CaptureFixture[str], config: Path, *command: str) -> str:
    assert _run(["--config", str(config), *command]) == 74
    out, err = capsys.readouterr()
    assert not out
    assert err.count("\n") == 1, err
    return err


@pytest.mark.sqlite
def test_a_file_that_is_no_database(broken: Any, capsys: pytest.CaptureFixture[str]) -> None:
    config, file = broken()
    file.write_bytes(b"not a database at all\n" * 500)
    assert "not a database" in said(capsys, config, "status")
    assert file.read_bytes().startswith(b"not a database at all")


@pytest.mark.parametrize("newer", ["0999", "ab12cd34"])
def test_a_store_newer_than_the_program(
    publication: Callable[..., Any], tmp_path: Path, capsys: pytest.CaptureFixture[str], newer: str
) -> None:
    with publication().store.write() as tx:
        tx.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{newer}', oldest = '{newer}'")
    assert "newer than this program" in said(capsys, tmp_path / "config.yaml", "status")


@pytest.mark.sqlite
def test_a_folder_that_cannot_be_made(
    tmp_path: Path, publication: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"file/var: Not a directory|file/var"):
        publication(store="sqlite:///file/var/publisher.db")


@contextmanager
def without_rights() -> Iterator[None]:
    """As somebody who may not write where this test did; root may write everywhere."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.sqlite
@pytest.mark.parametrize(
    "command", [("status",), ("cut", "daily", "--now"), ("deliver",), ("worker",), ("gather",)]
)
def test_a_folder_that_may_not_be_written(
    publication: Callable[..., Any], capsys: pytest.CaptureFixture[str], command: tuple[str, ...]
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        p = publication(folder)
        p.close()
        store = folder / "var"
        store.chmod(0o555)
        with without_rights():
            assert _run(["--config", str(folder / "config.yaml"), *command]) == 74
        out, err = capsys.readouterr()
        store.chmod(0o755)
        assert not out
        assert err.count("\n") == 1, err
