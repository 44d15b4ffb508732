"""The rows that a run has read ahead, handed to its connections one by one, at the pace that is allowed."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from time import monotonic

from publisher.delivering.pace import Pace
from publisher.store.claims import Claimed, ClaimedNotice
from publisher.transports.hub import Hub

Row = Claimed | ClaimedNotice
_MOST_ASIDE = 1000
# As many rows as are sent in about half a second: what one worker has read no other can take.
_FEWEST, _MOST, _SOON_SECONDS, _LATE_SECONDS = 40, 500, 0.25, 1.0
_EARLY, _LATEST_SECONDS = 0.9, 600.0
_LOOK_SECONDS, _LOOK_AGAIN_SECONDS = 0.25, 1.0


@dataclass
class Ahead:
    """Rows in the order in which they go, for the conversations of `hub`.

    What a mailbox provider does not want yet is set aside, and the others go on. Where a thousand rows are,
    the next ones are put off: given back to the store, to be due again when it may be their turn.
    """

    edition_id: int | None
    hub: Hub = field(default_factory=Hub)
    pace: Pace = field(default_factory=Pace)
    aside: set[int] = field(default_factory=set)
    put_off: list[tuple[Claimed, float]] = field(default_factory=list)
    window: int = _FEWEST
    _rows: deque[Row] = field(default_factory=deque)
    _held_up: dict[str, deque[Claimed]] = field(default_factory=dict)
    _promised: dict[str, float] = field(default_factory=dict)
    _back_by: dict[int, float] = field(default_factory=dict)
    _ended: bool = False
    _asked: bool = False
    _answers: int = 0
    _dry: bool = False
    _looked: float = 0.0
    _added: float = 0.0

    def add(self, rows: Sequence[Row], all_of_them: bool = True) -> None:
        """What was claimed; nothing, of `all_of_them`, means that nothing is due now."""
        if all_of_them:
            self._fit(monotonic())
        first = [row for row in rows if isinstance(row, ClaimedNotice)]
        self._rows.extendleft(reversed(first))
        self._rows.extend(row for row in rows if isinstance(row, Claimed))
        self._dry, self._asked = all_of_them and not rows, False
        self._answers += 1
        self.hub.stir()

    def _fit(self, now: float) -> None:
        since, self._added = now - self._added, now
        if since < _SOON_SECONDS:
            self.window = min(self.window * 2, _MOST)
        elif since > _LATE_SECONDS:
            self.window = max(self.window // 2, _FEWEST)

    @property
    def ready(self) -> int:
        """How many rows may be started, as far as the pace allows."""
        return len(self._rows)

    @property
    def low(self) -> bool:
        """Whether there is room for more deliveries; for notices there always is."""
        return len(self._rows) <= self.window // 4

    def look(self) -> None:
        """Ask for what came due meanwhile. From any thread."""
        self._ask()
        self.hub.ring()

    def next(self, wait: bool) -> Row | None:
        """The next row; None when there is none now (with `wait`: when nothing is due, or may go today)."""
        while not self._ended:
            if wait and not self._rows and not self._held_up:
                self._await()
            now = monotonic()
            # where the pace is slow, what came due meanwhile, a notice above all, need not wait for it
            if (not self._dry and self.low) or now >= self._looked + _LOOK_AGAIN_SECONDS:
                self._ask()
            found = None if self._ended else self._pick(now)
            if found is None and wait and not self._ended and self.expected(now):
                self.hub.pause(_LOOK_AGAIN_SECONDS)
                continue
            if not isinstance(found, float):
                return found
            if not wait or found == math.inf:
                return None
            self.hub.pause(min(found, _LOOK_SECONDS))
        return None

    def _pick(self, now: float) -> Row | float | None:
        """A row that may go now; else the seconds until one may; None where there is none."""
        if self._rows and isinstance(self._rows[0], ClaimedNotice):
            return self._rows.popleft()  # a notice is for one person who waits for it
        if not self._rows and not self._held_up:
            return None
        soonest = self.pace.may_go(now)
        if soonest:
            return soonest
        return self._once_more(now) or self._first(now) or _LOOK_SECONDS / 10

    def _once_more(self, now: float) -> Row | None:
        """What was held up, if its provider wants it now."""
        for provider, rows in self._held_up.items():
            if not self.pace.admit(_domain(rows[0]), now):
                row = rows.popleft()
                if not rows:
                    del self._held_up[provider]
                return row
        return None

    def _first(self, now: float) -> Row | None:
        """The first row whose provider wants it; those before it are set aside."""
        while self._rows:
            row = self._rows.popleft()
            if isinstance(row, ClaimedNotice):
                return row
            provider = self.pace.provider(_domain(row)) if self._held_up else ""
            if provider not in self._held_up and not self.pace.admit(_domain(row), now):
                return row
            self._hold_up(row, now)
        return None

    def _hold_up(self, row: Claimed, now: float) -> None:
        provider = self.pace.provider(_domain(row))
        if sum(map(len, self._held_up.values())) < _MOST_ASIDE:
            self._held_up.setdefault(provider, deque()).append(row)
        else:
            at = self._promise(provider, self.pace.rate(_domain(row), now), now)
            self._back_by[row.edition_id] = max(self._back_by.get(row.edition_id, 0.0), at)
            self.put_off.append((row, at - now))

    def _promise(self, provider: str, rate: float, now: float) -> float:
        """When it may be the turn of one more row: behind those set aside, and those put off before."""
        first = now + len(self._held_up.get(provider, ())) / rate
        # a little early: rather put off once more than a provider that waits for nothing
        at = max(self._promised.get(provider, 0.0), first) + _EARLY / rate
        self._promised[provider] = at = min(at, now + _LATEST_SECONDS)
        return at

    def expected(self, now: float) -> list[int]:
        """The editions of which rows that were put off come back. From any thread."""
        return [id_ for id_, at in list(self._back_by.items()) if now < at + _LOOK_AGAIN_SECONDS]

    def forget(self, edition_id: int) -> None:
        """Nothing of this edition comes back. From any thread."""
        self._back_by.pop(edition_id, None)

    def _await(self) -> None:
        seen = self._answers
        self._ask()
        while not self._rows and not self._ended and self._answers == seen:
            self.hub.pause()

    def _ask(self) -> None:
        if not self._asked and not self._ended:
            self._asked, self._looked = True, monotonic()

    def wants_more(self) -> bool:
        """Whether somebody asked for rows."""
        return self._asked and not self._ended

    def drop(self, edition_id: int) -> list[int]:
        """Take an edition's rows out; their ids."""
        waiting: list[Iterable[Row]] = [self._rows, *self._held_up.values()]
        gone = [r.id for rows in waiting for r in _of(rows, edition_id)]
        ids = set(gone)
        self._rows = deque(r for r in self._rows if isinstance(r, ClaimedNotice) or r.id not in ids)
        left = {p: deque(r for r in rows if r.id not in ids) for p, rows in self._held_up.items()}
        self._held_up = {provider: rows for provider, rows in left.items() if rows}
        return gone

    def end(self) -> None:
        """Hand out nothing more. From any thread."""
        self._ended = True
        self.hub.ring()


def _of(rows: Iterable[Row], edition_id: int) -> list[Claimed]:
    return [r for r in rows if isinstance(r, Claimed) and r.edition_id == edition_id]


def _domain(row: Row) -> str:
    return row.address.rpartition("@")[2].lower()
