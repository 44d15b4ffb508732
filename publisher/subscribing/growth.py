"""How many came and left, by day, week or month: from the figures of each day, never from the rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal, get_args

from publisher import permissions
from publisher.model.editors import Actor
from publisher.store import Store, figures
from publisher.store.figures import Figure

By = Literal["day", "week", "month"]
SPANS: tuple[By, ...] = get_args(By)
# periods that are shown
_MOST: dict[By, int] = {"day": 31, "week": 26, "month": 24}


@dataclass(frozen=True, slots=True)
class Period:
    """A day, week or month and its first day: who confirmed, who left, how many there were at its end.

    Days are those of UTC; `standing` is None where nothing was counted yet.
    """

    name: str
    begins: date
    came: int
    left: int
    standing: int | None

    @property
    def change(self) -> int:
        """How many more there were at its end."""
        return self.came - self.left

    @property
    def churn(self) -> float | None:
        """How many in a hundred of those at its beginning left."""
        before = (self.standing or 0) - self.change
        return None if self.standing is None or before <= 0 else 100 * self.left / before


def read(store: Store, actor: Actor, newsletter: str, by: By, now: datetime) -> list[Period]:
    """The last periods, the newest first; of one newsletter, or of all together. Raises NotAllowed."""
    permissions.check(actor, "see people")
    today = now.astimezone(UTC).date()
    begins = list(_begins(today, by, _MOST[by]))
    with store.read() as tx:
        moved = figures.read(tx, figures.SUBSCRIPTIONS, begins[-1], today)
        standing = figures.read(tx, figures.SUBSCRIBERS, begins[-1], today)
    return periods(begins, by, moved, standing, newsletter)


def periods(
    begins: Iterable[date], by: By, moved: Iterable[Figure], standing: Iterable[Figure], newsletter: str
) -> list[Period]:
    """Figures of days put together, for each first day of a period."""
    came: dict[str, int] = {}
    left: dict[str, int] = {}
    for one in moved:
        name, _, status = one.name.rpartition(":")
        if newsletter in ("", name):
            into = came if status == "confirmed" else left
            period = name_of(date.fromisoformat(one.day), by)
            into[period] = into.get(period, 0) + one.number
    ends: dict[str, dict[str, int]] = {}
    for one in standing:
        # by day: the last one of a period is what counts
        if newsletter in ("", one.name):
            ends.setdefault(name_of(date.fromisoformat(one.day), by), {})[one.name] = one.number
    return [
        Period(
            name,
            day,
            came.get(name, 0),
            left.get(name, 0),
            sum(ends[name].values()) if name in ends else None,
        )
        for day in begins
        for name in [name_of(day, by)]
    ]


def name_of(day: date, by: By) -> str:
    """The name of the period that a day is in: `2026-11-21`, `2026-W47`, `2026-11`."""
    if by == "week":
        year, week, _ = day.isocalendar()
        return f"{year}-W{week:02}"
    return day.isoformat() if by == "day" else day.isoformat()[:7]


def _begins(today: date, by: By, most: int) -> Iterator[date]:
    """The first days of the last periods, the newest first."""
    day = today
    for _ in range(most):
        if by == "week":
            day -= timedelta(days=day.weekday())
        elif by == "month":
            day = day.replace(day=1)
        yield day
        day -= timedelta(days=1)
