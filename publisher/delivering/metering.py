"""What a run costs: processor time by part, in nanoseconds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Meter:
    """Nanoseconds of threads' processor time.

    `read` claims rows, `ledger` commits starts and outcomes, `compose` makes messages, `exchange` talks to
    the mail server. Threads add to a part without a lock: a tick lost now and then does not matter.
    """

    read: int = 0
    ledger: int = 0
    compose: int = 0
    exchange: int = 0
