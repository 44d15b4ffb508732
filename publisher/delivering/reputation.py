"""Our own reputation: when servers refuse an edition because of us, it pauses by itself and says why."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import datetime

from publisher import retries
from publisher.store import Store, editions, measures

_ENOUGH = 100


@dataclass
class _Heard:
    """What this process has heard of an edition, and when to count the whole edition again."""

    outcomes: int = 0
    blaming: int = 0
    next_outcomes: int = 0
    next_blaming: int = 1


@dataclass
class Reputation:
    """Hears every outcome (cheap, from any thread), and counts in the ledger only when that can matter.

    All workers' outcomes count, since the edition was opened or resumed last.
    """

    store: Store
    _heard: dict[int, _Heard] = field(default_factory=dict)
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def hear(self, edition_id: int, status: str, reply: str) -> None:
        """An attempt was settled with this status and the server's words."""
        with self._turn:
            blames = status == "bounced" and retries.blames_us(reply)
            if blames or edition_id in self._heard:
                heard = self._heard.setdefault(edition_id, _Heard())
                heard.outcomes += 1
                heard.blaming += blames

    def look(self, now: datetime) -> list[str]:
        """Pause the editions that servers refuse because of us; the names of those paused."""
        with self._turn:
            due = [
                (id_, h)
                for id_, h in self._heard.items()
                if h.blaming >= h.next_blaming or h.outcomes >= h.next_outcomes
            ]
        return [name for id_, heard in due if (name := self._count(id_, heard, now))]

    def _count(self, edition_id: int, heard: _Heard, now: datetime) -> str:
        outcomes, blaming = heard.outcomes, heard.blaming
        with self.store.read() as tx:
            edition = editions.get(tx, edition_id)
            since = edition.opened_at or edition.created_at
            tried = measures.tried_since(tx, edition_id, since)
            bounces = measures.bounces_since(tx, edition_id, since, "5.7.")
        words = [f"{code} {reply}" for code, reply in bounces if retries.blames_us(reply)]
        if retries.reputation_is_bad(len(words), tried):
            return self._pause(
                edition, now, f"{len(words)} of {tried} were refused because of us: {words[0]}"
            )
        left = max(tried, _ENOUGH) // 20 - len(words)
        heard.next_blaming = blaming + max(1, left // 4)
        heard.next_outcomes = outcomes + (max(10, _ENOUGH - tried) if tried < _ENOUGH else 1 << 62)
        return ""

    def _pause(self, edition: editions.Edition, now: datetime, reason: str) -> str:
        with self._turn:
            self._heard.pop(edition.id, None)
        with self.store.write() as tx:
            changes = {"paused_at": now, "reason": reason}
            paused = editions.set_state(tx, edition.id, ["sending"], "paused", **changes)
        return edition.name if paused else ""
