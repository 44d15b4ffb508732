"""A newsroom that is simulated step by step, and what the rules say must have happened after each step.

The oracle knows the rules and the store's rows; it shares no code with the cut. Times are found by trying.
"""

from __future__ import annotations

import calendar
import random
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import recount
from sqlalchemy import text, update

from publisher import cutting, subscribing
from publisher.app import Publisher
from publisher.cutting import cancelling
from publisher.errors import Refused
from publisher.model.articles import Article
from publisher.store import catalogue, editions, subscribers
from publisher.store.catalogue import Listing, Release
from publisher.store.frozen import VariantRow
from publisher.store.schema import deliveries
from publisher.store.schema import editions as edition_rows
from publisher.store.subscribers import Subscription

TOPICS = ("world", "sports", "science", "kitchen")
ZONES = ("UTC", "Europe/Lisbon", "America/New_York", "Pacific/Auckland", "Pacific/Pago_Pago", "Asia/Kolkata")


class Ice:
    """A freezer that freezes names only."""

    def __init__(self, *_: Any) -> None:
        self.fresh: dict[str, Any] = {}

    def variant(self, shown: Any, language: str) -> VariantRow:
        from publisher.freezing.variants import key_of

        named = tuple((a, revision, "item") for a, revision in shown)
        return VariantRow(0, key_of(shown, language), language, "", "", {}, "", 0, named)

    def archive(self, *_: Any) -> dict[str, Any]:
        return {}


@cache
def hour_on(day: date, hour: int, zone: str) -> datetime:
    """The first half hour at which the clocks there show this hour of this day, or have passed it."""
    wanted = datetime(day.year, day.month, day.day, hour)  # noqa: DTZ001
    moment = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=15)
    while moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None) < wanted:
        moment += timedelta(minutes=30)
    return moment


@cache
def slot(cadence: str, day: date) -> str:
    return day.strftime({"daily": "%Y-%m-%d", "weekly": "%G-W%V", "monthly": "%Y-%m"}[cadence])


def hours(s: Subscription, around: datetime) -> list[tuple[str, datetime]]:
    """(slot, instant) of every hour of a subscription, from a month before to two months after."""
    return _hours(s.cadence, s.weekday, s.day, s.hour, s.zone, around.date())


@cache
def _hours(
    cadence: str, weekday: int, day: int, hour: int, zone: str, around: date
) -> list[tuple[str, datetime]]:
    found = []
    for n in range(-33, 64):
        one = around + timedelta(days=n)
        last = calendar.monthrange(one.year, one.month)[1]
        if cadence == "weekly" and one.weekday() != weekday:
            continue
        if cadence == "monthly" and one.day != min(day, last):
            continue
        found.append((slot(cadence, one), hour_on(one, hour, zone)))
    return found


@dataclass
class Story:
    id: str
    release: int
    topics: frozenset[str]
    public: bool = True
    always: bool = True
    revision: int = 1
    corrections: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Got:
    """A delivery row, with what it names."""

    id: int
    who: int
    cadence: str
    slot: str
    edition: int
    lo: int
    hi: int
    status: str
    names: frozenset[tuple[str, int]]


