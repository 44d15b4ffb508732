"""Gather: read the sources into the catalogue, parse only what changed, and number what became public."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from publisher import articles
from publisher.config.schema import Config
from publisher.errors import ContentError
from publisher.gathering.recognition import Known, free_slug
from publisher.model.articles import Article, Manuscript
from publisher.sources import folder
from publisher.store import Store, catalogue
from publisher.store.catalogue import Listing, Release

# Raised when the parser reads the same file differently: every file is then parsed again.
_PARSER = 1
_CHUNK = 200
_RACY = timedelta(seconds=2)
Progress = Callable[[int, int], None]


@dataclass
class Gathered:
    """What became of every file: each is counted once, or stands in `refused`. `kept` says what was left alone, and why."""

    new: int = 0
    updated: int = 0
    unchanged: int = 0
    drafts: int = 0
    waiting: int = 0
    gone: int = 0
    refused: list[ContentError] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def changed(self) -> bool:
        """Whether the catalogue is not what it was."""
        return bool(self.new or self.updated or self.gone)


def gather(
    store: Store,
    config: Config,
    now: datetime,
    *,
    accept_gone: bool = False,
    progress: Progress = lambda done, total: None,
) -> Gathered:
    """Read every source; a source that is missing, or lost most of its files, is kept as it was (rule 24)."""
    report = Gathered()
    with store.alone("gather"):
        for name, path in _names(config):
            _Source(store, config, now, name, path, report).gather(accept_gone, progress)
        with store.write() as tx:
            report.new += catalogue.turn(tx, now)
            _release(tx, now)
    return report


def _names(config: Config) -> Iterator[tuple[str, Path]]:
    """A name for each source that survives a move of the publication to another folder."""
    seen: Counter[str] = Counter()
    for source in config.sources:
        seen[source.path.name] += 1
        number = seen[source.path.name]
        yield source.path.name if number == 1 else f"{source.path.name}-{number}", source.path


def _release(tx: catalogue.Connection, now: datetime) -> None:
    newest = catalogue.newest_release(tx)
    number, floor = (newest.number, newest.released_at) if newest else (0, None)
    given = []
    for id_, revision, published_at in catalogue.unreleased(tx):
        number += 1
        # on the first gather the past is the past; later a release is now, and never before an earlier one
        moment = max(now, floor) if floor else min(published_at, now)
        given.append(Release(number, id_, revision, moment))
    catalogue.give_releases(tx, given)


def fingerprint(config: Config) -> str:
    """What an article depends on besides its file; when it changes every file is parsed again."""
    parts = (
        _PARSER,
        config.publication.url,
        config.publication.timezone,
        config.publication.language,
        config.output.article_url,
        config.topics,
    )
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:12]


@dataclass
class _Source:
    store: Store
    config: Config
    now: datetime
    name: str
    path: Path
    report: Gathered

    def gather(self, accept_gone: bool, progress: Progress) -> None:
        scan = folder.scan(self.path)
        if scan.missing and not accept_gone:
            self.report.kept.append(f"{self.path}: {scan.missing}; its articles are kept (--accept-gone lets go)")
            return
        self.report.kept += [f"{problem}; what was there is kept" for problem in scan.unreadable]
        with self.store.read() as tx:
            stamps = catalogue.stamps(tx, self.name)
        fresh = {path: self._stamp(stamp) for path, stamp in scan.articles.items()}
        changed = [p for p in sorted(fresh) if fresh[p] == "" or stamps.get(p, ("",))[0] != fresh[p]]
        vanished = {p for p in stamps if p not in fresh and not scan.hides(p)}
        for path in fresh.keys() - set(changed):
            self._count(stamps[path][1], "unchanged")
        if changed or vanished:
            self._take_in(changed, vanished, fresh, scan.files, accept_gone, progress)

    def _stamp(self, stamp: folder.Stamp) -> str:
        # A file written within the clock's grain of this look could change again under the same stamp.
        written = datetime.fromtimestamp(stamp.mtime_ns / 1e9, UTC)
        if abs(self.now - written) < _RACY:
            return ""
        return f"{fingerprint(self.config)}:{stamp.mtime_ns}:{stamp.size}"

    def _count(self, status: str, otherwise: str) -> None:
        name = {"draft": "drafts", "waiting": "waiting"}.get(status, otherwise)
        setattr(self.report, name, getattr(self.report, name) + 1)
