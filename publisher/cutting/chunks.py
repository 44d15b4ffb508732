"""One cut, chunk by chunk: plan, freeze, and write everything about a chunk in one transaction (rule 9)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection

from publisher.config.schema import Config
from publisher.cutting import cancelling
from publisher.cutting.asking import NOTHING, Result
from publisher.cutting.drafting import draft
from publisher.cutting.planning import Planned, Planner, fields_of
from publisher.errors import ContentError
from publisher.freezing.freezer import Freezer
from publisher.freezing.variants import key_of
from publisher.model.articles import Article
from publisher.rendering.environment import Templates
from publisher.store import Store, audience, catalogue, cuts, editions
from publisher.store.audience import Due, Row
from publisher.store.cuts import Cut
from publisher.store.editions import Edition, VariantRow

CHUNK = 500
_FIRST = 50
# Rows and articles of variants in one transaction: some 25 µs each, and 50 ms is the most (rule 23).
_WORK = 1000


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
    work: int = 0

    def run(self, progress: Callable[[int, int], None]) -> Result:
        """Serve everybody. Raises ContentError for a fault in a template."""
        if self.cut.kind != "hand":
            cancelling.give_way(self.store, self.cut, self.now)
        try:
            self._serve_all(progress)
        except ContentError:
            self._forget()
            raise
        return self._finish()

    def _serve_all(self, progress: Callable[[int, int], None]) -> None:
        with self.store.read() as tx:
            self.planner = Planner.of(tx, self.config, self.cut)
            if self.cut.edition_id:
                self._take_up(tx, editions.get(tx, self.cut.edition_id))
            total = audience.count(tx, self.cut, self.cut.cursor)
        cursor, done, size = self.cut.cursor, 0, _FIRST
        while True:
            with self.store.read() as tx:
                found = audience.chunk(tx, self.cut, cursor, min(size, CHUNK))
            if not found:
                return
            cursor, self.work = found[-1].subscription.id, 0
            self._serve(found, cursor)
            size = size * 2 if self.work < _WORK // 2 else max(10, size * _WORK // self.work)
            size = min(size, CHUNK)
            done += len(found)
            progress(done, max(done, total))

    def _serve(self, found: Sequence[Due], cursor: int) -> None:
        """One chunk; whoever changed while it was frozen is looked at again."""
        while found:
            with self.store.read() as tx:
                plans = self.planner.chunk(tx, found)
                matched = [p for p in plans if p.shown]
                self._prepare(tx, matched)
            variants = self._variants(matched)
            late = self._write(plans, variants, cursor)
            with self.store.read() as tx:
                found = audience.again(tx, self.cut, late) if late else []

    def _prepare(self, tx: Connection, matched: Sequence[Planned]) -> None:
        self._load(tx, {a for p in matched for a, _ in p.shown})
        if matched and not self.edition:
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
        frozen = editions.frozen_pieces(tx, edition.id)
        self.freezer = Freezer(self.config, self.templates, edition, self.articles, frozen)

    def _variants(self, matched: Sequence[Planned]) -> dict[str, VariantRow]:
        made: dict[str, VariantRow] = {}
        for plan in matched:
            language = plan.due.subscription.language
            key = key_of(plan.shown, language)
            if key not in made:
                assert self.freezer is not None
                made[key] = self.freezer.variant(plan.shown, language)
        return made

    def _write(self, plans: Sequence[Planned], variants: dict[str, VariantRow], cursor: int) -> list[int]:
        """One transaction: pieces, variants, rows, marks, cursor. Returns who changed since then."""
        with self.store.write() as tx:
            same = audience.unchanged(tx, [p.due.subscription for p in plans])
            current = [p for p in plans if p.due.subscription.id in same]
            if rows := [p for p in current if p.shown]:
                self._write_rows(tx, rows, variants)
            audience.advance(
                tx, [(p.due.subscription.id, p.mark, p.next_due_at) for p in current if p.mark is not None]
            )
            late = [p.due.subscription.id for p in plans if p.due.subscription.id not in same]
            if not late:
                cuts.move(tx, self.cut.id, cursor=cursor)
        return late

    def _write_rows(self, tx: Connection, plans: Sequence[Planned], variants: dict[str, VariantRow]) -> None:
        assert self.edition is not None
        assert self.freezer is not None
        if not self.edition.id:
            self.edition = editions.create(tx, self.edition)
        if not self.recipients:
            cuts.move(tx, self.cut.id, edition_id=self.edition.id)
        editions.save_pieces(tx, self.edition.id, self.freezer.fresh)
        keys = [key_of(p.shown, p.due.subscription.language) for p in plans]
        ids = editions.save_variants(tx, self.edition.id, [variants[key] for key in dict.fromkeys(keys)])
        rows = [
            Row(p.due, ids[key], fields_of(p.due), p.lo, p.hi, p.due_at)
            for p, key in zip(plans, keys, strict=True)
        ]
        audience.write_rows(tx, self.edition.id, rows)
        self.recipients += len(rows)
        self.work += len(rows) + sum(len(variants[key].articles) for key in ids)
        self.freezer.fresh.clear()

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
        with self.store.read() as tx:
            union, variants = editions.union(tx, id_), editions.variants_of(tx, id_)
            self._load(tx, {a for a, _ in union})
        archive = self.freezer.archive(union, self.config.publication.language) if union else {}
        with self.store.write() as tx:
            self._close(tx, id_, {**archive, "subject": next((subject for _, subject in variants), "")})
            edition = editions.get(tx, id_)
        return Result(edition, len(variants), tuple(a for a, _ in union), self.recipients, self.waiting)

    def _close(self, tx: Connection, id_: int, archive: dict[str, object]) -> None:
        assert self.edition is not None
        assert self.freezer is not None
        editions.save_pieces(tx, id_, self.freezer.fresh)
        cuts.move(tx, self.cut.id, finished_at=self.now)
        editions.change(tx, id_, archive=archive)
        if self.cut.kind != "due":
            editions.change(tx, id_, everybody=True, closes_at=None)
        held = self.cut.request["by_person"] or self.edition.needs_approval
        editions.set_state(tx, id_, ["cutting"], "held" if held else "scheduled")
        editions.set_state(tx, id_, ["done"], "sending", done_at=None)
