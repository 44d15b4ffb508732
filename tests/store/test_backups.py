"""A copy of the store in one file, made while others write, and put back without losing what it replaces."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from publisher.app import Publisher
from publisher.errors import NotFound, Refused, StoreError
from publisher.store import backups, restores, subscribers
from publisher.store import keys as stored_keys

pytestmark = pytest.mark.sqlite


def silent(_done: int, _total: int) -> None: ...


def addresses(file: Path) -> list[str]:
    with closing(sqlite3.connect(file)) as connection:
        return [a for (a,) in connection.execute("SELECT address FROM subscribers ORDER BY id")]


@pytest.fixture
def store(publication: Callable[..., Publisher], subscribe: Any) -> Publisher:
    p = publication()
    subscribe(p, "ada@example.org")
    return p


def file_of(p: Publisher) -> Path:
    return p.store.folder / "publisher.db"


def test_a_copy_made_while_others_write_is_of_one_moment(store: Publisher, tmp_path: Path) -> None:
    """Two rows change together in every transaction: in a copy they agree."""
    stop, written = threading.Event(), 0
    with store.store.write() as tx:
        tx.exec_driver_sql("CREATE TABLE pairs (k INTEGER PRIMARY KEY, n INTEGER, pad TEXT)")
        for k in range(6000):
            tx.exec_driver_sql("INSERT INTO pairs VALUES (?, 0, ?)", (k, "x" * 500))

    def write() -> None:
        nonlocal written
        while not stop.is_set():
            with store.store.write() as tx:
                tx.exec_driver_sql("UPDATE pairs SET n = n + 1 WHERE k IN (0, 5999)")
            written += 1

    writer = threading.Thread(target=write)
    writer.start()
    steps: list[int] = []
    try:
        for _ in range(3):
            before = written
            backups.backup(
                file_of(store), tmp_path / "copy.db", lambda done, total: steps.append(total - done)
            )
            with closing(sqlite3.connect(tmp_path / "copy.db")) as copy:
                first, last = copy.execute("SELECT n FROM pairs WHERE k IN (0, 5999)").fetchall()
            assert first == last
            assert first[0] >= before, "a copy holds what was durable when it began"
    finally:
        stop.set()
        writer.join()
    assert steps.count(0) == 3, "no write of somebody else makes it begin again"
    assert written > 3


def test_a_copy_is_one_file_for_its_owner_only_and_replaces_an_older_one_whole(
    store: Publisher, tmp_path: Path
) -> None:
    target = tmp_path / "copies" / "store.db"
    with pytest.raises(StoreError, match="No such file"):
        backups.backup(file_of(store), target, silent)
    target.parent.mkdir()
    target.write_text("an older one")
    size = backups.backup(file_of(store), target, silent)
    assert [f.name for f in target.parent.iterdir()] == ["store.db"]
    assert (target.stat().st_size, target.stat().st_mode & 0o077) == (size, 0)
    assert addresses(target) == ["ada@example.org"]
    assert [f.name for f in target.parent.iterdir()] == ["store.db"], "read without a log beside it"
    with pytest.raises(Refused):
        backups.backup(file_of(store), file_of(store), silent)
    with pytest.raises(Refused):
        backups.backup(file_of(store), target.parent, silent)


def test_a_damaged_store_gives_no_copy_and_leaves_the_older_one(store: Publisher, tmp_path: Path) -> None:
    target = tmp_path / "copy.db"
    backups.backup(file_of(store), target, silent)
    older = target.read_bytes()
    damaged = tmp_path / "damaged.db"
    damaged.write_bytes(older[:8192] + b"\xff" * 8192 + older[16384:])
    with pytest.raises(StoreError):
        backups.backup(damaged, target, silent)
    assert target.read_bytes() == older
    assert not [f for f in tmp_path.iterdir() if f.name.endswith(".part")]


def test_restore_puts_it_back_marks_it_and_keeps_what_it_replaces(
    store: Publisher, tmp_path: Path, clock: Any, subscribe: Any
) -> None:
    copy = tmp_path / "copy.db"
    backups.backup(file_of(store), copy, silent)
    subscribe(store, "ben@example.org")
    with store.store.read() as tx:
        secrets = stored_keys.secrets_of(tx)
        with pytest.raises(Refused, match="in use"):
            backups.restore(copy, file_of(store), clock.now, silent)
    with pytest.raises(Refused, match="in use"):
        backups.restore(copy, file_of(store), clock.now, silent)
    store.store.close()
    file_of(store).chmod(0o640)
    done = backups.restore(copy, file_of(store), clock.now, silent)
    assert done.kept
    assert done.subscribers == 1
    assert file_of(store).stat().st_mode & 0o777 == 0o640, "who may use the store still may"
    assert done.kept.name == "publisher.db.before-restore-20261121T060000Z"
    assert addresses(done.kept) == ["ada@example.org", "ben@example.org"], "with all that its log held"
    assert addresses(file_of(store)) == ["ada@example.org"]
    with store.store.write() as tx:
        found = restores.restored(tx)
        assert found == restores.Restored(clock.now, gathered=False, covering=None)
        assert stored_keys.secrets_of(tx) == secrets, "links in mails that were sent still hold"
        with pytest.raises(Refused, match="acknowledge --restore"):
            restores.check(tx)
        restores.set_acknowledged(tx)
        restores.check(tx)


def test_restore_refuses_what_is_no_store_and_changes_nothing(
    store: Publisher, tmp_path: Path, clock: Any
) -> None:
    store.store.close()
    before = file_of(store).read_bytes()
    (tmp_path / "letter.txt").write_text("Dear reader, " * 900)
    with closing(sqlite3.connect(tmp_path / "other.db")) as other:
        other.execute("CREATE TABLE things (a)")
    backups.backup(file_of(store), tmp_path / "newer.db", silent)
    with closing(sqlite3.connect(tmp_path / "newer.db", isolation_level=None)) as newer:
        newer.execute("UPDATE alembic_version SET version_num = '9999', oldest = '9999'")
    for name, error, said in (
        ("absent.db", NotFound, "no such file"),
        ("letter.txt", StoreError, "not a database"),
        ("other.db", Refused, "no store"),
        ("newer.db", StoreError, "newer than this program"),
    ):
        with pytest.raises(error, match=said):
            backups.restore(tmp_path / name, file_of(store), clock.now, silent)
    with pytest.raises(Refused, match="itself"):
        backups.restore(file_of(store), file_of(store), clock.now, silent)
    assert file_of(store).read_bytes() == before
    left = {
        f.name for f in file_of(store).parent.iterdir() if "before-restore" in f.name or ".part" in f.name
    }
    assert not left


def test_a_damaged_or_missing_store_can_be_replaced(store: Publisher, tmp_path: Path, clock: Any) -> None:
    copy = tmp_path / "copy.db"
    backups.backup(file_of(store), copy, silent)
    store.store.close()
    file_of(store).write_bytes(b"nothing that can be read" * 999)
    stale = file_of(store).with_name("publisher.db-wal")
    stale.write_bytes(b"what a crash left")
    done = backups.restore(copy, file_of(store), clock.now, silent)
    assert done.kept
    assert done.kept.read_bytes().startswith(b"nothing")
    assert not stale.exists(), "it would be read as the new store's"
    assert addresses(file_of(store)) == ["ada@example.org"]
    file_of(store).unlink()
    assert backups.restore(copy, file_of(store), clock.now, silent).kept is None
    with store.store.read() as tx:
        assert subscribers.find(tx, "ada@example.org")


def test_two_restores_in_one_second_keep_both_stores(store: Publisher, tmp_path: Path, clock: Any) -> None:
    copy = tmp_path / "copy.db"
    backups.backup(file_of(store), copy, silent)
    store.store.close()
    backups.restore(copy, file_of(store), clock.now, silent)
    with pytest.raises(Refused, match="there already"):
        backups.restore(copy, file_of(store), clock.now, silent)
    clock.move(seconds=1)
    assert backups.restore(copy, file_of(store), clock.now, silent).kept
