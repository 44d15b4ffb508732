"""Planning one chunk of a cut: which window each subscription has, and which articles it holds.

Very many chose alike and stand alike: what becomes of them is decided once, and looked up for each.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection

from publisher import articles
from publisher.config.schema import Config
from publisher.editions import choice, slots, windows
from publisher.editions.slots import Timetable
from publisher.editions.windows import Candidate
from publisher.languages import Phrasebooks
from publisher.store import audience, catalogue, editions
from publisher.store.audience import Chosen, Crowd, People
from publisher.store.cuts import Cut

Shown = tuple[tuple[str, int], ...]
# Remembered decisions: enough for any crowd, too few to fill the memory where everybody is different.
_REMEMBERED = 20_000
_json = json.JSONEncoder().encode


@dataclass(frozen=True, slots=True)
class Course:
    """What a cut does with a subscription: the articles it gets (none: no row), its window, what comes next.

    `mark` is None where the mark stays: by hand. `words` are what was chosen, in words, as JSON.
    """

    shown: Shown
    language: str
    lo: int
    hi: int
    due_at: datetime
    mark: int | None
    next_due_at: datetime | None
    words: str


Planned = tuple[Course, People]
_Key = tuple[Chosen, frozenset[str], frozenset[str], frozenset[tuple[str, int]]]


def timetable(s: Chosen) -> Timetable:
    """When this subscription's digest comes."""
    return Timetable(s.cadence, s.hour, s.weekday, s.day, s.zone)


@lru_cache(maxsize=4096)
def _topics(stored: str | None) -> tuple[str, ...] | None:
    found = json.loads(stored or "null")
    return None if found is None else tuple(found)


def recent(cadence: str, moment: datetime, slot: str = "") -> str:
    """The earliest slot whose hour may still come anywhere on earth, or `slot` where that is earlier."""
    if cadence == "instant":
        return slot
    earliest = slots.earliest(cadence, moment)
    return min(slot, earliest) if slot else earliest


