"""A smooth rate, and the rate that is observed. Times are seconds of one clock that never goes back."""

from __future__ import annotations

from typing import NamedTuple

# How late a message may leave and still be made up for. In any second leave at most rate × 1.02 + 1.
ALLOWANCE = 0.02
_SPAN = 5.0


def wait(free_at: float, now: float) -> float:
    """Seconds until one more message may leave; 0.0 when it may leave now."""
    return max(0.0, free_at - ALLOWANCE - now)


def taken(free_at: float, now: float, rate: float) -> float:
    """When the next message is on time, after one that leaves now, at `rate` messages a second."""
    return max(free_at, now) + 1.0 / rate


class Tally(NamedTuple):
    """Messages in the span of five seconds that began at `began`, and in the one before it."""

    began: float = float("-inf")
    messages: int = 0
    before: int = 0


def counted(tally: Tally, now: float) -> Tally:
    """One more message."""
    if now - tally.began < _SPAN:
        return Tally(tally.began, tally.messages + 1, tally.before)
    began, messages, before = _rolled(tally, now)
    return Tally(began, messages + 1, before)


def observed(tally: Tally, now: float) -> float:
    """Messages a second over the last five seconds; of a flow that has just begun, since it began."""
    began, messages, before = _rolled(tally, now)
    age = now - began
    if not before:
        return messages / max(age, 1.0)
    return (messages + before * (1.0 - age / _SPAN)) / _SPAN


def _rolled(tally: Tally, now: float) -> Tally:
    age = now - tally.began
    if age < _SPAN:
        return tally
    if age < 2 * _SPAN:
        return Tally(tally.began + _SPAN, 0, tally.messages)
    return Tally(now, 0, 0)
