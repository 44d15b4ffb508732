"""Long lists in pages that stay as they are when something is added at the front.

Pages are counted from the oldest, so a new article changes the first page that readers see and no other;
what has been linked stays where it was.
"""

from __future__ import annotations

from dataclasses import dataclass

PAGE = 30


@dataclass(frozen=True, slots=True)
class Stretch:
    """One page of a list that runs from the newest to the oldest: its places `start` to `stop` (excluded).

    `number` is 0 for the list's own address, which shows the newest. `newer` and `older` are the numbers of
    its neighbours, None at the ends.
    """

    number: int
    start: int
    stop: int
    newer: int | None = None
    older: int | None = None


def stretches(count: int, size: int = PAGE) -> list[Stretch]:
    """The pages of a list of `count` things: `size` on each, on the first half as many to one and a half."""
    full = _full(count, size)
    return [stretch(count, number, size) for number in (0, *range(full, 0, -1))]


def stretch(count: int, number: int, size: int = PAGE) -> Stretch:
    """The page of this number among those of a list of `count` things."""
    full = _full(count, size)
    if not number:
        return Stretch(0, 0, count - full * size, None, full or None)
    newer = number + 1 if number < full else 0
    return Stretch(number, count - number * size, count - (number - 1) * size, newer, number - 1 or None)


def _full(count: int, size: int) -> int:
    """How many full pages are behind the first, which has from half a page to one and a half."""
    return max(0, (count - size // 2) // size)


def number_at(count: int, place: int, size: int = PAGE) -> int:
    """The number of the page that holds this place, 0 being the newest of `count`."""
    full = _full(count, size)
    return (count - 1 - place) // size + 1 if place >= count - full * size else 0