@dataclass
class Planner:
    """Plans chunks of one cut. `first`: nothing of the newsletter was sent before this slot (rule 4).

    `total` is how many it looks at, `lowest` the mark from which on `candidates` are read. `stopped`: this
    slot was cancelled; who still comes due in it waits for the next one. The editions `without` are planned
    as if they had not been cut.
    """

    cut: Cut
    carried: windows.Topics
    known: frozenset[str] | None
    first: bool
    stopped: bool
    asked_at: datetime
    around: Mapping[int, str]
    without: frozenset[int] = frozenset()
    phrasebooks: Phrasebooks = field(default_factory=Phrasebooks)
    total: int = 0
    lowest: int = 0
    candidates: Sequence[Candidate] = ()
    _naming: Collection[int] = ()
    _correcting: Collection[int] = ()
    _again: Sequence[tuple[str, int]] = ()
    _courses: dict[Any, Course | None] = field(default_factory=dict)
    _windows: dict[Any, Shown] = field(default_factory=dict)

    @staticmethod
    def of(tx: Connection, config: Config, cut: Cut, without: Iterable[int] = ()) -> Planner:
        """Everything that is the same for all chunks of a cut."""
        slot = (cut.newsletter, cut.cadence, cut.slot)
        stopped = editions.cancelled(tx, *slot) and not editions.of_slot(tx, *slot)
        earliest = recent(cut.cadence, cut.at, cut.slot)
        planner = Planner(
            cut,
            articles.carried(config.newsletters[cut.newsletter].topics, config.topics),
            frozenset(config.topics) or None,
            cut.cadence != "instant" and not editions.sent_outside(tx, *slot),
            stopped and not cut.request["by_person"],
            datetime.fromisoformat(cut.request["asked_at"]),
            audience.around(tx, cut.newsletter, cut.cadence, earliest) if cut.kind != "hand" else {},
            frozenset(without),
            Phrasebooks.of_publication(config.templates),
        )
        planner.total, lowest = audience.extent(tx, cut)
        planner._look(tx, 0 if planner.first or cut.kind == "hand" or planner.without else lowest)
        return planner

    def _look(self, tx: Connection, lowest: int) -> None:
        """Read the releases from a mark on, and which editions may have named their articles before."""
        name = self.cut.newsletter
        self.lowest, self.candidates = lowest, catalogue.candidates(tx, lowest, self.cut.hi)
        self._again = [(c.article_id, c.revision) for c in self.candidates if not c.first and c.public]
        self._naming = self._but(self._editions(tx))
        self._correcting = self._but(audience.naming(tx, name, {a for a, _ in self._again}))

    def _editions(self, tx: Connection) -> Iterable[int]:
        """Those that may have named before what a window holds: before the first slot all, later by hand."""
        name, chosen = self.cut.newsletter, self.cut.request["articles"]
        if self.cut.kind == "hand":
            return audience.naming(tx, name, chosen)
        if self.first:
            return [edition.id for edition in editions.listed(tx, name)]
        possible = {c.article_id for c in self.candidates if c.first}
        return [id_ for id_, named in audience.by_hand(tx, name).items() if named & possible]

    def _but(self, ids: Iterable[int]) -> list[int]:
        return [id_ for id_ in ids if id_ not in self.without]

    def chunk(self, tx: Connection, crowd: Crowd) -> list[Planned]:
        """The plan for these subscriptions; those of another slot, or not to be served, are left out."""
        plans = []
        for key, people in self._apart(tx, crowd):
            if key not in self._courses:
                if len(self._courses) >= _REMEMBERED:
                    self._courses.clear()
                self._courses[key] = self._course(*key)
            if course := self._courses[key]:
                plans.append((course, people))
        return plans

    def _apart(self, tx: Connection, crowd: Crowd) -> Iterable[tuple[_Key, People]]:
        """Those who chose and stand alike, and of these those who got the same before."""
        nothing = frozenset[Any]()
        history = self._history(tx, crowd)
        if not any(history):
            return [((chosen, nothing, nothing, nothing), people) for chosen, people in crowd]
        apart: dict[_Key, People] = {}
        for chosen, people in crowd:
            for one in zip(*people, strict=True):
                served, named, corrected = (part.get(one[1], nothing) for part in history)
                alike = apart.setdefault((chosen, served, named, corrected), People([], [], []))
                for column, value in zip(alike, one, strict=True):
                    column.append(value)
        return apart.items()

    def _history(self, tx: Connection, crowd: Crowd) -> tuple[Mapping[int, frozenset[Any]], ...]:
        """What subscribers got before: served slots, named articles, corrections that are for them."""
        lowest = min((chosen.mark for chosen, _ in crowd), default=self.lowest)
        if lowest < self.lowest and self.cut.kind != "hand":
            # somebody was confirmed or came back while the cut was under way
            self._look(tx, lowest)
        around = self._near(crowd)
        if not (around or self._naming or self._correcting):
            return ()
        people = [who for _, alike in crowd for who in alike.subscribers]
        if self.cut.kind == "hand":
            return {}, audience.named(tx, self._naming, people, self.cut.request["articles"]), {}
        return (
            audience.in_slots(tx, around, people),
            audience.named(tx, self._naming, people),
            audience.corrected(tx, self._correcting, people, self._again),
        )

    def _near(self, crowd: Crowd) -> dict[int, str]:
        """The editions around whose slots may still come for these, or are this one."""
        if not self.around:
            return {}
        zones = {chosen.zone for chosen, _ in crowd}
        earliest = min((slots.local(self.cut.cadence, self.cut.at, zone) for zone in zones), default="")
        return {id_: slot for id_, slot in self.around.items() if slot >= min(earliest, self.cut.slot)}

    def _course(
        self,
        s: Chosen,
        taken: frozenset[str],
        named: frozenset[str],
        corrections: frozenset[tuple[str, int]],
    ) -> Course | None:
        if self.cut.kind == "hand":
            return self._by_hand(s, named)
        if self._slot(s) != self.cut.slot:
            return None
        if self.cut.slot in taken or self.stopped:
            # served in this slot already, or not to be: only what comes next is computed anew
            return self._as_it_stands(s, self._next_due(s, taken)) if self.cut.kind == "due" else None
        shown = self._shown(s, named, corrections)
        mark = max(s.mark, self.cut.hi)
        # only a delivery fills a slot: where nothing matched, an hour still to come today stays due
        next_due_at = self._next_due(s, taken | {self.cut.slot} if shown else taken)
        at = self._due_at(s)
        return Course(shown, s.language, s.mark, mark, at, mark, next_due_at, self._words(s))

    def _as_it_stands(self, s: Chosen, next_due_at: datetime | None) -> Course:
        return Course((), s.language, s.mark, s.mark, self.asked_at, s.mark, next_due_at, "")

    def _by_hand(self, s: Chosen, named: frozenset[str]) -> Course:
        chosen = self.cut.request["articles"]
        there = {c.article_id: c for c in self.candidates if c.first and c.public and c.article_id in chosen}
        shown = tuple(
            (a, there[a].revision)
            for a in chosen
            if a in there and not s.since < there[a].release <= s.mark and a not in named
        )
        # no window: the mark that it stood at shows later whether one has passed (rule 11)
        return Course(shown, s.language, s.mark, s.mark, self.asked_at, None, None, self._words(s))

    def _words(self, s: Chosen) -> str:
        chosen = (_topics(s.topics), s.cadence, s.hour, s.weekday, s.day)
        return _json(choice.words(*chosen, s.language, self.phrasebooks))

    def _slot(self, s: Chosen) -> str:
        """The slot that a due subscription is due in; a cut for everybody has but one."""
        if self.cut.kind != "due" or self.cut.cadence == "instant":
            return self.cut.slot
        return slots.newest(timetable(s), self.cut.at)[0]

    def _due_at(self, s: Chosen) -> datetime:
        """The later of their hour and the cut; at once where everybody is taken (rule 12)."""
        if self.cut.kind != "due" or self.cut.cadence == "instant":
            return self.asked_at
        return max(self.asked_at, slots.newest(timetable(s), self.cut.at)[1])

    def _next_due(self, s: Chosen, taken: frozenset[str]) -> datetime | None:
        if s.cadence == "instant":
            return None
        return slots.next_due(timetable(s), self.cut.at, taken)

    def _shown(self, s: Chosen, named: frozenset[str], corrections: frozenset[tuple[str, int]]) -> Shown:
        topics = _topics(s.topics)
        chosen = None if topics is None else frozenset(topics)
        if chosen is not None and self.known is not None:
            chosen &= self.known  # a topic that left the configuration matches nothing (rule 3)
        since = s.since if self.first else s.mark
        key = (s.mark, since, chosen, named, corrections)
        if key not in self._windows:
            if len(self._windows) >= _REMEMBERED:
                self._windows.clear()
            self._windows[key] = self._window(*key)
        return self._windows[key]

    def _window(
        self,
        mark: int,
        since: int,
        chosen: windows.Topics,
        named: frozenset[str],
        corrections: frozenset[tuple[str, int]],
    ) -> Shown:
        hi, lo = self.cut.hi, mark
        if self.first:
            lo = windows.reach(self.candidates, mark, hi, self.carried, chosen)
        found = windows.select(
            self.candidates,
            lo,
            hi,
            self.carried,
            chosen,
            since=since,
            mark=mark,
            named=named,
            corrections=corrections,
        )
        return tuple((c.article_id, c.revision) for c in found)
