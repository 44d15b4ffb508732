"""What a subscriber chose, in words: "World and Sports, every day at 7"."""

from __future__ import annotations

from collections.abc import Sequence

from publisher.editions.slots import WEEKDAYS


def ordinal(day: int) -> str:
    """1st, 2nd, 3rd, 4th, 11th."""
    if day % 100 in (11, 12, 13):
        return f"{day}th"
    return f"{day}{({1: 'st', 2: 'nd', 3: 'rd'}).get(day % 10, 'th')}"


def words(topics: Sequence[str] | None, cadence: str, hour: int, weekday: int, day: int) -> str:
    """Topics and time of a subscription as a reader would say them."""
    names = [t.replace("-", " ").title() for t in topics] if topics is not None else ["all topics"]
    listed = " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
    when = {
        "instant": "as soon as they appear",
        "daily": f"every day at {hour}",
        "weekly": f"every {WEEKDAYS[weekday].title()} at {hour}",
        "monthly": f"on the {ordinal(day)} of every month at {hour}",
    }
    return f"{listed or 'no topics'}, {when[cadence]}"
