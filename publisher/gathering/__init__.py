"""Gather: read the sources into the catalogue, parse only what changed, and number what became public."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

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
        for name, path in config.named_sources.items():
            _Source(store, config, now, name, path, report).gather(accept_gone, progress)
        with store.write() as tx:
            turned = catalogue.turn(tx, now)
            report.new, report.waiting = report.new + turned, max(0, report.waiting - turned)
            _release(tx, now)
    return report


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
        self.report.kept += [f"{self.path / p.place}: {p.message}" for p in scan.unreadable]
        with self.store.read() as tx:
            stamps = catalogue.stamps(tx, self.name)
        fresh = {path: self._stamp(stamp) for path, stamp in scan.articles.items()}
        changed = [p for p in sorted(fresh) if fresh[p] == "" or stamps.get(p, ("",))[0] != fresh[p]]
        vanished = {p for p in stamps if p not in fresh and not _hidden(p, scan)}
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

    def _take_in(
        self,
        changed: list[str],
        vanished: set[str],
        fresh: dict[str, str],
        files: frozenset[str],
        accept_gone: bool,
        progress: Progress,
    ) -> None:
        with self.store.read() as tx:
            listed = catalogue.known(tx, self.name)
            slugs = catalogue.slugs(tx)
        known = Known.of(listed, fresh)
        taken = {*known.by_id, *slugs.values()}
        done: list[Listing] = []
        for number, path in enumerate(changed, 1):
            try:
                listing = self._listing(path, known, taken, slugs, fresh[path], files)
            except ContentError as error:
                self.report.refused.append(error)
            else:
                taken.add(listing.article.id)
                slugs[listing.article.slug] = listing.article.id
                done.append(listing)
            progress(number, len(changed))
        for start in range(0, len(done), _CHUNK):
            with self.store.write() as tx:
                for listing in done[start : start + _CHUNK]:
                    catalogue.save(tx, listing)
        moved = {known.by_id[i].article.path for i in known.claimed if i in known.by_id}
        self._let_go(vanished - moved, known, accept_gone)

    def _let_go(self, vanished: set[str], known: Known, accept_gone: bool) -> None:
        here = sum(1 for x in known.by_id.values() if x.status not in ("gone", "withdrawn"))
        if len(vanished) > 10 and len(vanished) * 2 > here and not accept_gone:
            self.report.kept.append(
                f"{self.path}: {len(vanished)} of {here} files vanished at once; "
                "their articles are kept (--accept-gone lets them go)"
            )
            return
        with self.store.write() as tx:
            ids = {known.by_path[p].article.id: p for p in vanished}
            mailed = catalogue.mailed(tx, ids)
            status = {p: "withdrawn" if i in mailed else "gone" for i, p in ids.items()}
            catalogue.set_status(tx, self.name, status)
        self.report.gone += len(vanished)

    def _listing(
        self,
        path: str,
        known: Known,
        taken: set[str],
        slugs: dict[str, str],
        stamp: str,
        files: frozenset[str],
    ) -> Listing:
        manuscript = articles.read(folder.load(self.path, path), path, zone=self.config.publication.zone)
        before = known.recognise(manuscript)
        id_ = before.article.id if before else self._mint(known, manuscript, taken)
        article = self._place(manuscript, before, id_, slugs, files)
        status = self._status(article, manuscript.draft)
        self.report.notes += [f"{path}: {note}" for note in manuscript.notes]
        listing = Listing(
            article, self.name, stamp, manuscript.explicit_id, manuscript.body_hash, status
        )
        self._count(status, _verdict(before, listing))
        return listing

    def _mint(self, known: Known, manuscript: Manuscript, taken: set[str]) -> str:
        seed = f"{self.config.publication.title}\n{self.name}"
        return known.mint(manuscript, seed, taken)

    def _place(
        self,
        manuscript: Manuscript,
        before: Listing | None,
        id_: str,
        slugs: dict[str, str],
        files: frozenset[str],
    ) -> Article:
        old = before.article if before else None
        published_at = manuscript.published_at or (old.published_at if old else self._file_time(manuscript))
        # the address of what readers may already hold does not change with the file's name
        slug = old.slug if old and before and before.release else free_slug(manuscript.slug, id_, slugs)
        corrected = bool(old and manuscript.correction and manuscript.correction != old.correction)
        revision = (old.revision if old else 1) + (1 if corrected and before and before.release else 0)
        article = articles.place(
            manuscript,
            id=id_,
            slug=slug,
            url=self._url(slug, published_at),
            published_at=published_at,
            topics=articles.topics_of(manuscript.labels, self.config.topics),
            revision=revision,
            site=self.config.publication.url,
            default_language=self.config.publication.language,
            files=files,
        )
        if revision > 1 and manuscript.updated_at is None and old:
            article = replace(article, updated_at=self.now if corrected else old.updated_at)
        return article

    def _file_time(self, manuscript: Manuscript) -> datetime:
        try:
            written = (self.path / manuscript.path).stat().st_mtime
        except OSError:
            return self.now
        return min(datetime.fromtimestamp(int(written), UTC), self.now)

    def _url(self, slug: str, published_at: datetime) -> str:
        local = published_at.astimezone(self.config.publication.zone)
        return self.config.output.article_url.format(
            url=self.config.publication.url,
            year=f"{local:%Y}",
            month=f"{local:%m}",
            day=f"{local:%d}",
            slug=quote(slug),
        )

    def _status(self, article: Article, draft: bool) -> str:
        if draft:
            return "draft"
        if article.published_at > self.now:
            return "waiting"
        if article.expires_at and article.expires_at <= self.now:
            return "expired"
        return "published"


def _hidden(path: str, scan: folder.Scan) -> bool:
    """Whether a file may still be there, below a folder that cannot be looked into."""
    return any(path == p.place or (p.place.endswith("/") and path.startswith(p.place)) for p in scan.unreadable)


def _verdict(before: Listing | None, after: Listing) -> str:
    if before is None or (before.release is None and before.status != "published"):
        return "new"
    same = before.article == after.article and before.status == after.status
    return "unchanged" if same else "updated"


def summary(report: Gathered) -> dict[str, object]:
    """The report as the command line's JSON."""
    counts = ("new", "updated", "unchanged", "drafts", "waiting", "gone")
    return {
        **{name: getattr(report, name) for name in counts},
        "refused": [
            {"path": e.path, "line": e.line, "field": e.field, "reason": e.reason} for e in report.refused
        ],
        "kept": report.kept,
        "notes": report.notes,
    }


def problems(report: Gathered) -> Iterable[str]:
    """What a person must hear: refused files and sources that were kept as they were."""
    return [*map(str, report.refused), *report.kept]