class Newsroom:
    crowd = 40  # so many addresses come and go

    def __init__(self, publisher: Publisher, clock: Any, seed: int) -> None:
        self.p, self.clock, self.dice = publisher, clock, random.Random(seed)
        self.stories: dict[str, Story] = {}
        self.newest = 0
        self.restless: set[int] = set()
        self.names: dict[int, list[tuple[str, int]]] = {}
        # what does not change any more, so that a year is not read again at every tick
        self.past: dict[int, list[Got]] = {}
        self.past_names: dict[int, set[str]] = {}
        self.past_editions: set[int] = set()
        self.past_slots: set[tuple[str, str]] = set()
        self.past_taken: dict[int, set[tuple[str, str]]] = {}

    # what there is

    def people(self) -> dict[int, Subscription]:
        with self.p.store.read() as tx:
            return {s.id: s for _, s in subscribers.everybody(tx, "daily")}

    def ledger(self) -> dict[int, Got]:
        query = """SELECT d.id, d.subscription_id, e.cadence, e.slot, e.id, d.lo, d.hi, d.status, d.variant_id
            FROM deliveries d JOIN editions e ON e.id = d.edition_id"""
        fresh = "SELECT variant_id, article_id, revision FROM variant_articles WHERE variant_id > :seen"
        with self.p.store.read() as tx:
            for variant, *name in tx.execute(text(fresh), {"seen": max(self.names, default=0)}):
                self.names.setdefault(variant, []).append(tuple(name))
            open_ = " OR ".join(f"e.id = {id_}" for id_ in self.open_editions(tx)) or "1 = 0"
            rows = tx.exec_driver_sql(f"{query} WHERE {open_}").all()
        return {row[0]: Got(*row[:-1], frozenset(self.names[row[-1]])) for row in rows}

    def open_editions(self, tx: Any) -> list[int]:
        found = [id_ for (id_,) in tx.execute(text("SELECT id FROM editions WHERE newsletter = 'daily'"))]
        return [id_ for id_ in found if id_ not in self.past_editions]

    def settle(self) -> None:
        """Editions that nobody can come due in any more, not even after a pause: their rows stay."""
        period = {"weekly": 9, "monthly": 34}
        over = {
            i
            for i, e in self.editions().items()
            if i not in self.past_editions
            and e.state in ("sending", "cancelled")
            and (e.cadence, e.slot) != ("instant", str(self.newest))
            and (e.closes_at or e.created_at) < self.clock.now - timedelta(days=period.get(e.cadence, 3))
        }
        rows = self.ledger().values()
        over -= {g.edition for g in rows if g.status == "queued"}
        for g in rows:
            if g.edition in over:
                self.past.setdefault(g.who, []).append(g)
                self.past_names.setdefault(g.who, set()).update(a for a, _ in g.names)
                self.past_taken.setdefault(g.who, set()).add((g.cadence, g.slot))
                if g.status == "sent":
                    self.past_slots.add((g.cadence, g.slot))
        self.past_editions |= over

    def editions(self) -> dict[int, Any]:
        with self.p.store.read() as tx:
            return {e.id: e for e in editions.listed(tx)}

    # what the rules say

    def window(self, s: Subscription, mark: int, mine: list[Got], first: bool) -> set[tuple[str, int]]:
        named = {a for g in mine for a, _ in g.names} | self.past_names.get(s.id, set())
        found, fitting = [], 0
        for x in reversed(self.stories.values()):
            if x.release <= mark and not (first and fitting < 10):
                break
            if x.public and (s.topics is None or x.topics & set(s.topics)):
                fitting += 1
                reaches_back = first and s.cadence != "instant" and fitting <= 10 and x.release <= s.since
                if x.release > mark or reaches_back:
                    found.append(x)
        chosen = {(x.id, x.revision) for x in found if x.id not in named}
        mine = [*self.past.get(s.id, ()), *mine]
        for x in self.stories.values():
            if not (x.public and any(r > mark for r in x.corrections)):
                continue
            before = [
                g for g in mine for a, r in g.names if a == x.id and r < x.revision and g.status == "sent"
            ]
            told = any(a == x.id and r >= x.revision for g in mine for a, r in g.names)
            if before and not told:
                chosen.add((x.id, x.revision))
        return chosen

    def stopped(self, there: dict[int, Any], cadence: str, key: str) -> bool:
        """A slot that was cancelled, by a person or by the next one: the clock does not begin it again."""
        mine = [e for e in there.values() if (e.newsletter, e.cadence, e.slot) == ("daily", cadence, key)]
        states = {e.state for e in mine}
        return states == {"cancelled"}

    def check(self, cadence: str, kind: str, before: Any, hand: tuple[str, ...] = ()) -> None:
        """Compare what a cut did with what the rules say; `cadence` is empty for the clock: all of them."""
        people, ledger, states = before
        now, later, rows, after = self.clock.now, self.people(), self.ledger(), self.editions()
        overtaken = (
            {
                i
                for i, e in after.items()
                if e.newsletter == "daily" and e.state == "cancelled" and states[i].state == "held"
            }
            if states
            else set()
        )
        mine: dict[int, list[Got]] = {}
        for g in ledger.values():
            mine.setdefault(g.who, []).append(g)
        fresh_of: dict[int, list[Got]] = {}
        for i, g in rows.items():
            if i not in ledger:
                fresh_of.setdefault(g.who, []).append(g)
        sent = {(g.cadence, g.slot) for g in ledger.values() if g.status == "sent"} | self.past_slots
        for who, s in people.items():
            back = [g for g in mine.get(who, []) if g.edition in overtaken and g.hi == s.mark]
            mark = max([g.lo for g in back] + [s.since]) if back else s.mark
            kept = [g for g in mine.get(who, []) if g not in back]
            fresh = fresh_of.get(who, [])
            awake = s.status == "confirmed" and (s.paused_until is None or s.paused_until <= now)
            expected, moved, wanted = set[tuple[str, int]](), False, later[who].next_due_at
            if kind == "hand":
                named = {a for g in kept for a, _ in g.names} | self.past_names.get(who, set())
                if awake:
                    expected = {
                        (a, self.stories[a].revision)
                        for a in hand
                        if a not in named and not s.since < self.stories[a].release <= s.mark
                    }
            elif s.cadence == "instant":
                key = str(self.newest)
                moved = awake and cadence == "" and mark < self.newest
                moved = moved and not self.stopped(states, s.cadence, key)
            elif kind == "due" and not back and not (awake and s.next_due_at and s.next_due_at <= now):
                wanted = s.next_due_at
            else:
                taken = {g.slot for g in kept if g.cadence == s.cadence}
                taken |= {key for cadence_, key in self.past_taken.get(who, ()) if cadence_ == s.cadence}
                if kind == "due":
                    moved = awake and s.next_due_at is not None and s.next_due_at <= now
                    key = [k for k, at in hours(s, now) if at <= now][-1]
                else:
                    moved, key = awake and s.cadence == cadence, slot(cadence, now.date())
                served = key in taken
                moved = moved and not (served and kind == "now")
                if moved or (back and s.next_due_at and s.next_due_at > now):
                    full = taken | ({key} if moved and fresh else set())
                    wanted = next(at for k, at in hours(s, now) if at > now and k not in full)
                else:
                    wanted = s.next_due_at
                moved = moved and not served and not (kind == "due" and self.stopped(states, s.cadence, key))
            if moved:
                first = not sent - {(s.cadence, key)}
                expected = self.window(s, mark, kept, first)
                at_once = any((after[i].cadence, after[i].slot) == (s.cadence, key) for i in overtaken)
                if expected and at_once:
                    expected = set()  # put into an edition that the next slot cancelled in the same tick
                else:
                    mark = max(mark, self.newest)
            got = [g.names for g in fresh]
            assert got == ([frozenset(expected)] if expected else []), (now, kind, s, expected, fresh)
            assert later[who].mark == mark, (now, kind, s, later[who])
            assert later[who].next_due_at == wanted, (now, kind, s, later[who].next_due_at, wanted)
            assert not any(g.id in rows for g in back)
        held = [
            (e.newsletter, e.cadence) for e in after.values() if e.state == "held" and e.cadence != "hand"
        ]
        assert len(held) == len(set(held))

    # what happens

    def seen(self) -> Any:
        return self.people(), self.ledger(), self.editions()

    def tick(self) -> None:
        before = self.seen()
        cutting.cut_due(self.p.store, self.p.config, self.p.templates, self.clock.now)
        self.check("", "due", before)

    def cut(self, cadence: str, articles: tuple[str, ...] = ()) -> None:
        before = self.seen()
        asked = cutting.asked(
            self.p.config, "daily", cadence, self.clock.now, everybody=True, articles=articles
        )
        try:
            cutting.cut(self.p.store, self.p.config, self.p.templates, asked, self.clock.now)
        except Refused:
            assert self.people() == before[0]
            return
        self.check(cadence, "hand" if articles else "now", before, articles)

    def decide(self, *, all_of_them: bool = False) -> None:
        """What is scheduled is sent; of what is held some is sent, some cancelled, some left lying."""
        ready = []
        for e in self.editions().values():
            fate = "send" if all_of_them else self.dice.choice(("send", "send", "cancel", "leave", "leave"))
            if e.state == "held" and fate == "cancel":
                before = self.people(), self.ledger()
                cancelling.cancel(self.p.store, e, self.clock.now, "by an editor")
                self.cancelled(e, *before)
            elif e.state in ("scheduled", "sending") or (e.state == "held" and fate == "send"):
                ready.append(e.id)
        self.send(*ready)

    def send(self, *ids: int) -> None:
        with self.p.store.write() as tx:
            opening = (edition_rows.c.id.in_(ids), edition_rows.c.state.in_(("held", "scheduled")))
            tx.execute(update(edition_rows).where(*opening).values(state="sending"))
            waiting = [deliveries.c.edition_id.in_(ids), deliveries.c.status == "queued"]
            late = update(deliveries).where(*waiting, deliveries.c.id % 9 == 0).values(status="expired")
            tx.execute(late)
            tx.execute(update(deliveries).where(*waiting).values(status="sent"))

    def cancelled(self, e: Any, people: dict[int, Subscription], ledger: dict[int, Got]) -> None:
        """Rule 10, and 11 for what was cut by hand."""
        rows, now = self.ledger(), self.people()
        nothing_left = not any(g.edition == e.id and g.status == "sent" for g in ledger.values())
        for g in ledger.values():
            if g.edition == e.id and g.status == "queued":
                undone = nothing_left and people[g.who].mark == g.hi
                assert (g.id not in rows) == undone
                if undone and e.cadence != "hand":
                    assert now[g.who].mark == max(g.lo, people[g.who].since)

    def publish(self) -> None:
        self.newest += 1
        topics = frozenset(self.dice.sample(TOPICS, self.dice.randint(1, 2)))
        story = Story(f"story-{self.newest}", self.newest, topics)
        self.stories[story.id] = story
        self.save(story, first=True)

    def save(self, story: Story, *, first: bool = False) -> None:
        now = self.clock.now
        article = Article(
            story.id, f"{story.id}.md", story.id, "", story.id, "", "", now, now,
            topics=tuple(story.topics), revision=story.revision,
        )  # fmt: skip
        status = "published" if story.public else "draft"
        with self.p.store.write() as tx:
            catalogue.save(tx, Listing(article, "content", "", "", "", status))
            if first:
                catalogue.give_releases(tx, [Release(self.newest, story.id, story.revision, now)])

    def edit(self) -> None:
        """A correction, a withdrawal and a return, or other topics."""
        if not self.stories:
            return
        story = self.dice.choice(list(self.stories.values())[-8:])
        what = self.dice.choice(("correct", "hide", "move"))
        if what == "correct" and story.public:
            self.newest += 1
            story.revision += 1
            story.corrections.append(self.newest)
            self.save(story, first=True)
        elif what != "correct":
            story.always = False
            story.public = not story.public if what == "hide" else story.public
            story.topics = story.topics if what == "hide" else frozenset(self.dice.sample(TOPICS, 1))
            self.save(story)

    def person(self) -> None:
        """Somebody comes, goes, returns, pauses, or wants it otherwise."""
        address = f"p{self.dice.randrange(self.crowd)}@example.org"
        with self.p.store.read() as tx:
            person = subscribers.find(tx, address)
            s = subscribers.subscriptions_of(tx, person.id)[0] if person else None
        fate = self.dice.random()
        if s and s.status == "confirmed" and fate < 0.25:
            subscribing.unsubscribe(self.p.store, s.id, self.clock.now)
        elif s and fate < 0.45:
            until = self.clock.now + timedelta(hours=self.dice.randrange(1, 150))
            with self.p.store.write() as tx:
                subscribers.change(tx, s.id, {"paused_until": until})
        else:
            self.choose(address, s)
        if s:
            self.restless.add(s.id)

    def choose(self, address: str, s: Subscription | None = None) -> None:
        dice = self.dice
        every = dice.random() < 0.4
        choice = subscribing.Choice(
            address,
            "daily",
            "confirmed",
            topics=None if every else tuple(sorted(dice.sample(TOPICS, dice.randint(1, 3)))),
            all_topics=every,
            cadence=dice.choice(("instant", "daily", "daily", "daily", "weekly", "monthly")),
            weekday=dice.randrange(7),
            day=dice.randint(1, 31),
            hour=dice.randrange(24),
            zone=dice.choice(ZONES),
        )
        subscribing.subscribe(self.p.store, self.p.config, choice, self.clock.now)

    def live(self, days: int) -> None:
        end = self.clock.now + timedelta(days=days)
        for n in range(25):
            self.choose(f"p{n}@example.org")
        while self.clock.now < end:
            self.clock.move(hours=self.dice.choice((1, 6, 12, 15, 21)), minutes=self.dice.choice((0, 0, 30)))
            for act, chance in ((self.publish, 0.3), (self.edit, 0.1), (self.person, 0.5)):
                if self.dice.random() < chance:
                    act()
            self.tick()
            if self.dice.random() < 0.08:
                self.cut(self.dice.choice(("daily", "daily", "weekly")))
            public = [x.id for x in self.stories.values() if x.public][-4:]
            if public and self.dice.random() < 0.05:
                self.cut("daily", tuple(self.dice.sample(public, min(2, len(public)))))
            if self.dice.random() < 0.7:
                self.decide()
        self.decide(all_of_them=True)
        self.rest()

    def rest(self) -> None:
        """Nothing happens any more, and everybody gets what is still to come."""
        for _ in range(34):
            self.clock.move(hours=24)
            self.tick()
            self.decide(all_of_them=True)

    def verify(self) -> int:
        """Exactly once, over the whole life; how many (subscription, article) pairs were looked at."""
        pairs = 0
        with self.p.store.read() as tx:
            recount.check(tx)
        people, rows = self.people(), [*self.ledger().values(), *(g for p in self.past.values() for g in p)]
        mine: dict[int, list[Got]] = {}
        for g in rows:
            mine.setdefault(g.who, []).append(g)
        slots = [(g.who, g.cadence, g.slot) for g in rows]
        assert len(slots) == len(set(slots)), "two deliveries in one slot"
        for who, s in people.items():
            names = [name for g in mine.get(who, ()) for name in g.names]
            assert len(names) == len(set(names)), "an article twice"
            if who in self.restless or s.status != "confirmed":
                continue
            for x in self.stories.values():
                if x.always and x.release > s.since and (s.topics is None or x.topics & set(s.topics)):
                    assert any(a == x.id for a, _ in names), f"{x.id} was missed"
                    pairs += 1
        return pairs
