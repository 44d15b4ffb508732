"""Who follows a feed, from its polls: what aggregators state, and a guess at people with own programs.

Nobody is counted by address, so the second number is a guess and is called so: how often such programs asked,
divided by how often one of them asks in a day. Browsers, scripts and others are no people here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Protocol

from publisher.feeds.programs import polls_a_day


class Polled(Protocol):
    """A program's polls of a feed in one day (ISO date, UTC)."""

    @property
    def day(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def program(self) -> str: ...
    @property
    def polls(self) -> int: ...
    @property
    def subscribers(self) -> int: ...


@dataclass
class Program:
    """What one program asks of one feed: polls a day, and the subscribers it stated last; 0: none."""

    program: str
    polls_a_day: float = 0.0
    subscribers: int = 0

    @property
    def people(self) -> int:
        """A guess at how many people's own copies of this program these are; one at least."""
        usual = polls_a_day(self.program)
        return max(1, round(self.polls_a_day / usual)) if usual else 0


@dataclass
class Following:
    """One feed: who asks for it, the busiest program first."""

    feed: str
    programs: list[Program] = field(default_factory=list)

    @property
    def polls_a_day(self) -> float:
        """Of all programs together."""
        return round(sum(each.polls_a_day for each in self.programs), 1)

    @property
    def stated(self) -> int:
        """How many subscribers the aggregators say they have."""
        return sum(each.subscribers for each in self.programs)

    @property
    def direct(self) -> int:
        """A guess at how many people ask by themselves."""
        return sum(each.people for each in self.programs)


def following(polls: Iterable[Polled], first: date, today: date) -> list[Following]:
    """Each feed that was polled, the most subscribers first.

    Averages are over the whole days from `first`, or from the first that has polls, to yesterday. Where there
    are none yet, today's polls so far stand for a day.
    """
    rows = [row for row in polls if row.day >= first.isoformat()]
    whole = [row for row in rows if row.day < today.isoformat()]
    counted = whole or rows
    begun = date.fromisoformat(min((row.day for row in counted), default=today.isoformat()))
    days = max((today - begun) // timedelta(days=1), 1)
    found: dict[str, dict[str, Program]] = defaultdict(dict)
    for row in sorted(rows, key=lambda row: row.day):
        mine = found[row.path].setdefault(row.program, Program(row.program))
        mine.subscribers = row.subscribers
        if not whole or row.day < today.isoformat():
            mine.polls_a_day += row.polls / days
    made = [Following(path, sorted(each.values(), key=_busy)) for path, each in found.items()]
    return sorted(made, key=lambda one: (-one.stated - one.direct, -one.polls_a_day, one.feed))


def _busy(program: Program) -> tuple[float, str]:
    return -program.polls_a_day, program.program
