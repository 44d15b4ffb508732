"""The servers in their order, and which of them rest (rule 21)."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from publisher import retries
from publisher.config.mail import Smtp


@dataclass
class Server:
    """One server: how it is reached, and how all sessions have fared with it; times are monotonic."""

    smtp: Smtp
    password: str
    trust: ssl.SSLContext
    failures: int = 0
    failed_at: float = 0.0
    rests_until: float = 0.0
    sessions: int = 0


@dataclass
class Servers:
    """An ordered list of servers, shared by all connections of a transport."""

    ordered: Sequence[Server]
    _turn: threading.Lock = field(default_factory=threading.Lock)

    @property
    def connections(self) -> int:
        """How many sessions the first server that does not rest may have at once."""
        return self.preferred.connections

    @property
    def preferred(self) -> Smtp:
        """The first server that does not rest, or the one that rests the shortest."""
        return self._by_preference()[0].smtp

    def enter(self, failed: Collection[int]) -> Server | None:
        """The best server but those that `failed` (by id), a session of its limit taken up until `leave`.

        One that rests comes after those that do not: it is asked only when they are out of the question.
        """
        with self._turn:
            for server in self._by_preference():
                if id(server) not in failed and server.sessions < server.smtp.connections:
                    server.sessions += 1
                    return server
        return None

    def leave(self, server: Server) -> None:
        """The session has ended."""
        with self._turn:
            server.sessions -= 1

    def another(self, server: Server) -> bool:
        """Whether one is left that might be used instead."""
        now = time.monotonic()
        return any(each is not server and each.rests_until <= now for each in self.ordered)

    def better(self, server: Server) -> bool:
        """Whether one that comes before `server` does not rest any more."""
        if server is self.ordered[0]:
            return False
        now = time.monotonic()
        earlier = self.ordered[: self.ordered.index(server)]
        return any(e.rests_until <= now and e.sessions < e.smtp.connections for e in earlier)

    def rest(self, server: Server) -> None:
        """It was unavailable: it rests, longer each time; once for all connections that find out together."""
        with self._turn:
            now = time.monotonic()
            if server.rests_until <= now:
                server.failures += 1
                server.failed_at = now
                server.rests_until = now + retries.backoff(server.failures).total_seconds()

    def well(self, server: Server, since: float) -> None:
        """A session opened at `since` had a message accepted: the next rest begins short again."""
        if server.failures and since > server.failed_at:
            with self._turn:
                server.failures, server.rests_until = 0, 0.0

    def _by_preference(self) -> list[Server]:
        now = time.monotonic()
        return sorted(self.ordered, key=lambda server: max(server.rests_until - now, 0.0))
