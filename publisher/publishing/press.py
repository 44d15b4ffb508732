"""The press: makes the public files of one configuration, and keeps in mind what stands."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple

from sqlalchemy import Connection

from publisher.config.schema import Config
from publisher.crew import Crew
from publisher.output import Output, Report
from publisher.output.content import in_the_way
from publisher.output.session import Session
from publisher.publishing import announcing, fingerprints
from publisher.publishing.kinds.feed_documents import archives
from publisher.publishing.kit import Kit
from publisher.publishing.making import Making
from publisher.publishing.planning import Entangled, Plan, Stale, Unit, number_of, of_kind, units_around
from publisher.publishing.standing import Change, Standing
from publisher.rendering.environment import Templates
from publisher.store import Store, catalogue, clock, editions, frozen, outlines
from publisher.store.outlines import Outline

_SENT = ("sending", "paused", "done")


@dataclass
class _Kept:
    """What a press keeps in mind: the state of the catalogue that it is of, the articles, the plan."""

    state: str
    standing: Standing
    plan: Plan
    hidden: dict[str, Outline]


class Changed(NamedTuple):
    """All that changed in the catalogue from one state to another: these articles, by id.

    `around`: the sources were looked at as a whole, so that other files there may have changed too.
    """

    before: str
    after: str
    touched: frozenset[str] = frozenset()
    around: bool = False


class Press:
    """Used by one thread at a time, and by one process at a time for one store.

    A process that keeps running publishes what changed, and only that, as long as it is told of every
    change; otherwise, and at first, everything is looked at.
    """

    def __init__(self, store: Store, config: Config, templates: Templates, crew: Crew | None = None) -> None:
        self.store, self.config, self.templates = store, config, templates
        self.crew = crew or Crew(0)
        self.output = Output(config.output.path)
        self._kept: _Kept | None = None

    def publish(self) -> Report:
        """Write everything under output.path that is not there yet, and remove what nothing names.

        Raises ContentError for a fault in a template, Refused or StoreError where the folder cannot be
        written.
        """
        self._kept = None
        # alone from the reading on: an older look must not be written over a newer one
        with self.store.alone("publish"), self.templates.settled():
            return self._publish()

    def refresh(self, changed: Changed | None = None) -> Report | None:
        """As `publish`, if something was noted to have changed since the last time.

        Where this press knows of every change of an article, by what it is told, nothing else is looked at.
        """
        with self.store.alone("publish"), self.templates.settled():
            with self.store.read() as tx:
                noted = clock.stale_since(tx, clock.PUBLIC_FILES)
            if noted is None:
                return None
            if self._kept and (changed is None or changed.before == self._kept.state):
                report = self._again(changed or Changed(self._kept.state, self._kept.state))
            else:
                report = self._publish()
            with self.store.write() as tx:
                clock.set_fresh(tx, clock.PUBLIC_FILES, noted)
        return report

    def _publish(self) -> Report:
        self._kept = None
        with self.store.read() as tx:
            state = catalogue.state(tx)
            standing = Standing(self.config, fingerprints.made_with(self.config, self.templates))
            hidden: dict[str, Outline] = {}
            standing.fill(_public(outlines.outlines(tx, public=True), hidden))
            self._read(tx, standing, hidden)
        with self.output.open() as session:
            plan = Plan()
            stale = plan.whole(standing, session)
            gone = session.manifest.files.keys() - plan.owner.keys()
            report = self._write(session, plan, standing, stale, gone, True)
        self._kept = _Kept(state, standing, plan, hidden)
        return report

    def _again(self, changed: Changed) -> Report:
        """Publish what these articles changed; everything where that does not say enough."""
        kept, self._kept = self._kept, None
        assert kept
        standing, touched = kept.standing, changed.touched
        with self.store.read() as tx:
            if catalogue.state(tx) != changed.after or standing.made_with != self._made_with():
                return self._publish()
            found = {x.article.id: x for x in outlines.outlines(tx, touched, public=True)}
            changes = _changes(standing, kept.hidden, touched, found)
            units = {*units_around(standing, touched)}
            standing.change(changes)
            withdrawn = {*standing.withdrawn}
            past = {*_archives(standing)}
            if self._read(tx, standing, kept.hidden):
                units |= past | {*_archives(standing)}
        units |= {*units_around(standing, touched), *_always(standing, withdrawn)}
        try:
            with self.output.open() as session:
                stale, gone = kept.plan.again(standing, session, units)
                if changed.around:
                    self._look_around(kept, session, units)
                report = self._write(session, kept.plan, standing, stale, gone, False)
        except Entangled:
            return self._publish()
        kept.state = changed.after
        self._kept = kept
        return report

    def _look_around(self, kept: _Kept, session: Session, seen: set[Unit]) -> None:
        """Files that articles bring along change without them. Raises Entangled if any has."""
        others = (unit for unit in of_kind("assets", kept.standing) if unit not in seen)
        if any(kept.plan.again(kept.standing, session, others)):
            raise Entangled

    def _made_with(self) -> str:
        return fingerprints.made_with(self.config, self.templates)

    def _read(self, tx: Connection, standing: Standing, hidden: dict[str, Outline]) -> bool:
        """What the store holds besides articles that are public; whether there is a newer release."""
        mailed = catalogue.mailed(tx, list(hidden))
        standing.withdrawn = {id_: hidden[id_] for id_ in hidden if id_ in mailed}
        newest = catalogue.newest_release(tx)
        filled = standing.set_newest(newest.number if newest else 0)
        past = [
            e
            for e in editions.listed(tx, states=_SENT)
            if e.archive and e.newsletter in self.config.newsletters
        ]
        standing.editions = [(edition, len(frozen.articles_of(tx, edition.id))) for edition in past]
        return filled

    def _write(
        self,
        session: Session,
        plan: Plan,
        standing: Standing,
        stale: list[Stale],
        gone: Iterable[str],
        whole: bool,
    ) -> Report:
        making = Making(Kit(self.config, self.templates, self.store), session, plan, standing, self.crew)
        session.refuse_foreign(plan.made(stale), lambda path: making.content(stale, path))
        gone = sorted(path for path in gone if session.ours(path))
        # noted before the first of them is written: no kill loses what a hub must be told
        announcing.note(self.store, self.config, chain(plan.made(stale), gone))
        first = in_the_way(gone, plan.owner) if gone else set()
        session.remove(first)
        written = sorted(making.run(stale)) if stale else []
        session.remove(path for path in gone if path not in first)
        session.end(whole=whole)
        return Report(tuple(written), len(plan.owner) - len(written), tuple(gone))


def _public(found: Iterable[Outline], hidden: dict[str, Outline]) -> Iterable[Outline]:
    """Those that are public; `hidden` takes those that were, and are no longer."""
    for outline in found:
        if outline.release and outline.status == "published":
            yield outline
        elif outline.release:
            hidden[outline.article.id] = outline


def _changes(
    standing: Standing, hidden: dict[str, Outline], touched: Iterable[str], found: dict[str, Outline]
) -> list[Change]:
    for id_ in touched:
        hidden.pop(id_, None)
    public = {x.article.id: x for x in _public(found.values(), hidden)}
    pairs = (Change(standing.held.get(id_), public.get(id_)) for id_ in touched)
    return [pair for pair in pairs if pair.before != pair.after]


def _always(standing: Standing, withdrawn: set[str]) -> Iterable[Unit]:
    """Units that something else than articles changes."""
    yield from of_kind("editions", standing)
    yield from of_kind("withdrawn", standing)
    yield from ((number_of("withdrawn"), name) for name in withdrawn)


def _archives(standing: Standing) -> Iterable[Unit]:
    """The archive documents of feeds, and what names the last of them."""
    number = number_of("feed")
    for name in standing.config.feeds:
        yield from ((number, unit) for unit in (name, *archives(standing, name)))
