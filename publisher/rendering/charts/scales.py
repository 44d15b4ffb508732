"""Axes that can be read: round steps, short numbers, and no more labels than there is room for."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

_UNITS = ((10**12, "tn"), (10**9, "bn"), (10**6, "M"), (10**3, "k"))
_LONG = 10_000
# an average letter of the sans typefaces at the size of the labels
LETTER = 6.6


def ticks(lowest: int, highest: int, most: int = 4) -> list[int]:
    """Round numbers from at most `lowest` to at least `highest`, 0 among them, in about `most` steps."""
    lowest, highest = min(lowest, 0), max(highest, 0)
    step = _step(max(highest - lowest, 1), most)
    begin, end = lowest // step, -(-highest // step)
    return [at * step for at in range(begin, max(end, begin + 1) + 1)]


def _step(span: int, most: int) -> int:
    """The smallest of 1, 2, 5, 10, 20, … of which at most `most` cover the span."""
    step: int = 10 ** max(len(str(span // most)) - 1, 0)
    while True:
        for times in (1, 2, 5):
            if step * times * most >= span:
                return step * times
        step *= 10


def short(number: int, say: Callable[[int], str] = "{:,}".format) -> str:
    """A number on an axis: 2,500 or 12.5k or 3M."""
    if abs(number) < _LONG:
        return say(number)
    size, unit = next(each for each in _UNITS if abs(number) >= each[0])
    whole, tenth = divmod(round(abs(number) * 10 / size), 10)
    point = "," if say(1000) == "1.000" else "."
    return f"{'-' if number < 0 else ''}{say(whole)}{f'{point}{tenth}' if tenth else ''}{unit}"


def shown(labels: Sequence[str], room: float) -> list[int]:
    """Which of the labels, at even distances in so much room, can stand side by side; the last is there."""
    if not labels:
        return []
    widest, step = max(map(len, labels)) * LETTER + 12, room / len(labels)
    every = max(1, math.ceil(widest / max(step, 0.01)))
    found = list(range(len(labels) - 1, -1, -every))
    # the last one is moved to the left, as far as it would reach over the edge
    if every * step < widest + max((widest - step) / 2, 0):
        del found[1:2]
    return found[::-1]


def cut(text: str, room: float) -> str:
    """As much of a text as fits, with a mark where more was."""
    most = max(int(room / LETTER), 2)
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"
