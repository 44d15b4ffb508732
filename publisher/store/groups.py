"""What a worker has to say of its rows: attempts that begin, and what became of others (rule 17)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from publisher.store.claims import WAITING, Claimed, ClaimedNotice


class Started(NamedTuple):
    """A delivery or notice whose attempt has begun, the `attempt`-th; `dated_at` is the Date of its mail."""

    row: Claimed | ClaimedNotice
    attempt: int
    dated_at: datetime


def variant_of(row: Claimed | ClaimedNotice) -> int:
    """Which variant was read: after an editor's change another one is to leave (rule 13); 0 for a notice."""
    return row.variant_id if isinstance(row, Claimed) else 0


class Ended(NamedTuple):
    """What became of an attempt. With `counted` False it did not happen: nothing was handed to a server."""

    started: Started
    status: str
    code: int = 0
    reply: str = ""
    due_at: datetime | None = None
    counted: bool = True
    suppress: str = ""

    @property
    def waits(self) -> bool:
        """Whether it will be tried again by itself: then it is nobody's."""
        return self.status in WAITING

    @property
    def tries(self) -> int:
        """How many attempts the row has had."""
        return self.started.attempt if self.counted else self.started.attempt - 1


@dataclass(frozen=True, slots=True)
class Group:
    """What is committed together: outcomes, and the starts of what comes next (rule 17)."""

    ended: Sequence[Ended] = field(default=())
    started: Sequence[Started] = field(default=())
