"""The warm-up of a domain that has not sent before: so many messages a day, more every day."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, time, tzinfo

# From here on a day's budget limits nobody, and the warm-up is over.
PLENTY = 1_000_000


def budget(since: date, first: int, growth: float, day: date) -> int | None:
    """How many messages may leave on `day`; None when the warm-up is over. Before `since` it is `first`."""
    days = max(0, (day - since).days)
    if math.log(first) + days * math.log(growth) >= math.log(PLENTY):
        return None
    return int(first * growth**days)


def day_of(now: datetime, zone: tzinfo) -> tuple[date, datetime]:
    """The local day, and the instant at which it began, in UTC."""
    day = now.astimezone(zone).date()
    return day, datetime.combine(day, time(), zone).astimezone(UTC)
