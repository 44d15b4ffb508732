"""A publication moves from one store to another, and is the same there; then only the new one may send.

The old store is marked before anything else, so that never both of them send: on PostgreSQL a look that waits
for a lock sees what was there before it. The copy is one transaction of the new store: killed, it leaves
nothing there but the note that it had begun, by which the next one knows that it may go on.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from publisher.errors import NotFound, PublisherError, Refused, StoreError
from publisher.store import Store, attempts, exists, open_store, restores, sqlite_file
from publisher.store.exclusive import nobody_else
from publisher.store.migrating import HEAD, migrate, version
from publisher.store.schema import keys, metadata, schedule, workers
from publisher.store.schema.triggers import stopped
from publisher.store.transcripts import Transcript, count, go_on_behind, rows, transcribed, write

Progress = Callable[[int, int], None]
# `workers` are live processes, and none of them sends from the new store. Parents come before children.
TABLES = tuple(table for table in metadata.sorted_tables if table is not workers)
_FROM, _TO = "the store to copy from", "the store to copy to"
_POSTGRES = "postgresql://"
_IN_DOUBT = "say the same again; if the new store is then said not to be empty, the copy is complete"
_STEP = 1000


@dataclass(frozen=True, slots=True)
class Copied:
    """What was copied, by table; `awaiting` says what a person must do before the new store sends."""

    tables: dict[str, Transcript]
    awaiting: str

    @property
    def rows(self) -> int:
        """Of all tables."""
        return sum(each.rows for each in self.tables.values())

    @property
    def sha256(self) -> str:
        """Of the hashes of all tables, by their names."""
        listed = "".join(f"{name} {each.sha256}\n" for name, each in sorted(self.tables.items()))
        return hashlib.sha256(listed.encode()).hexdigest()


def copy(source: str, target: str, folder: Path, now: datetime, progress: Progress) -> Copied:
    """Copy the store at one address to the empty one at another; nothing leaves from the first any more.

    Paths count from `folder`; `progress` is told how many rows are there and compared, and of how many.
    Raises NotFound, Refused where a store is in use or not as it must be, ConfigError, and StoreError, also
    where the copy turns out not to be the same: the new store is empty then.
    """
    if not exists(source, folder):
        raise NotFound(f"{sqlite_file(source, folder)}: there is no store to copy")
    if _same(source, target, folder):
        raise Refused("a store cannot be copied to itself")
    with _opened(source, folder) as old:
        _check_source(old)
        with _opened(target, folder) as new:
            _check_target(new)
            return _move(old, new, now, progress)


def _same(source: str, target: str, folder: Path) -> bool:
    if source.startswith(_POSTGRES) or target.startswith(_POSTGRES):
        return source == target
    files = sqlite_file(source, folder), sqlite_file(target, folder)
    return files[1].exists() and files[0].samefile(files[1])


@contextmanager
def _opened(url: str, folder: Path) -> Iterator[Store]:
    store = open_store(url, folder)
    try:
        yield store
    finally:
        store.close()


def _check_source(store: Store) -> None:
    found = version(store)
    if not found:
        raise Refused(f"{_FROM} is no store of the publisher")
    if found > HEAD:
        raise StoreError(f"{_FROM} is newer than this program ({found}, this program knows {HEAD})")
    if found != HEAD:
        raise Refused(f"{_FROM} is of an older version ({found}): run `publisher migrate` on it first")
    with store.read() as tx:
        if restores.unfinished(tx):
            raise Refused(f"{_FROM} is not complete: a copy into it has not ended")
        known = attempts.workers_known(tx)
    if alive := [name for name in known if not store.dead(name)]:
        raise Refused(f"somebody is sending from {_FROM} (worker {alive[0]}): stop that first")


def _check_target(store: Store) -> None:
    found = version(store)
    with store.read() as tx:
        if not found and inspect(tx).get_table_names():
            raise Refused(f"{_TO} holds tables that are not the publisher's: expected an empty database")
        if found not in ("", HEAD):
            raise Refused(f"{_TO} has tables of version {found}: expected an empty database")
        if found:
            _check_empty(tx)


def _check_empty(tx: Connection) -> None:
    """But for a key, which the first command on a new store makes, and the note of a copy that was killed."""
    for table in TABLES:
        noted = table is schedule and restores.unfinished(tx)
        if table is not keys and count(tx, table) > bool(noted):
            raise Refused(f"{_TO} is not empty ({table.name} has rows): nothing was copied")


def _move(old: Store, new: Store, now: datetime, progress: Progress) -> Copied:
    ended = False
    try:
        with ExitStack() as undo:
            with nobody_else(old, _FROM) as here:
                name = _begin(new, now, undo)
                if restores.mark_copied(here, name, now):
                    undo.callback(_take_back, old, lambda tx: restores.set_not_copied(tx, name))
            # whoever looked before the mark was there has the store open, and would be seen now
            with nobody_else(old, _FROM) as here, nobody_else(new, _TO) as there:
                done = _transfer(here, there, name, progress)
                undo.pop_all()
                ended = True
    except PublisherError as error:
        if ended:
            raise StoreError(f"{error}; {_IN_DOUBT}") from error
        raise
    return done


def _begin(store: Store, now: datetime, undo: ExitStack) -> str:
    """Note in the new store that a copy has begun; the name of that copy."""
    migrate(store)
    with nobody_else(store, _TO) as tx:
        _check_empty(tx)
        if name := restores.unfinished(tx):
            return name
        name = secrets.token_hex(16)
        restores.mark_unfinished(tx, name, now)
        undo.callback(_take_back, store, restores.set_undone)
    return name


def _take_back(store: Store, note: Callable[[Connection], None]) -> None:
    # where it cannot be taken back now, nothing is sent, and the same again is possible
    with suppress(PublisherError), store.write() as tx:
        note(tx)


def _transfer(here: Connection, there: Connection, name: str, progress: Progress) -> Copied:
    for table in (keys, schedule):
        there.execute(table.delete())
    # what was counted is copied, too
    with stopped(there):
        tables = _copied(here, there, name, progress)
    _settle(there)
    waits = restores.restored(there)
    return Copied(tables, restores.said(waits) if waits else "")


def _copied(here: Connection, there: Connection, name: str, progress: Progress) -> dict[str, Transcript]:
    passed_over = restores.not_copied(here, name)
    step = _steps(2 * (sum(count(here, table) for table in TABLES) - bool(passed_over)), progress)
    tables: dict[str, Transcript] = {}
    for table in TABLES:
        which = schedule.c.name.not_in(passed_over) if table is schedule else None
        given, gave = transcribed(table, rows(here, table, which), step)
        write(there, table, given)
        back, found = transcribed(table, rows(there, table), step)
        for _ in back:
            pass
        tables[table.name] = _compared(table.name, gave(), found())
        go_on_behind(there, table)
    return tables


def _steps(total: int, progress: Progress) -> Callable[[], None]:
    """Call it for each row that was copied, and for each that was read again."""
    done = 0

    def step() -> None:
        nonlocal done
        done += 1
        if done % _STEP == 0:
            progress(done // 2, total // 2)

    return step


def _compared(name: str, gave: Transcript, found: Transcript) -> Transcript:
    if gave != found:
        raise StoreError(
            f"{name}: the copy is not the same, and was taken back: {gave.rows} rows with the hash "
            f"{gave.sha256[:12]}, {found.rows} there with {found.sha256[:12]}"
        )
    return gave


def _settle(tx: Connection) -> None:
    if tx.dialect.name == "postgresql":
        # its own daemon comes a minute later, and until then the planner knows nothing of the new rows
        tx.exec_driver_sql("ANALYZE")
    elif lost := tx.execute(text("PRAGMA foreign_key_check")).first():
        raise StoreError(f"{lost[0]}: a row names one of {lost[2]} that is not there; nothing was copied")
