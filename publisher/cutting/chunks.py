"""One cut, chunk by chunk: plan, freeze, and write everything about a chunk in one transaction (rule 9)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection

from publisher.config.schema import Config
from publisher.cutting import cancelling, closing
from publisher.cutting.asking import NOTHING, Result
from publisher.cutting.drafting import draft
from publisher.cutting.planning import Course, Planned, Planner, Shown
from publisher.errors import ContentError
from publisher.freezing.fingerprints import fingerprint
from publisher.freezing.freezer import Freezer
from publisher.model.articles import Article
from publisher.model.editors import Actor
from publisher.rendering.environment import Templates
from publisher.store import Store, audience, catalogue, cuts, deeds, editions, frozen, serving, webhooks
from publisher.store.audience import Crowd, People
from publisher.store.chunking import Chunks
from publisher.store.cuts import Cut
from publisher.store.editions import Edition
from publisher.store.frozen import VariantRow
from publisher.store.serving import Changed, Queued

CHUNK = 2000
# More than one chunk can need, and too few to fill the memory where everybody chose something else.
_REMEMBERED = 20_000
_MANY = 10_000
Wanted = tuple[Shown, str]


@dataclass
class Run:
    """One pass over the subscriptions that a cut is for, from where its cursor stands.

    The edition is drafted when somebody first matches, and stored with the first rows, in their transaction.
    """

    store: Store
    config: Config
    templates: Templates
    cut: Cut
    now: datetime
    waiting: tuple[str, ...] = ()
    articles: dict[str, Article] = field(default_factory=dict)
    edition: Edition | None = None
    freezer: Freezer | None = None
    recipients: int = 0
    _frozen: dict[Wanted, int] = field(default_factory=dict)
    _kept: set[str] = field(default_factory=set)

    def run(self, progress: Callable[[int, int], None]) -> Result:
        """Serve everybody. Raises ContentError for a fault in a template."""
        try:
            if held := cancelling.earlier(self.store, self.cut):
                self._take_the_place(held)
            self._serve_all(progress)
        except ContentError:
            self._forget()
            raise
        return self._finish()

    def _take_the_place(self, held: Sequence[Edition]) -> None:
        """What nobody decided about gives way, once it is certain that this cut makes something."""
        with self.store.read() as tx:
            if not (first := self._first(tx, [edition.id for edition in held])):
                return
            self._prepare(tx, [first])
        self._variants([first])
        self.edition = self.freezer = None
        cancelling.give_way(self.store, held, self.cut, self.now)

    def _first(self, tx: Connection, held: Sequence[int]) -> Course | None:
        """What somebody gets of this cut when those are undone, if anybody does."""
        planner, cursor = Planner.of(tx, self.config, self.cut, held), self.cut.cursor
        while crowd := audience.chunk(tx, self.cut, cursor, CHUNK):
            cursor, _ = _extent(crowd)
            plans = planner.chunk(tx, audience.put_back(tx, held, crowd))
            if first := next((course for course, _ in plans if course.shown), None):
                return first
        return None

    def _serve_all(self, progress: Callable[[int, int], None]) -> None:
        with self.store.read() as tx:
            self.planner = Planner.of(tx, self.config, self.cut)
            if self.cut.edition_id:
                self._take_up(tx, editions.get(tx, self.cut.edition_id))
        chunks, cursor, done = Chunks(self.store, CHUNK), self.cut.cursor, 0
        with ThreadPoolExecutor(1, "reader") as reader:
            ahead = reader.submit(self._read, cursor, chunks.size)
            while (read := ahead.result())[0]:
                crowd, plans = read
                last, count = _extent(crowd)
                ahead = reader.submit(self._read, last, chunks.size)
                try:
                    self._serve(chunks, plans, last, count)
                except Changed:  # whoever changed while it was frozen is looked at again
                    ahead.cancel()
                    ahead = reader.submit(self._read, cursor, chunks.size)
                else:
                    cursor, done = last, done + count
                progress(done, max(done, self.planner.total))

    def _read(self, cursor: int, most: int) -> tuple[Crowd, Sequence[Planned]]:
        """The next chunk, while the one before it is being written: what is written changes no plan of it."""
        with self.store.read() as tx:
            crowd = audience.chunk(tx, self.cut, cursor, most)
            return crowd, self.planner.chunk(tx, crowd)

    def _serve(self, chunks: Chunks, plans: Sequence[Planned], last: int, count: int) -> None:
        """Freeze and write a chunk. Raises Changed."""
        courses = [course for course, _ in plans if course.shown]
        if courses:
            with self.store.read() as tx:
                self._prepare(tx, courses)
        variants = self._variants(courses)
        with chunks.write(count) as tx:
            self._write(tx, plans, variants)
            cuts.move(tx, self.cut.id, cursor=last)

    def _prepare(self, tx: Connection, courses: Sequence[Course]) -> None:
        self._load(tx, {a for shown in {course.shown for course in courses} for a, _ in shown})
        if courses and not self.edition:
            one = self.cut
            there = (
                None if one.kind == "hand" else editions.of_slot(tx, one.newsletter, one.cadence, one.slot)
            )
            self._take_up(tx, there or draft(tx, self.config, one, self.now))

    def _load(self, tx: Connection, ids: set[str]) -> None:
        if missing := ids - self.articles.keys():
            self.articles.update((x.article.id, x.article) for x in catalogue.listings(tx, ids=missing))

    def _take_up(self, tx: Connection, edition: Edition) -> None:
        self.edition = edition
        there = frozen.frozen_pieces(tx, edition.id)
        self.freezer = Freezer(self.config, self.templates, edition, self.articles, there)

    def _variants(self, courses: Sequence[Course]) -> dict[Wanted, VariantRow]:
        """What of a chunk was not frozen before, for each different (articles, language)."""
        wanted = dict.fromkeys((course.shown, course.language) for course in courses)
        if len(self._frozen) > _REMEMBERED:
            self._frozen.clear()
        fresh = [one for one in wanted if one not in self._frozen]
        if not fresh:
            return {}
        assert self.freezer is not None
        return {one: self.freezer.variant(*one) for one in fresh}

    def _write(self, tx: Connection, plans: Sequence[Planned], variants: Mapping[Wanted, VariantRow]) -> None:
        """Marks, pieces, variants, rows. Raises Changed, with nothing done, if somebody has changed."""
        moves: dict[tuple[int, datetime | None], list[int]] = {}
        for course, people in plans:
            if course.mark is not None:
                moves.setdefault((course.mark, course.next_due_at), []).extend(people.ids)
        revisions = sum(sum(people.revisions) for _, people in plans)
        if self.cut.kind == "hand":
            serving.hold(tx, [id_ for _, people in plans for id_ in people.ids], revisions)
        serving.advance(tx, moves, revisions)
        if rows := [plan for plan in plans if plan[0].shown]:
            self._write_rows(tx, rows, variants)

    def _write_rows(
        self, tx: Connection, plans: Sequence[Planned], variants: Mapping[Wanted, VariantRow]
    ) -> None:
        assert self.edition is not None
        assert self.freezer is not None
        if not self.edition.id:
            self.edition = editions.create(tx, self.edition)
        if not self.recipients:
            self._begin(tx, self.edition)
        if variants:
            fresh = {k: v for k, v in self.freezer.fresh.items() if k not in self._kept}
            frozen.save_pieces(tx, self.edition.id, fresh)
            ids = frozen.save_variants(tx, self.edition.id, list(variants.values()))
            self._remember({one: ids[row.key] for one, row in variants.items()}, fresh)
        serving.queue(tx, self.edition.id, [self._queued(*plan) for plan in plans])
        self.recipients += sum(len(people.ids) for _, people in plans)

    def _begin(self, tx: Connection, edition: Edition) -> None:
        """With the first rows of this pass: which edition the cut is of, and once whose work it is."""
        by, name = self.cut.request.get("by", (None, ""))
        if self.cut.request["by_person"] and name and self.cut.edition_id is None:
            deeds.add(tx, Actor(name, by), "cut", f"edition {edition.name}", self.now, kind=self.cut.kind)
        cuts.move(tx, self.cut.id, edition_id=edition.id)

    def _queued(self, course: Course, people: People) -> Queued:
        variant = self._frozen[course.shown, course.language]
        return Queued(variant, course.words, course.lo, course.hi, course.due_at, people.ids)

    def _remember(self, ids: Mapping[Wanted, int], pieces: Iterable[str]) -> None:
        assert self.freezer is not None
        self.freezer.fresh.clear()
        self._kept.update(pieces)
        self._frozen.update(ids)

    def _forget(self) -> None:
        """A person mends the template and asks again; what the clock began goes on by itself."""
        if self.cut.request["by_person"] and not self.cut.edition_id and not self.recipients:
            with self.store.write() as tx:
                cuts.forget(tx, self.cut.id)

    def _finish(self) -> Result:
        if not self.edition or not self.freezer or not (self.recipients or self.cut.edition_id):
            with self.store.write() as tx:
                cuts.move(tx, self.cut.id, finished_at=self.now)
            return NOTHING
        id_ = self.edition.id
        if self.recipients >= _MANY:
            with self.store.write() as tx:
                serving.measure(tx)
        closing.weigh(self.store, self.edition)
        fault = closing.describe(self.store, self.config, self.edition)
        with self.store.read() as tx:
            union, variants = frozen.union(tx, id_), frozen.variants_of(tx, id_)
            self._load(tx, {a for a, _ in union})
        archive = self.freezer.archive(union, self.config.publication.language) if union else {}
        with self.store.write() as tx:
            frozen.save_pieces(tx, id_, self.freezer.fresh)
        bound = fingerprint(self.store, self.edition) if self.edition.needs_approval else ""
        with self.store.write() as tx:
            archive["subject"] = next((subject for _, subject in variants), "")
            editions.change(tx, id_, archive=archive, fingerprint=bound)
            self._close(tx, id_, fault)
            edition = editions.get(tx, id_)
        return Result(edition, len(variants), tuple(a for a, _ in union), self.recipients, self.waiting)

    def _close(self, tx: Connection, id_: int, fault: str) -> None:
        assert self.edition is not None
        cuts.move(tx, self.cut.id, finished_at=self.now)
        if self.cut.kind != "due":
            editions.change(tx, id_, everybody=True, closes_at=None)
        # what must not leave waits for a person, whoever cut it
        held = self.cut.request["by_person"] or self.edition.needs_approval or fault
        if editions.set_state(tx, id_, ["cutting"], "held" if held else "scheduled", reason=fault):
            webhooks.note(tx, "edition.cut", [id_], self.now)
        if fault:
            # found by a later cut: the clock must not open what a person could not
            editions.set_state(tx, id_, ["scheduled"], "held", reason=fault, opens_at=None)
        editions.set_state(tx, id_, ["done"], "sending", done_at=None)


def _extent(crowd: Crowd) -> tuple[int, int]:
    """The last id, and how many there are."""
    return max(max(people.ids) for _, people in crowd), sum(len(people.ids) for _, people in crowd)
