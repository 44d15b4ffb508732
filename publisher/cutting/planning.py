"""Planning one chunk of a cut: which window each subscription has, and which articles it holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from publisher import articles
from publisher.config.schema import Config
from publisher.editions import choice, slots, windows
from publisher.editions.slots import Timetable
from publisher.editions.windows import Candidate
from publisher.store import audience, catalogue, editions
from publisher.store.audience import Due
from publisher.store.cuts import Cut
from publisher.store.subscribers import Subscription

Shown = tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Planned:
    """What a cut does to one subscription: the articles it gets (none: no row), its window, what comes next.

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


def recent(cadence: str, moment: datetime, slot: str = "") -> str:
    """The earliest slot whose hour may still come anywhere on earth, or `slot` where that is earlier."""
    if cadence == "instant":
        return slot
    earliest = slots.slot_of(cadence, (moment - timedelta(days=1)).date())
    return min(slot, earliest) if slot else earliest


@dataclass(frozen=True, slots=True)
class _History:
    """What subscriptions got before: served slots, named articles, corrections that are for them."""

    served: Mapping[int, set[str]]
    named: Mapping[int, set[str]]
    corrected: Mapping[int, set[tuple[str, int]]]


@dataclass
class Planner:
    """Plans chunks of one cut. `first`: nothing of the newsletter was sent before this slot (rule 4).

    `lowest` is the mark from which on `candidates` are read. `stopped`: this slot was cancelled; who still
    comes due in it waits for the next one.
    """

    cut: Cut
    carried: windows.Topics
    known: frozenset[str] | None
    candidates: Sequence[Candidate]
    lowest: int
    first: bool
    hand: bool
    stopped: bool
    asked_at: datetime
    _windows: dict[Any, Shown] = field(default_factory=dict)

    @staticmethod
    def of(tx: Connection, config: Config, cut: Cut) -> Planner:
        """Everything that is the same for all chunks of a cut."""
        slot = (cut.newsletter, cut.cadence, cut.slot)
        first = cut.cadence != "instant" and not editions.sent_outside(tx, *slot)
        lowest = 0 if first or cut.kind == "hand" else audience.lowest_mark(tx, cut)
        stopped = editions.cancelled(tx, *slot) and not editions.of_slot(tx, *slot)
        return Planner(
            cut,
            articles.carried(config.newsletters[cut.newsletter].topics, config.topics),
            frozenset(config.topics) or None,
            catalogue.candidates(tx, lowest, cut.hi),
            lowest,
            first,
            audience.has_hand_editions(tx, cut.newsletter),
            stopped and not cut.request["by_person"],
            datetime.fromisoformat(cut.request["asked_at"]),
        )

    def chunk(self, tx: Connection, found: Sequence[Due]) -> list[Planned]:
        """The plan for these subscriptions; those of another slot, or not to be served, are left out."""
        if self.cut.kind == "hand":
            return self._by_hand(tx, found)
        mine = [d for d in found if self._slot(d) == self.cut.slot]
        history = self._history(tx, mine)
        plans = [self._plan(due, history) for due in mine]
        return [plan for plan in plans if plan]

    def _history(self, tx: Connection, mine: Sequence[Due]) -> _History:
        one, ids = self.cut, [d.subscription.id for d in mine]
        lowest = min((d.subscription.mark for d in mine), default=self.lowest)
        if lowest < self.lowest:
            # somebody was confirmed or came back while the cut was under way
            self.lowest, self.candidates = lowest, catalogue.candidates(tx, lowest, one.hi)
        again = [(c.article_id, c.revision) for c in self.candidates if not c.first and c.public]
        return _History(
            audience.in_slots(tx, one.newsletter, one.cadence, recent(one.cadence, one.at, one.slot), ids),
            audience.named(tx, ids, by_hand=not self.first) if self.first or self.hand else {},
            audience.corrected(tx, ids, again) if again else {},
        )

    def _plan(self, due: Due, history: _History) -> Planned | None:
        s, at = due.subscription, self._due_at(due.subscription)
        taken = history.served.get(s.id, set())
        if self.cut.slot in taken or self.stopped:
            # served in this slot already, or not to be: only what comes next is computed anew
            if self.cut.kind != "due":
                return None
            return Planned(due, (), s.mark, s.mark, at, s.mark, self._next_due(s, taken))
        shown = self._shown(s, history)
        mark = max(s.mark, self.cut.hi)
        # only a delivery fills a slot: where nothing matched, an hour still to come today stays due
        next_due_at = self._next_due(s, taken | {self.cut.slot} if shown else taken)
        return Planned(due, shown, s.mark, mark, at, mark, next_due_at)

    def _by_hand(self, tx: Connection, found: Sequence[Due]) -> list[Planned]:
        chosen = tuple(self.cut.request["articles"])
        there = {c.article_id: c for c in self.candidates if c.first and c.public and c.article_id in chosen}
        named = audience.named(tx, [d.subscription.id for d in found], by_hand=False, articles=chosen)
        plans = []
        for due in found:
            s = due.subscription
            shown = tuple(
                (a, there[a].revision)
                for a in chosen
                if a in there and not s.since < there[a].release <= s.mark and a not in named.get(s.id, ())
            )
            # no window: the mark that it stood at shows later whether one has passed (rule 11)
            plans.append(Planned(due, shown, s.mark, s.mark, self.asked_at, None, s.next_due_at))
        return plans

    def _slot(self, due: Due) -> str:
        """The slot that a due subscription is due in; a cut for everybody has but one."""
        if self.cut.kind != "due" or self.cut.cadence == "instant":
            return self.cut.slot
        return slots.newest(timetable(due.subscription), self.cut.at)[0]

    def _due_at(self, s: Subscription) -> datetime:
        """The later of their hour and the cut; at once where everybody is taken (rule 12)."""
        if self.cut.kind != "due" or self.cut.cadence == "instant":
            return self.asked_at
        return max(self.asked_at, slots.newest(timetable(s), self.cut.at)[1])

    def _next_due(self, s: Subscription, taken: set[str]) -> datetime | None:
        if s.cadence == "instant":
            return None
        return slots.next_due(timetable(s), self.cut.at, frozenset(taken))

    def _shown(self, s: Subscription, history: _History) -> Shown:
        named = frozenset(history.named.get(s.id, ()))
        corrections = frozenset(history.corrected.get(s.id, ()))
        chosen = None if s.topics is None else frozenset(s.topics)
        if chosen is not None and self.known is not None:
            chosen &= self.known  # a topic that left the configuration matches nothing (rule 3)
        since = s.since if self.first else s.mark
        key = (s.mark, since, chosen, named, corrections)
        if key not in self._windows:
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
