"""What pictures are drawn of: how much left, came and went in each day or month, and by whom."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Literal

from publisher import permissions
from publisher.model.editors import Actor
from publisher.store import Store, figures
from publisher.store.figures import Figure

Period = Literal["week", "month", "year"]
PERIODS: Mapping[Period, int] = {"week": 7, "month": 30, "year": 12}
# more lines cannot be told apart, more bars not be read
_LINES, _BARS = 3, 10
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Stretch:
    """A day, or a month of days; both ends are in it."""

    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Share:
    """What somebody has of a thing in each stretch; an empty name is all others together."""

    name: str
    counts: tuple[int, ...]

    @property
    def total(self) -> int:
        """All of it."""
        return sum(self.counts)


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of a period. `subscribers` is how many there were at its end; None: nobody knows."""

    period: Period
    stretches: tuple[Stretch, ...]
    sent: tuple[Share, ...]
    joined: Share
    left: Share
    bounces: tuple[Share, ...]
    polls: tuple[Share, ...]
    subscribers: int | None
    earlier: date
    later: date | None


def period_of(text: str) -> Period:
    """A period by its name; a month for any other."""
    return next((one for one in PERIODS if one == text), "month")


def read(store: Store, actor: Actor, period: Period, until: date | None, now: datetime) -> Figures:
    """The period that ends on a day (None: today). Raises NotAllowed, StoreError."""
    permissions.check(actor, "look")
    today = now.astimezone(UTC).date()
    end = min(until or today, today)
    stretches = stretches_of(period, end)
    since, last = stretches[0].first, stretches[-1].last
    with store.read() as tx:
        found = {kind: figures.read(tx, kind, since, last) for kind in figures.KINDS}
    outcomes = _named(found[figures.DELIVERIES], "sent")
    moved = found[figures.SUBSCRIPTIONS]
    after = last + _DAY * (PERIODS[period] if period != "year" else 365)
    return Figures(
        period,
        stretches,
        _shares(outcomes, stretches, _LINES),
        _share("joined", _named(moved, "confirmed"), stretches),
        _share("left", _named(moved, "unsubscribed"), stretches),
        _shares(found[figures.BOUNCES], (Stretch(since, last),), _BARS),
        _shares(found[figures.POLLS], stretches, _LINES),
        _at_the_end(found[figures.SUBSCRIBERS]),
        since - _DAY,
        min(after, today) if last < today else None,
    )


def stretches_of(period: Period, end: date) -> tuple[Stretch, ...]:
    """The days of a week or month that end there, or the months of a year, of which it is in the last."""
    if period != "year":
        days = (end - _DAY * back for back in range(PERIODS[period] - 1, -1, -1))
        return tuple(Stretch(day, day) for day in days)
    found: list[Stretch] = []
    last = (end.replace(day=1) + 31 * _DAY).replace(day=1) - _DAY
    for _ in range(PERIODS[period]):
        found.append(Stretch(last.replace(day=1), last))
        last = found[-1].first - _DAY
    return tuple(reversed(found))


def _named(found: Iterable[Figure], what: str) -> list[Figure]:
    """Figures of `daily:sent`, by newsletter."""
    ends = f":{what}"
    return [one._replace(name=one.name.removesuffix(ends)) for one in found if one.name.endswith(ends)]


@lru_cache(8)
def _places(stretches: tuple[Stretch, ...]) -> dict[str, int]:
    """Which stretch a day is in."""
    return {
        (one.first + _DAY * n).isoformat(): at
        for at, one in enumerate(stretches)
        for n in range((one.last - one.first).days + 1)
    }


def _share(name: str, found: Iterable[Figure], stretches: tuple[Stretch, ...]) -> Share:
    counts, places = [0] * len(stretches), _places(stretches)
    for one in found:
        if (at := places.get(one.day)) is not None:
            counts[at] += one.number
    return Share(name, tuple(counts))


def _shares(found: Sequence[Figure], stretches: tuple[Stretch, ...], most: int) -> tuple[Share, ...]:
    """Those who have the most, one by one, and all others together."""
    totals: Counter[str] = Counter()
    each: dict[str, list[Figure]] = defaultdict(list)
    for one in found:
        totals[one.name] += one.number
    ordered = sorted(totals, key=lambda name: (-totals[name], name))
    alone = ordered if len(ordered) <= most + 1 else ordered[:most]
    known = set(alone)
    for one in found:
        each[one.name if one.name in known else ""].append(one)
    names = [*alone, *([""] if "" in each else [])]
    return tuple(_share(name, each[name], stretches) for name in names)


def _at_the_end(found: Sequence[Figure]) -> int | None:
    """How many confirmed subscriptions there were on the last day of which that is known."""
    if not found:
        return None
    last = found[-1].day
    return sum(one.number for one in found if one.day == last)
