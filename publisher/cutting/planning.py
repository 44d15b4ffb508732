"""Planning one chunk of a cut: which window each subscription has, and which articles it holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from publisher import articles
from publisher.config.schema import Config, Newsletter
from publisher.editions import choice, slots, windows
from publisher.editions.slots import Timetable
from publisher.editions.windows import Candidate
from publisher.store import audience, catalogue, editions
from publisher.store.audience import Due
from publisher.store.editions import Cut
from publisher.store.subscribers import Subscription

Shown = tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Planned:
    """What a cut does to one subscription: the articles it gets (none: no row), its window, when it is next due.

    `mark` is None where the mark stays: by hand.
    """

    due: Due
    shown: Shown
    lo: int
    hi: int
    due_at: datetime
    mark: int | None
    next_due_at: datetime | None


def timetable(s: Subscription) -> Timetable:
    """When this subscription's digest comes."""
    return Timetable(s.cadence, s.hour, s.weekday, s.day, s.zone)


def fields_of(due: Due) -> dict[str, str]:
    """The values of a message's fields, as they stand now."""
    s = due.subscription
    own = {f"subscriber.{k}": v for k, v in due.attributes.items()}
    chosen = choice.words(s.topics, s.cadence, s.hour, s.weekday, s.day)
    return {
        **own,
        "subscriber.name": due.name,
        "subscriber.address": due.address,
        "subscription.choice": chosen,
    }


def topics_of(newsletter: Newsletter, groups: Mapping[str, Sequence[str]]) -> windows.Topics:
    """The topics that a newsletter carries; None for all."""
    return None if newsletter.topics == "all" else frozenset(articles.keys_of(newsletter.topics, groups))


@dataclass
class Planner:
    """Plans chunks of one cut. `first`: nothing of the newsletter was sent before this slot (rule 4).

    `stopped`: a person has cancelled this slot; who still comes due in it waits for the next one.
    """

    cut: Cut
    carried: windows.Topics
    candidates: Sequence[Candidate]
    first: bool
    hand: bool
    stopped: bool
    chosen: tuple[str, ...] = ()
    _windows: dict[Any, tuple[int, Shown]] = field(default_factory=dict)

    @staticmethod
    def of(tx: Connection, config: Config, cut: Cut) -> Planner:
        """Everything that is the same for all chunks of a cut."""
        first = not editions.sent_outside(tx, cut.newsletter, cut.cadence, cut.slot)
        kind = cut.request["kind"]
        lowest = 0 if first or kind == "hand" else audience.lowest_mark(tx, cut.newsletter)
        return Planner(
            cut,
            topics_of(config.newsletters[cut.newsletter], config.topics),
            catalogue.candidates(tx, lowest, cut.hi),
            first,
            audience.has_hand_editions(tx, cut.newsletter),
            not cut.request["by_person"]
            and editions.cancelled(tx, cut.newsletter, cut.cadence, cut.slot)
            and not editions.of_slot(tx, cut.newsletter, cut.cadence, cut.slot),
            tuple(cut.request["articles"]),
        )

    def chunk(self, tx: Connection, found: Sequence[Due]) -> list[Planned]:
        """The plan for these subscriptions; those of another slot, or served by hand already, are left out."""
        return self._by_hand(tx, found) if self.cut.request["kind"] == "hand" else self._windowed(tx, found)

    def _by_hand(self, tx: Connection, found: Sequence[Due]) -> list[Planned]:
        revisions = {c.article_id: (c.revision, c.release) for c in self.candidates if c.first and c.public}
        named = audience.named(tx, [d.subscription.id for d in found], self.chosen, by_hand=False)
        plans = []
        for due in found:
            s = due.subscription
            shown = tuple(
                (a, revisions[a][0])
                for a in self.chosen
                if a in revisions
                and not s.since < revisions[a][1] <= s.mark
                and a not in named.get(s.id, ())
            )
            plans.append(Planned(due, shown, 0, 0, self.cut.at, None, s.next_due_at))
        return plans

    def _windowed(self, tx: Connection, found: Sequence[Due]) -> list[Planned]:
        mine = [d for d in found if self._slot(d) == self.cut.slot]
        ids = [d.subscription.id for d in mine]
        served = audience.in_slots(tx, self.cut.newsletter, self.cut.cadence, self.cut.slot, ids)
        named = audience.named(tx, ids, self._articles(), by_hand=True) if self.hand else {}
        again = [(c.article_id, c.revision) for c in self.candidates if not c.first and c.public]
        corrected = audience.corrected(tx, ids, again) if again else {}
        plans = []
        for due in mine:
            s = due.subscription
            taken = served.get(s.id, set())
            if self.cut.slot in taken or self.stopped:
                # served in this slot already, or not to be: only what comes next is computed anew
                if self.cut.request["kind"] == "due":
                    next_due_at = self._next_due(s, taken)
                    plans.append(Planned(due, (), s.mark, s.mark, self.cut.at, s.mark, next_due_at))
                continue
            excluded = frozenset(named.get(s.id, ()))
            corrections = frozenset(corrected.get(s.id, ()))
            lo, shown = self._window(s, excluded, corrections)
            due_at = self._due_at(s)
            mark = max(s.mark, self.cut.hi)
            # only a delivery fills a slot: where nothing matched, an hour still to come today stays due
            next_due_at = self._next_due(s, taken | {self.cut.slot} if shown else taken)
            plans.append(Planned(due, shown, lo, self.cut.hi, due_at, mark, next_due_at))
        return plans

    def _articles(self) -> list[str]:
        return [c.article_id for c in self.candidates]

    def _slot(self, due: Due) -> str:
        """The slot that a due subscription is due in; a cut for everybody has but one."""
        if self.cut.request["kind"] != "due" or self.cut.cadence == "instant":
            return self.cut.slot
        return slots.newest(timetable(due.subscription), self.cut.at)[0]

    def _due_at(self, s: Subscription) -> datetime:
        if self.cut.request["kind"] != "due" or self.cut.cadence == "instant":
            return self.cut.at
        return slots.newest(timetable(s), self.cut.at)[1]

    def _next_due(self, s: Subscription, taken: set[str]) -> datetime | None:
        if s.cadence == "instant":
            return None
        return slots.next_due(timetable(s), self.cut.at, frozenset(taken))

    def _window(
        self, s: Subscription, named: frozenset[str], corrections: frozenset[tuple[str, int]]
    ) -> tuple[int, Shown]:
        chosen = None if s.topics is None else frozenset(s.topics)
        key = (s.mark, chosen, named, corrections)
        if key not in self._windows:
            lo = s.mark
            if self.first and s.cadence != "instant":
                lo = windows.reach(self.candidates, s.mark, self.cut.hi, self.carried, chosen)
            found = windows.select(
                self.candidates, lo, self.cut.hi, self.carried, chosen, named=named, corrections=corrections
            )
            self._windows[key] = (lo, tuple((c.article_id, c.revision) for c in found))
        return self._windows[key]
