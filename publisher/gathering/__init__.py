"""Gather: read the sources into the catalogue, parse only what changed, and number what became public."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence, Set
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection

from publisher.aside import Aside
from publisher.config.schema import Config
from publisher.crew import Crew
from publisher.gathering import crediting, linking, told
from publisher.gathering.feeds import Looked
from publisher.gathering.fetching import Fetches, fetch
from publisher.gathering.listing import Registry
from publisher.gathering.looking import Looking, remember
from publisher.gathering.ongoing import Ongoing, Progress
from publisher.gathering.recognition import Recognition
from publisher.gathering.report import Gathered, problems, summary
from publisher.gathering.taking_in import Intake
from publisher.model.articles import Manuscript
from publisher.store import Store, catalogue, clock, in_turn, refusals, restores, traces
from publisher.store.catalogue import Release, Unreleased
from publisher.store.traces import Key, Trace

__all__ = ["Gathered", "fetch", "fingerprint", "gather", "outdated", "problems", "summary"]

_READ_AS = "read as"
# Raised when the parser reads the same file differently: every file is then parsed again.
_PARSER = 4
_MANY = 10
# of so many files what they may be is asked for; for more it is quicker to know all
_FEW = 50


def gather(
    store: Store,
    config: Config,
    now: datetime,
    *,
    accept_gone: bool = False,
    progress: Progress | None = None,
    crew: Crew | None = None,
    fetches: Fetches | None = None,
    only: Collection[Path] | None = None,
) -> Gathered:
    """Read every source; a source that is missing, or lost most of its files, is kept as it was (rule 24).

    Killed at any point, the next gather ends where this one would have. `crew` helps where there is much.
    `fetches` is what `fetch` brought; without it the feeds that are due are asked here, before anything is
    locked. Who knows that `only` these files were edited need not wait for a look at all others; where one of
    them is new, gone, or no article, everything is looked at.
    """
    crew, progress = crew or Crew(0), progress or _silent
    if only:
        with store.alone("gather"):
            ongoing = Ongoing(store, config, now, crew, progress)
            if report := _Gathering(ongoing, accept_gone, Fetches(now)).run_only(only):
                return report
    fetches = fetches or fetch(store, config, now)
    with store.alone("gather"):
        ongoing = Ongoing(store, config, now, crew, progress)
        return _Gathering(ongoing, accept_gone, fetches).run()


def fingerprint(config: Config) -> str:
    """What an article depends on besides its file; when it changes every file is parsed again."""
    parts = (
        _PARSER,
        config.publication.url,
        config.publication.timezone,
        config.publication.language,
        config.output.article_url,
        config.topics,
        config.look.highlight,
    )
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:12]


def outdated(store: Store, config: Config) -> bool:
    """Whether the articles were read under another configuration, with another address or zone, or never."""
    with store.read() as tx:
        return clock.remembered(tx, _READ_AS) != fingerprint(config)


class _Gathering:
    """One gather: look, take in, let go, number."""

    def __init__(self, ongoing: Ongoing, accept_gone: bool, fetches: Fetches) -> None:
        self.ongoing, self.accept_gone, self.fetches = ongoing, accept_gone, fetches
        self.store, self.config, self.now = ongoing.store, ongoing.config, ongoing.now
        self.report, self.outcomes = ongoing.report, ongoing.outcomes

    def run(self) -> Gathered:
        """Look, read, save, let go; then number all that became public in one transaction (rule 1)."""
        with self.store.read() as tx:
            known = traces.stamps(tx)
            self.report.before = catalogue.state(tx)
        looks = Looking(self.ongoing, fingerprint(self.config), known).looks(
            self.fetches, accept_gone=self.accept_gone
        )
        with self.store.read() as tx:
            looks = crediting.with_changed(tx, looks)
        changed = [(name, path) for name, at in looks.items() for path in at.changed]
        vanished = {(name, path) for name, at in looks.items() for path in at.vanished}
        self.ongoing.stamps = {name: at.stamps for name, at in looks.items()}
        self.ongoing.read, self.ongoing.known = frozenset(changed), known
        # what was in a source that is no longer configured may be found again in another
        vanished |= {(name, path) for name in known.keys() - looks.keys() for path in known[name]}
        if changed or vanished:
            self._take_in(changed, vanished, looks)
        self._number(linking.resolve(self.ongoing))
        with self.store.write() as tx:
            clock.remember(tx, _READ_AS, fingerprint(self.config), self.now)
            crediting.remember(tx, looks, self.now)
            remember(tx, self.config, self.fetches, looks)
            refusals.replace(tx, self.report.refused, self.now)
        return self.ongoing.ended()

    def run_only(self, only: Collection[Path]) -> Gathered | None:
        """Read these files; None, and nothing is done, where that does not say enough."""
        reading = fingerprint(self.config)
        with self.store.read() as tx:
            self.report.before = catalogue.state(tx)
            if clock.remembered(tx, _READ_AS) != reading:
                return None
            found = told.looks(self.ongoing, tx, reading, map(told.absolute, only))
        if found is None:
            return None
        looks, known = found
        with Aside[Key](self.store.folder) as aside:
            intake = Intake(self.ongoing, looks, aside)
            intake.read([one.key for one in known])
            ids = {one.key: one.explicit_id for one in known}
            if any(signs.explicit_id != ids[key] for key, signs in intake.signs.items()):
                return None
            with self.store.read() as tx:
                slugs = _slugs(tx, intake.signs)
            registry = Registry(self.config, self.now, {one.id for one in known}, slugs)
            intake.save(Recognition(intake.signs, known, set()), registry)
        self._number(linking.resolve(self.ongoing), self.report.touched)
        return self.ongoing.ended()

    def _take_in(self, changed: Sequence[Key], vanished: Set[Key], looks: Mapping[str, Looked]) -> None:
        with Aside[Key](self.store.folder) as aside:
            intake = Intake(self.ongoing, looks, aside)
            intake.read(changed)
            with self.store.read() as tx:
                found = _traces(tx, intake.signs, vanished)
                registry = Registry(self.config, self.now, traces.ids(tx), _slugs(tx, intake.signs))
            recognised = Recognition(intake.signs, found, vanished)
            intake.refuse_doubles(recognised.doubles)
            intake.save(recognised, registry)
        moved = {trace.key for trace in recognised.found.values()}
        self._let_go([t for t in found if t.key in vanished - moved and not t.gone])

    def _let_go(self, lost: Sequence[Trace]) -> None:
        here = {source: len(held) for source, held in self.ongoing.known.items()}
        accepted: list[Trace] = []
        for source in sorted({t.source for t in lost}):
            some = [t for t in lost if t.source == source]
            why = self._why_kept(source, len(some), here[source])
            if why and not self.accept_gone:
                self.report.kept.append(
                    f"{source}: {why}; their articles are kept (--accept-gone lets them go)"
                )
            else:
                accepted += some
        if not accepted:
            return
        with self.store.read() as tx:
            # it may look at many deliveries, and keeps nobody waiting
            mailed = catalogue.mailed(tx, [t.id for t in accepted])
        with self.store.write() as tx:
            catalogue.set_status(tx, {t.id: "withdrawn" if t.id in mailed else "gone" for t in accepted})
            self.ongoing.changed(tx, (t.id for t in accepted))
        self.outcomes |= {t.key: "gone" for t in accepted}
        self.report.changed = True

    def _why_kept(self, source: str, lost: int, here: int) -> str:
        if source not in self.config.named_sources | self.config.named_feeds:
            return f"no longer in the configuration, with {lost} files"
        return f"{lost} of {here} files vanished at once" if lost > _MANY and lost * 2 > here else ""

    def _number(self, linked: datetime | None, only: Set[str] | None = None) -> None:
        with self.store.write() as tx:
            linking.settle(tx, linked)
            turned = catalogue.turn(tx, self.now) if only is None else {}
            given = _release(tx, self.now, only)
            if not self.report.kept and only is None:  # else what is new may not have been seen yet
                restores.set_gathered(tx, self.now)
            if turned or given:
                self.ongoing.changed(tx, (*turned.values(), *(u.id for u in given)))
        self.outcomes |= dict.fromkeys(turned, "updated")
        self.outcomes |= {(u.source, u.path): "new" if u.first else "updated" for u in given}
        self.report.changed = bool(self.report.changed or turned or given)


def _traces(tx: Connection, signs: Mapping[Key, Manuscript], vanished: Set[Key]) -> list[Trace]:
    """What these files may be; for a few of them not all that there is."""
    if len(signs) + len(vanished) > _FEW:
        return traces.traces(tx)
    return traces.alike(tx, {*signs, *vanished}, {one.explicit_id for one in signs.values()} - {""})


def _slugs(tx: Connection, signs: Mapping[Key, Manuscript]) -> dict[str, str]:
    """Who has the slugs that these files want."""
    # a page of its own at the place of the front page would replace it
    slugs = {"index": ""}
    if len(signs) > _FEW:
        return slugs | traces.slugs(tx)
    for one in signs.values():
        slugs |= traces.slugs_like(tx, one.slug)
    return slugs


def _silent(_done: int, _total: int) -> None:
    """Nobody watches."""


def _release(tx: Connection, now: datetime, only: Set[str] | None) -> Sequence[Unreleased]:
    """Number what is public and has no number, in the order of the authors' dates (rule 1)."""
    in_turn(tx, "releases")
    newest = catalogue.newest_release(tx)
    number, floor = (newest.number, newest.released_at) if newest else (0, None)
    back = restores.restored(tx)
    first = newest is None or bool(back and not back.gathered)
    found = catalogue.unreleased(tx, only)
    # on a first gather the past is the past; later a release is now, and never before an earlier one
    times = (min(u.published_at, now) if first else now for u in found)
    catalogue.give_releases(
        tx,
        [
            Release(n, u.id, u.revision, max(at, floor) if floor else at)
            for n, (u, at) in enumerate(zip(found, times, strict=True), number + 1)
        ],
    )
    return found
