"""Cut: freeze an edition for those who are due, and queue a delivery for each of them (rules 7 to 14)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from publisher.config.schema import Config
from publisher.cutting import cancelling
from publisher.cutting.planning import Planned, Planner, fields_of
from publisher.editions import slots
from publisher.editions.slots import Timetable
from publisher.errors import NotFound, Refused
from publisher.freezing.freezer import Freezer
from publisher.freezing.variants import key_of
from publisher.rendering.environment import Templates
from publisher.store import Store, audience, catalogue, clock, editions
from publisher.store.audience import Due, Row
from publisher.store.editions import Cut, Edition, VariantRow

_CHUNK = 2000
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Request:
    """What a cut was asked for.

    `kind`: due (those whose hour has come), now (everybody of the cadence), hand (these articles, for everybody).
    `by_person`: the edition is held until somebody sends it; else it is scheduled. `at` is the moment of the cut.
    """

    newsletter: str
    cadence: str
    kind: str
    at: datetime
    by_person: bool
    articles: tuple[str, ...] = ()
    intro: str = ""
    slot: str = ""


def asked(
    config: Config,
    name: str,
    cadence: str,
    at: datetime,
    *,
    everybody: bool = False,
    articles: tuple[str, ...] = (),
    intro: str = "",
) -> Request:
    """What a person asks for. With approval there is one cut a slot, for everybody (rule 13). Raises Refused."""
    newsletter = config.newsletters[name]
    cadence = cadence or newsletter.default.cadence
    if cadence not in newsletter.cadences:
        raise Refused(f"cadence: expected {', '.join(newsletter.cadences)}, got {cadence!r}")
    kind = "hand" if articles else "now" if everybody else "due"
    slot = ""
    if kind == "due" and newsletter.approval and cadence != "instant":
        kind, slot = "now", approval_slot(config, name, cadence, at)
    return Request(name, cadence, kind, at, True, articles, intro, slot)


@dataclass(frozen=True, slots=True)
class Result:
    """What a cut made; `edition` is None when nothing matched for anybody."""

    edition: Edition | None
    variants: int
    articles: tuple[str, ...]
    recipients: int


def cut(
    store: Store,
    config: Config,
    templates: Templates,
    request: Request,
    now: datetime,
    *,
    dry_run: bool = False,
    progress: Progress = lambda done, total: None,
) -> Result:
    """Carry out one request: every slot that it reaches, oldest first; the result is that of the newest.

    Raises Refused or NotFound for what cannot be asked, ContentError for a fault in a template: nothing is lost then,
    and the cut goes on from where it stood when it is asked for again.
    """
    request = _with_articles(store, request)
    with store.alone("cut"):
        resume(store, config, templates, now)
        results = [
            _dry(store, config, started) if dry_run else _run(store, config, templates, started, now, progress)
            for started in _started(store, config, request, now, keep=not dry_run)
        ]
    made = [r for r in results if r.recipients]
    return made[-1] if made else Result(None, 0, (), 0)


def resume(store: Store, config: Config, templates: Templates, now: datetime) -> None:
    """Finish cuts that were killed on their way, each with the `hi` that it began with."""
    with store.read() as tx:
        left = editions.unfinished_cuts(tx)
    for one in left:
        if one.newsletter in config.newsletters:
            _run(store, config, templates, one, now, lambda done, total: None)


def _with_articles(store: Store, request: Request) -> Request:
    if request.kind != "hand":
        return request
    with store.read() as tx:
        found = {x.article.id: x for x in catalogue.listings(tx)}
    for a in request.articles:
        if a not in found:
            raise NotFound(f"no article {a!r}; `publisher articles` lists them")
        if found[a].status != "published":
            raise Refused(f"{found[a].article.path} is not public: {found[a].status}")
    return request


def _started(
    store: Store, config: Config, request: Request, now: datetime, *, keep: bool
) -> list[Cut]:
    """The cuts that a request means, one a slot, recorded so that a killed one can go on."""
    with store.read() as tx:
        newest = catalogue.newest_release(tx)
        hi = newest.number if newest else 0
        wanted = [request.slot] if request.slot else _slots(tx, config, request, hi)
    cuts = []
    for slot in wanted:
        if keep and request.kind != "hand":
            cancelling.give_way(store, request.newsletter, request.cadence, slot, now)
        values = _values(request, slot, hi)
        with store.write() as tx:
            cuts.append(editions.start_cut(tx, values) if keep else Cut(id=0, cursor=0, **values))
    return cuts


def _slots(tx: catalogue.Connection, config: Config, request: Request, hi: int) -> list[str]:
    if request.kind == "hand":
        return [""]
    if request.cadence == "instant":
        return [str(hi)] if audience.waiting_instants(tx, request.newsletter, hi, request.at) else []
    if request.kind == "now":
        today = request.at.astimezone(config.publication.zone).date()
        return [slots.slot_of(request.cadence, today)]
    timetables = audience.due_timetables(tx, request.newsletter, request.cadence, request.at)
    due = {slots.newest(Timetable(request.cadence, *t), request.at)[0] for t in timetables}
    return sorted(due)


def _values(request: Request, slot: str, hi: int) -> dict[str, Any]:
    return {
        "newsletter": request.newsletter,
        "cadence": "hand" if request.kind == "hand" else request.cadence,
        "slot": slot,
        "request": {
            "kind": request.kind,
            "by_person": request.by_person,
            "articles": list(request.articles),
            "intro": request.intro,
        },
        "edition_id": None,
        "at": request.at,
        "hi": hi,
    }


def _dry(store: Store, config: Config, one: Cut) -> Result:
    """Count what a cut would make."""
    with store.read() as tx:
        planner = Planner.of(tx, config, one)
        kind, cursor = one.request["kind"], 0
        shown: dict[tuple[tuple[tuple[str, int], ...], str], int] = {}
        while found := audience.chunk(tx, one.newsletter, one.cadence, kind, one.at, one.hi, cursor, _CHUNK):
            cursor = found[-1].subscription.id
            for plan in planner.chunk(tx, found):
                if plan.shown:
                    key = (plan.shown, plan.due.subscription.language)
                    shown[key] = shown.get(key, 0) + 1
    names = dict.fromkeys(a for articles, _ in shown for a, _ in articles)
    return Result(None, len(shown), tuple(names), sum(shown.values()))


def _run(
    store: Store, config: Config, templates: Templates, one: Cut, now: datetime, progress: Progress
) -> Result:
    return _Cutter(store, config, templates, one, now).run(progress)


@dataclass
class _Cutter:
    store: Store
    config: Config
    templates: Templates
    cut: Cut
    now: datetime
    edition: Edition | None = None
    freezer: Freezer | None = None
    recipients: int = 0
    shown: dict[tuple[str, int], None] | None = None

    def run(self, progress: Progress) -> Result:
        self.shown = {}
        with self.store.read() as tx:
            self.planner = Planner.of(tx, self.config, self.cut)
            self.articles = {x.article.id: x.article for x in catalogue.listings(tx, ids=self._ids())}
            if self.cut.edition_id:
                self._take_up(tx, editions.get(tx, self.cut.edition_id))
        kind, cursor, done = self.cut.request["kind"], self.cut.cursor, 0
        while found := self._chunk(kind, cursor):
            cursor = found[-1].subscription.id
            self._serve(found, cursor)
            done += len(found)
            progress(done, done)
        return self._finish()

    def _ids(self) -> list[str]:
        return list({c.article_id for c in self.planner.candidates} | set(self.planner.chosen))

    def _chunk(self, kind: str, cursor: int) -> list[Due]:
        one = self.cut
        with self.store.read() as tx:
            return audience.chunk(tx, one.newsletter, one.cadence, kind, one.at, one.hi, cursor, _CHUNK)

    def _serve(self, found: Sequence[Due], cursor: int) -> None:
        """Plan, freeze and write one chunk; whoever changed meanwhile is looked at again."""
        while found:
            with self.store.read() as tx:
                plans = self.planner.chunk(tx, found)
            matched = [p for p in plans if p.shown]
            if matched and not self.edition:
                self._open()
            variants = self._variants(matched)
            late = self._write(plans, variants, cursor)
            with self.store.read() as tx:
                kind, at, hi = self.cut.request["kind"], self.cut.at, self.cut.hi
                found = audience.again(tx, late, kind, at, hi, found[0].subscription) if late else []

    def _open(self) -> None:
        """The slot's edition, made with the first row that matches (rule 8)."""
        one = self.cut
        with self.store.write() as tx:
            edition = None
            if one.request["kind"] != "hand":
                edition = editions.of_slot(tx, one.newsletter, one.cadence, one.slot)
            edition = edition or editions.create(tx, self._edition_values())
            editions.move_cut(tx, one.id, edition_id=edition.id)
            self._take_up(tx, edition)

    def _take_up(self, tx: catalogue.Connection, edition: Edition) -> None:
        self.edition = edition
        frozen = editions.frozen_pieces(tx, edition.id)
        self.freezer = Freezer(self.config, self.templates, edition, self.articles, frozen)

    def _edition_values(self) -> dict[str, Any]:
        one, kind = self.cut, self.cut.request["kind"]
        newsletter = self.config.newsletters[one.newsletter]
        everybody = kind != "due" or newsletter.approval or one.cadence == "instant"
        today = one.at.astimezone(self.config.publication.zone).date()
        dated = one.cadence == "daily"
        return {
            "newsletter": one.newsletter,
            "cadence": one.cadence,
            "slot": one.slot,
            "day": one.slot if dated else today.isoformat(),
            "state": "cutting",
            "by_hand": one.request["by_person"],
            "needs_approval": newsletter.approval,
            "everybody": everybody,
            "intro": one.request["intro"],
            "archive": {},
            "created_at": self.now,
            "closes_at": None if everybody else slots.closes_at(one.cadence, one.slot),
        }

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
        """One transaction: pieces, variants, rows, marks and the cursor. Returns who changed since they were read."""
        with self.store.write() as tx:
            same = audience.unchanged(tx, [p.due.subscription for p in plans])
            now = [p for p in plans if p.due.subscription.id in same]
            if self.edition and self.freezer:
                editions.save_pieces(tx, self.edition.id, self.freezer.fresh)
                ids = editions.save_variants(tx, self.edition.id, list(variants.values()))
                rows = [self._row(p, ids) for p in now if p.shown]
                audience.write_rows(tx, self.edition.id, rows)
                self.recipients += len(rows)
                self.freezer.fresh.clear()
            moved = [
                (p.due.subscription.id, p.mark, p.next_due_at) for p in now if p.mark is not None
            ]
            audience.advance(tx, moved)
            late = [p.due.subscription.id for p in plans if p.due.subscription.id not in same]
            if not late and self.cut.id:
                editions.move_cut(tx, self.cut.id, cursor=cursor)
        return late

    def _row(self, plan: Planned, ids: dict[str, int]) -> Row:
        language = plan.due.subscription.language
        variant = ids[key_of(plan.shown, language)]
        return Row(plan.due, variant, fields_of(plan.due), plan.lo, plan.hi, plan.due_at)

    def _finish(self) -> Result:
        if not self.edition or not self.freezer:
            with self.store.write() as tx:
                editions.move_cut(tx, self.cut.id, finished_at=self.now)
            return Result(None, 0, (), 0)
        held = self.cut.request["by_person"] or self.edition.needs_approval
        with self.store.read() as tx:
            union = editions.articles_of(tx, self.edition.id)
        known = [(a, self.articles[a].revision) for a in union if a in self.articles]
        archive = self.freezer.archive(known, self.config.publication.language) if known else {}
        with self.store.write() as tx:
            editions.save_pieces(tx, self.edition.id, self.freezer.fresh)
            subject = editions.variants_of(tx, self.edition.id)[0][1]
            editions.change(tx, self.edition.id, archive={**archive, "subject": subject})
            if self.cut.request["kind"] != "due":
                editions.change(tx, self.edition.id, everybody=True, closes_at=None)
            editions.move_cut(tx, self.cut.id, finished_at=self.now)
            editions.set_state(tx, self.edition.id, ["cutting"], "held" if held else "scheduled")
            editions.set_state(tx, self.edition.id, ["done"], "sending", done_at=None)
            edition = editions.get(tx, self.edition.id)
            variants = len(editions.variants_of(tx, edition.id))
        return Result(edition, variants, tuple(union), self.recipients)


