"""What a run costs: processor time by part, in nanoseconds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Meter:
    """Nanoseconds of the processor time of the thread in which the connections take turns: `all` of it.

    `read` claims rows, `ledger` commits starts and outcomes, `compose` makes messages (of which `sign` is for
    DKIM's key); what is left talks to the mail server.
    """

    all: int = 0
    read: int = 0
    ledger: int = 0
    compose: int = 0
    sign: int = 0

    @property
    def exchange(self) -> int:
        """For the mail server."""
        return self.all - self.read - self.ledger - self.compose
