"""What a bounce or complaint means for a delivery and for the address: decided purely."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from publisher.bounces.verdict import Verdict

_NO_SUCH_MAILBOX = {"5.1.1", "5.1.2", "5.1.6", "5.1.10"}
_EDITIONS, _SPAN = 3, timedelta(days=14)
SOFT = "soft bounces"


class Decision(NamedTuple):
    """`suppress`: why the address must never be mailed again, or empty. `counts`: if it goes on, it will."""

    suppress: str = ""
    bounced: bool = False
    counts: bool = False


class Sending(NamedTuple):
    """One delivery to a subscriber: when it left, and whether it came back in a way that counts."""

    edition: int
    at: datetime
    came_back: bool


def decide(verdict: Verdict) -> Decision:
    """Nobody is suppressed for what a server thinks of us (5.7.x), nor for one full mailbox."""
    if verdict.kind == "complaint":
        return Decision(suppress="complaint")
    if verdict.kind not in ("hard", "soft"):
        return Decision()
    if verdict.kind == "hard" and verdict.status in _NO_SUCH_MAILBOX:
        return Decision(suppress="hard bounce", bounced=True)
    return Decision(bounced=True, counts=not verdict.blames_us)


def goes_on(sendings: Sequence[Sending]) -> bool:
    """Whether three editions over fourteen days came back and none between arrived; the newest first."""
    editions: set[int] = set()
    for sending in sendings:
        if not sending.came_back:
            return False
        editions.add(sending.edition)
        if len(editions) >= _EDITIONS and sendings[0].at - sending.at >= _SPAN:
            return True
    return False
