"""What a chart is made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Series:
    """One number for each label of a chart; `tone` is the class that gives its colour."""

    name: str
    values: tuple[int, ...]
    tone: str = "a"

    @property
    def total(self) -> int:
        """All of it."""
        return sum(self.values)


@dataclass(frozen=True, slots=True)
class Chart:
    """`key` tells it from other charts of a page; `said` is for who cannot see it.

    `labels` say what each number is of, and `short` the same on an axis; `line` is drawn over columns. `say`
    writes a number as a language groups its digits.
    """

    key: str
    title: str
    said: str
    labels: tuple[str, ...]
    series: tuple[Series, ...]
    short: tuple[str, ...] = ()
    line: Series | None = None
    say: Callable[[int], str] = "{:,}".format

    @property
    def every(self) -> tuple[Series, ...]:
        """Everything that the table behind it shows."""
        return (*self.series, self.line) if self.line else self.series

    @property
    def rows(self) -> list[tuple[str, tuple[int, ...]]]:
        """The table behind it: each label with its numbers."""
        return [(label, tuple(s.values[at] for s in self.every)) for at, label in enumerate(self.labels)]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to see."""
        return not any(any(s.values) for s in self.every)


@dataclass(frozen=True, slots=True)
class Size:
    """How large a picture is in its own units, which are pixels where it is shown as it is; and its name."""

    name: str
    width: int
    height: int


WIDE, NARROW = Size("broad", 760, 236), Size("slim", 340, 220)
