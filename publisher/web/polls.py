"""Who polls our feeds: counted in memory by feed and program, written down once a minute; no addresses."""

from __future__ import annotations

import logging
import threading
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime

from publisher.errors import StoreError
from publisher.feeds.programs import OTHER, Asker, asker
from publisher.store import Store, feed_polls
from publisher.store.feed_polls import Key

log = logging.getLogger("publisher")
Counts = dict[tuple[str, bytes], int]
# Anybody can invent programs: what goes beyond these is counted as other, or not at all.
_MOST_AGENTS, _LONGEST_AGENT = 4096, 256  # in a minute; in bytes
_MOST_NAMES, _MOST_STATED, _MOST_NUMBERS = 100, 20_000, 100  # in a day
_MOST_ROWS = 50_000  # that wait for the store


class Polls:
    """The polls of one process. `count` is for the event loop, and everything else is done aside."""

    def __init__(self, store: Store, clock: Callable[[], datetime]) -> None:
        self._store, self._clock = store, clock
        self._counts: Counts = {}
        self._rows: dict[Key, tuple[int, int]] = {}
        self._writer = threading.Thread()
        self._said = ""
        self._begin("")

    def _begin(self, day: str) -> None:
        self._day = day
        self._names: set[str] = set()
        self._stated: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)

    def count(self, feed: str, agent: bytes) -> None:
        """One more poll of a feed, by whoever has this User-Agent."""
        counts, key = self._counts, (feed, agent[:_LONGEST_AGENT])
        if len(counts) >= _MOST_AGENTS and key not in counts:
            key = feed, b""
        counts[key] = counts.get(key, 0) + 1

    def flush_aside(self) -> None:
        """Write down what was counted since the last time; called where `count` is, and waits for nothing."""
        if not self._writer.is_alive():
            counts, self._counts = self._counts, {}
            # a daemon: a store that never answers must not keep the process from ending
            self._writer = threading.Thread(target=self._flush, args=(counts,), name="polls", daemon=True)
            self._writer.start()

    def close(self, patience: float) -> None:
        """Write down the rest, if the store takes it within so many seconds."""
        for _ in ("what is being written", "what came since"):
            if self._writer.is_alive():
                self._writer.join(patience)
            self.flush_aside()
        self._writer.join(patience)

    def _flush(self, counts: Counts) -> None:
        self._fold(counts, self._clock().astimezone(UTC).date().isoformat())
        try:
            while self._rows:
                feed_polls.add(self._store, self._rows)
            self._said = ""
        except StoreError as error:
            if self._said != str(error):
                log.warning("polls are kept in memory: %s", error)
            self._said = str(error)

    def _fold(self, counts: Counts, day: str) -> None:
        if day != self._day:
            self._begin(day)
        for (feed, agent), polls in counts.items():
            who = self._known(asker(agent.decode("latin-1")))
            key = (day, feed, who.program)
            if key in self._rows or len(self._rows) < _MOST_ROWS:
                before, subscribers = self._rows.get(key, (0, 0))
                self._rows[key] = before + polls, max(subscribers, self._subscribers(feed, who))

    def _known(self, who: Asker) -> Asker:
        if who.known or who.program in self._names:
            return who
        if len(self._names) >= _MOST_NAMES:
            return Asker(OTHER, None)
        self._names.add(who.program)
        return who

    def _subscribers(self, feed: str, who: Asker) -> int:
        """What a program says today of all the numbers under which it knows a feed."""
        key = feed, who.program
        if who.subscribers is None or (len(self._stated) >= _MOST_STATED and key not in self._stated):
            return 0
        numbers = self._stated[key]
        if who.feed in numbers or len(numbers) < _MOST_NUMBERS:
            numbers[who.feed] = who.subscribers
        return sum(numbers.values())