def cut_due(store: Store, config: Config, templates: Templates, now: datetime) -> list[Result]:
    """Everything that is due now, in every newsletter and cadence: what the clock does. Firing twice is harmless."""
    results = []
    for name, newsletter in config.newsletters.items():
        for cadence in slots.CADENCES:
            request = Request(name, cadence, "due", now, by_person=False)
            if newsletter.approval and cadence != "instant":
                results += _approval_cut(store, config, templates, request, now)
            else:
                results.append(cut(store, config, templates, request, now))
    return [r for r in results if r.edition]


def _approval_cut(
    store: Store, config: Config, templates: Templates, request: Request, now: datetime
) -> list[Result]:
    """The one cut of a slot in a newsletter with approval, for everybody, at its default hour (rule 13)."""
    slot = approval_slot(config, request.newsletter, request.cadence, now)
    with store.write() as tx:
        if not clock.advance_slot(tx, f"cut {request.newsletter} {request.cadence}", slot, now):
            return []
    everybody = Request(request.newsletter, request.cadence, "now", now, by_person=False, slot=slot)
    return [cut(store, config, templates, everybody, now)]


def approval_slot(config: Config, name: str, cadence: str, now: datetime) -> str:
    """The newest slot of a newsletter's own default hour, in the publication's zone."""
    default = config.newsletters[name].default
    weekday = slots.WEEKDAYS.index(default.weekday)
    own = Timetable(cadence, default.hour, weekday, default.day, config.publication.timezone)
    return slots.newest(own, now)[0]
