"""A store in one file: copied while others write, checked, and put back (SQLite's online backup)."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import func, select

from publisher.errors import NotFound, Refused, StoreError
from publisher.store import Store, attempts, connect, restores
from publisher.store.migrating import migrate, version
from publisher.store.schema import subscribers

Progress = Callable[[int, int], None]
_PAGES = 2000
_PATIENCE = 2.0


@dataclass(frozen=True, slots=True)
class PutBack:
    """What a restore did: where the replaced store is kept, how many attempts it left unknown, and for whom.

    `kept` is None where there was no store before.
    """

    kept: Path | None
    unknown: int
    subscribers: int


def backup(file: Path, target: Path, progress: Progress) -> int:
    """Copy the store in `file` to `target` as it is at one moment, checked and durable; its size in bytes.

    Others may read and write meanwhile. An older file at `target` is replaced once the new one is whole.
    Raises StoreError, Refused or NotFound.
    """
    if not file.is_file():
        raise NotFound(f"{file}: there is no store to copy")
    if target.is_dir() or (target.exists() and target.samefile(file)):
        raise Refused(f"{target}: expected the name of a file to copy the store to")
    with _beside(target) as fresh:
        _copy(file, fresh, progress)
        _replace(fresh, target)
    return target.stat().st_size


def restore(source: Path, file: Path, now: datetime, progress: Progress) -> PutBack:
    """Put the copy in `source` into the place of the store in `file`, which is kept beside it.

    The new one is checked, brought up to date and marked as restored before it takes the place. Raises
    NotFound, Refused for a file that is no store or a store that is in use, StoreError for a newer one.
    """
    if not source.is_file():
        raise NotFound(f"{source}: there is no such file")
    if file.exists() and source.samefile(file):
        raise Refused(f"{source} is the store itself")
    file.parent.mkdir(parents=True, exist_ok=True)
    with _beside(file) as fresh:
        _copy(source, fresh, progress)
        unknown, people = _prepare(fresh, source, now)
        with _nobody_else(file):
            kept = _keep(file, now)
            _belong(fresh, file)
            _replace(fresh, file)
    return PutBack(kept, unknown, people)


def note_restored(store: Store, now: datetime) -> int:
    """Mark a store that was put back by other means; how many attempts that leaves unknown.

    Raises Refused while somebody sends from it.
    """
    with store.write() as tx:
        alive = [name for name in attempts.workers_known(tx) if not store.dead(name)]
        if alive:
            raise Refused(f"somebody is sending from this store (worker {alive[0]}): stop that first")
        return restores.mark(tx, now)


def _copy(source: Path, fresh: Path, progress: Progress) -> None:
    """Every page as it is at this moment, in one plain file without a log beside it, and whole."""

    def step(_status: int, remaining: int, total: int) -> None:
        progress(total - remaining, total)

    with _translated(source):
        address = f"file:{quote(str(source.resolve()))}?mode=ro"
        reading = sqlite3.connect(address, uri=True, isolation_level=None, timeout=30)
        writing = sqlite3.connect(fresh, isolation_level=None)
        with closing(reading), closing(writing):
            # a pinned snapshot: without it every write of somebody else makes the copy begin again
            reading.execute("BEGIN")
            reading.execute("SELECT count(*) FROM sqlite_master").fetchone()
            reading.backup(writing, pages=_PAGES, progress=step)
            writing.execute("PRAGMA journal_mode=DELETE").fetchone()
            (found,) = writing.execute("PRAGMA integrity_check(1)").fetchone()
    if found != "ok":
        raise StoreError(f"{source}: the copy is damaged: {found}")


def _prepare(fresh: Path, source: Path, now: datetime) -> tuple[int, int]:
    """Make a copy fit to be the store where nobody looks yet; what was unknown, and how many people."""
    store = connect(fresh)
    try:
        if not version(store):
            raise Refused(f"{source} is no store of the publisher")
        migrate(store)
        with store.write() as tx:
            unknown = restores.mark(tx, now)
            people = int(tx.scalar(select(func.count()).select_from(subscribers)) or 0)
    finally:
        store.close()
    with _translated(source), closing(sqlite3.connect(fresh, isolation_level=None)) as last:
        last.execute("PRAGMA journal_mode=DELETE").fetchone()
    return unknown, people


@contextmanager
def _nobody_else(file: Path) -> Iterator[None]:
    """Nobody has the store open, and nobody can begin to use it unnoticed while this lasts."""
    if not file.exists():
        yield
        return
    with closing(sqlite3.connect(file, isolation_level=None, timeout=_PATIENCE)) as alone:
        try:
            # leaving the log is possible only for the last connection, and takes the log's files away
            alone.execute("PRAGMA journal_mode=DELETE").fetchone()
            alone.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error):
                raise StoreError(f"{file}: {error}") from None
            raise Refused(
                f"{file} is in use: stop `publisher run`, `serve`, `worker` and every command on this store"
            ) from None
        except sqlite3.DatabaseError:
            pass  # a damaged store is one reason to put another in its place
        yield


def _keep(file: Path, now: datetime) -> Path | None:
    """A second name for the store that is about to be replaced; its place is never empty."""
    if not file.exists():
        return None
    kept = file.with_name(f"{file.name}.before-restore-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}")
    try:
        os.link(file, kept)
    except FileExistsError:
        raise Refused(f"{kept} is there already: nothing was changed") from None
    except OSError:  # not every file system knows a second name
        shutil.copy2(file, kept)
    # a log that a damaged store left behind would be read as the new one's
    for suffix in ("-wal", "-shm"):
        left = file.with_name(file.name + suffix)
        if left.exists():
            left.rename(kept.with_name(kept.name + suffix))
    return kept


def _belong(fresh: Path, file: Path) -> None:
    """To whom the replaced store did: who restores may be somebody else than who serves."""
    if file.exists():
        before = file.stat()
        fresh.chmod(before.st_mode & 0o777)
        with suppress(PermissionError):
            os.chown(fresh, before.st_uid, before.st_gid)


@contextmanager
def _beside(target: Path) -> Iterator[Path]:
    """A new file beside the target that only its owner may read; gone at the end, if it is still there."""
    fresh = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        os.close(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
    except OSError as error:
        raise StoreError(f"{fresh.parent}: {error.strerror}") from None
    try:
        yield fresh
    finally:
        for suffix in ("", "-wal", "-shm", "-journal"):
            fresh.with_name(fresh.name + suffix).unlink(missing_ok=True)


def _replace(fresh: Path, target: Path) -> None:
    """Durably: after a power cut it is the old one or the new one, whole."""
    try:
        _sync(fresh)
        os.replace(fresh, target)
        _sync(target.parent)
    except OSError as error:
        raise StoreError(f"{target}: {error.strerror}") from None


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _translated(file: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise StoreError(f"{file}: cannot be copied: {error}") from None
