"""Imports that were begun are taken here, one at a time, in the order in which they were begun.

What was taken and how far that is are one transaction. So a kill loses nothing and counts nothing twice:
whoever looks next goes on where it ended, in the web's own process or in a tick.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection

from publisher.config.schema import Config
from publisher.errors import PublisherError, StoreError
from publisher.model.editors import Actor
from publisher.permissions import N_
from publisher.store import Store, deeds, imports, workforce
from publisher.store.chunking import Chunks
from publisher.store.imports import Import, Refusal
from publisher.subscribing import uploads
from publisher.subscribing.csv_files import Imported, Point, Taking
from publisher.subscribing.csv_files import Refusal as Line

log = logging.getLogger("publisher")
WORK = "import"
KEPT = timedelta(days=7)
_AT_ONCE = 5000
_FAULT = N_("a fault of this program ended it: its log says which")
_GONE = N_("its file was not found for a week")


class _Halted(Exception):
    """No more of this import is to be taken now."""


def under_way(store: Store) -> bool:
    """Whether somebody works on imports at this moment, on any machine."""
    return workforce.at_work(store, WORK)


def work(
    store: Store,
    config: Config,
    clock: Callable[[], datetime],
    halted: Callable[[], bool] = lambda: False,
    seconds: float | None = None,
) -> bool:
    """Take what waits and lies on this machine, until it is taken, `halted` says so, or time is over.

    False where more is left. Where somebody else is at it, nothing is done. Raises StoreError.
    """
    limit = Limit(halted, seconds)
    while not limit.reached():
        if not _waiting(store) or under_way(store):
            return True
        with store.alone(WORK):
            if found := _waiting(store):
                _One(store, config, found, clock, limit).run()
    return not _waiting(store)


class Limit:
    """Until when work goes on. Time counts from the first line that is taken: reading takes its own."""

    def __init__(self, halted: Callable[[], bool], seconds: float | None) -> None:
        self._halted, self._seconds, self._until = halted, seconds, math.inf

    def begin(self) -> None:
        """The first line is taken now, if none was before."""
        if self._seconds is not None and self._until == math.inf:
            self._until = time.monotonic() + self._seconds

    def reached(self) -> bool:
        """Whether it is time to end."""
        return self._halted() or time.monotonic() > self._until


def _waiting(store: Store) -> Import | None:
    with store.read() as tx:
        found = imports.unfinished(tx)
    here = uploads.folder(store)
    return next((one for one in found if (here / one.file).is_file()), None)


class _One:
    """One import, from where it is to its end, or until it is halted."""

    def __init__(
        self,
        store: Store,
        config: Config,
        row: Import,
        clock: Callable[[], datetime],
        limit: Limit,
    ) -> None:
        self._store, self._config, self._row, self._clock, self._limit = store, config, row, clock, limit
        self._lines: list[Refusal] = []
        self._over = False
        self._chunks = Chunks(store, _AT_ONCE)

    def run(self) -> None:
        """Take it. What is wrong with it is written down, and does not come again."""
        try:
            self._take(uploads.folder(self._store) / self._row.file)
        except _Halted:
            return
        except StoreError:
            raise
        except PublisherError as error:
            self._end("stopped", str(error))
        except Exception as error:
            log.exception("import %d met a fault of this program: %s", self._row.id, type(error).__name__)
            self._end("stopped", _FAULT)
        else:
            self._end("done", "")

    def _take(self, file: Path) -> None:
        row = self._begin()
        self._taking = Taking(
            self._store,
            self._config,
            self._clock(),
            newsletter=row.newsletter,
            status=row.status,
            name=row.name,
            begun=Point(row.done, row.upto),
            report=Imported(row.added, row.updated, row.unchanged, row.suppressed, row.refused),
            keep=self._keep,
            looked=self._looked,
            refused=self._refuse,
        )
        self._taking.take(file)
        self._write_refused()

    def _begin(self) -> Import:
        """The import as it is; what was refused in the window that is read again is forgotten."""
        with self._store.write() as tx:
            going = {"state": "running", "moved_at": self._clock()}
            if not imports.change(tx, self._row.id, ("waiting", "running"), **going):
                raise _Halted
            imports.refused_from(tx, self._row.id, self._row.done)
            return imports.get(tx, self._row.id) or self._row

    def _refuse(self, line: Line, place: str) -> None:
        """Note a refused line; where a sheet is the whole file, its name says nothing."""
        shown = "" if place == self._row.name else place.removeprefix(f"{self._row.name}/")[:200]
        said = (line["line"], str(line["address"])[:500], str(line["reason"])[:1000])
        self._lines.append(Refusal(self._row.id, self._taking.nth, shown, *said))

    def _looked(self) -> None:
        self._limit.begin()
        self._write_refused()

    def _write_refused(self) -> None:
        while self._lines:
            if self._over:
                raise _Halted
            some = self._lines[: self._chunks.size]
            with self._chunks.write(len(some)) as tx:
                imports.refuse(tx, self._row.id, some)
            del self._lines[: len(some)]
            self._over = self._limit.reached()

    def _keep(self, tx: Connection, point: Point) -> None:
        """How far it is, in the transaction that took it there; nothing of that where it is not to go on."""
        report, now = self._taking.report, self._clock()
        counts = {name: getattr(report, name) for name in ("added", "updated", "unchanged", "suppressed")}
        held = imports.change(
            tx, self._row.id, ("running",), done=point.lines, upto=point.upto, moved_at=now, **counts
        )
        if not held or self._over:
            raise _Halted
        # looked at after each step, so that every look takes one at least
        self._over = self._limit.reached()

    def _end(self, state: imports.State, reason: str) -> None:
        """Its end, by whom it was begun."""
        now, row = self._clock(), self._row
        with self._store.write() as tx:
            ended = {"state": state, "reason": reason, "moved_at": now, "ended_at": now}
            if state == "done":
                ended |= {"file": "", "preview": {}}
            if not imports.change(tx, row.id, ("running",), **ended):
                return
            found = imports.get(tx, row.id) or row
            names = ("added", "updated", "unchanged", "suppressed", "refused")
            counts = {name: getattr(found, name) for name in names}
            who = Actor(row.actor, row.editor_id)
            verb = "end import" if state == "done" else "stop import"
            deeds.add(tx, who, verb, f"import {row.id}", now, **counts)
        if state == "done":
            uploads.delete(self._store, row)


def forget(store: Store, now: datetime) -> int:
    """Delete the files and the refused lines of imports on which nothing moved for a week; how many imports.

    Their numbers stay. A file that no import knows, of an upload that was broken off, goes too.
    """
    with store.read() as tx:
        old = imports.outdated(tx, now - KEPT)
    for one in old:
        uploads.delete(store, one)
        chunks = Chunks(store, _AT_ONCE)
        with store.write() as tx:
            over = {"state": "stopped", "reason": _GONE, "ended_at": now}
            imports.change(tx, one.id, ("waiting", "running"), **over)
            imports.change(tx, one.id, ("uploaded",), state="dropped", ended_at=now)
        left = 1
        while left:
            with chunks.write(chunks.size) as tx:
                left = imports.forget(tx, one.id, chunks.size)
        with store.write() as tx:
            imports.change(tx, one.id, imports.STATES, file="")
    _sweep(store, now)
    return len(old)


def _sweep(store: Store, now: datetime) -> None:
    """Files of which the store knows nothing: the upload was broken off, or the store is another one."""
    with store.read() as tx:
        known = imports.files(tx)
    for file in uploads.folder(store).glob("*.[cp]*"):
        if file.name not in known and file.stat().st_mtime < (now - KEPT).timestamp():
            file.unlink(missing_ok=True)
