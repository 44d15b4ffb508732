"""The limit that a mailbox provider asks for by complaining: halved at once, and slowly grown again."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

# Messages a second. Slower than this, a large provider would never be through within `expire_after`.
FLOOR = 0.5
_GROWTH, _MINUTE = math.log(1.05), 60.0
_BURST = 10.0
_ENOUGH = 2.0


@dataclass(frozen=True, slots=True)
class Throttle:
    """At most `rate` messages a second at `at`, the last complaint, and 5 % more each minute since.

    `since` is the first complaint, `peak` the fastest that was observed when one came, `reply` the server's
    own last words. Times are seconds of one clock.
    """

    rate: float
    at: float
    since: float
    peak: float
    reply: str


def complains(code: int, enhanced: str) -> bool:
    """Whether a server's reply asks for less: 421, 454, or 4.7.x (RFC 3463 section 3.8)."""
    return code in (421, 454) or (code // 100 == 4 and enhanced.startswith("4.7."))


def halved(throttle: Throttle | None, observed: float, now: float, reply: str) -> Throttle:
    """After a complaint: half of what was observed, or of the limit if that is less, and never under FLOOR.

    Complaints within ten seconds of the last halving are about what was under way then, and change nothing.
    """
    if throttle is None:
        return Throttle(max(FLOOR, observed / 2), now, now, max(FLOOR, observed), reply)
    if now - throttle.at < _BURST:
        return throttle
    rate = max(FLOOR, min(observed, rate_at(throttle, now)) / 2)
    return Throttle(rate, now, throttle.since, max(throttle.peak, observed), reply)


def rate_at(throttle: Throttle, now: float) -> float:
    """The limit now, in messages a second."""
    return throttle.rate * math.exp(_GROWTH * max(0.0, now - throttle.at) / _MINUTE)


def over(throttle: Throttle, now: float) -> bool:
    """Whether it has grown to twice the fastest that ever drew a complaint: it binds no more."""
    # a throttle that is a year old would overflow the power
    return now - throttle.at > 86_400 or rate_at(throttle, now) >= _ENOUGH * throttle.peak


def moved(throttle: Throttle, by: float) -> Throttle:
    """The same throttle by another clock, that is `by` seconds ahead."""
    return replace(throttle, at=throttle.at + by, since=throttle.since + by)
