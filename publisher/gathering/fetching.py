"""Remote feeds are asked before anything is locked: those that are due, some at once, for a bounded time."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from publisher.config.certificates import trusting
from publisher.config.public import Source
from publisher.config.schema import Config
from publisher.sources.states import Fetched, State, asked_as, state_of
from publisher.store import Store, remote_feeds
from publisher.store.remote_feeds import Row

# what a tick has for all feeds together; a person who waits may wait longer
TICK_SECONDS, COMMAND_SECONDS = 20.0, 300.0
_AT_ONCE = 6
# too little time left to begin with another one
_LEAST = 3.0
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Fetches:
    """What a round of questions brought, by the name of the feed.

    `rows` is what was remembered before it, `late` names the feeds whose turn did not come.
    """

    at: datetime
    fetched: Mapping[str, Fetched] = field(default_factory=dict)
    rows: Mapping[str, Row] = field(default_factory=dict)
    late: tuple[str, ...] = ()


def fetch(
    store: Store,
    config: Config,
    now: datetime,
    *,
    always: bool = False,
    seconds: float = TICK_SECONDS,
    progress: Progress | None = None,
) -> Fetches:
    """Ask every feed that is due, or with `always` every one that is not gone for good. Changes nothing."""
    if not config.named_feeds:
        return Fetches(now)
    with store.read() as tx:
        rows = remote_feeds.rows(tx)
    known = {name: rows[str(s.feed)] for name, s in config.named_feeds.items() if str(s.feed) in rows}
    due = [
        name for name, s in config.named_feeds.items() if _due(known.get(name), _key(config, s), now, always)
    ]
    # whose turn did not come the last time is the first now
    never = datetime.min.replace(tzinfo=UTC)
    due.sort(key=lambda name: (name in known and known[name].next_at) or never)
    fetched = _Round(config, known, now, seconds).run(due, progress) if due else {}
    return Fetches(now, fetched, known, tuple(name for name in due if name not in fetched))


@dataclass(frozen=True, slots=True)
class Trouble:
    """A feed that could not be had when it was asked last, since when, and when it is asked again.

    `next_at` is None for one that is gone for good, and is asked no more.
    """

    feed: str
    error: str
    since: datetime | None
    next_at: datetime | None


def troubles(store: Store, config: Config) -> list[Trouble]:
    """The feeds of the configuration that are in trouble, as was found when they were asked last."""
    if not config.named_feeds:
        return []
    with store.read() as tx:
        rows = remote_feeds.rows(tx)
    found = []
    for name, source in config.named_feeds.items():
        row = rows.get(str(source.feed))
        state = state_of(row.state if row else None)
        if row and state.error and state.asked_as == _key(config, source):
            since = datetime.fromisoformat(state.since) if state.since else None
            found.append(Trouble(name, state.error, since, None if state.gone else row.next_at))
    return found


def _key(config: Config, source: Source) -> str:
    return asked_as(source.model_dump(mode="json"), config.publication.url)


def _due(row: Row | None, key: str, now: datetime, always: bool) -> bool:
    if row is None:
        return True
    state = state_of(row.state)
    if state.asked_as != key:
        return True
    if state.gone:
        return False
    # a clock that was set back makes nobody wait for it
    back = row.fetched_at is not None and row.fetched_at > now
    return always or back or row.next_at is None or row.next_at <= now


class _Round:
    """One round: threads that take the next feed as they get free, until the time is over."""

    def __init__(self, config: Config, known: Mapping[str, Row], now: datetime, seconds: float) -> None:
        self.config, self.known, self.now = config, known, now
        self.until = time.monotonic() + seconds
        self.tls = trusting(None, "sources")
        self.todo = queue.SimpleQueue[str]()
        self.done = queue.SimpleQueue[tuple[str, Fetched | BaseException]]()

    def run(self, due: Sequence[str], progress: Progress | None) -> dict[str, Fetched]:
        """What was heard in time; a thread that still waits is left behind, and so is what it hears."""
        for name in due:
            self.todo.put(name)
        for _ in range(min(_AT_ONCE, len(due))):
            # a daemon: nobody waits at the end of the program for a server that drips
            threading.Thread(target=self._work, name="feeds", daemon=True).start()
        found: dict[str, Fetched] = {}
        while len(found) < len(due):
            try:
                name, answer = self.done.get(timeout=max(self.until - time.monotonic(), 0.01))
            except queue.Empty:
                break
            if isinstance(answer, BaseException):
                raise answer
            found[name] = answer
            if progress:
                progress(len(found), len(due))
        return found

    def _work(self) -> None:
        while self.until - time.monotonic() > _LEAST:
            try:
                name = self.todo.get_nowait()
            except queue.Empty:
                return
            try:
                self.done.put((name, self._one(name)))
            except BaseException as error:  # it is raised where somebody waits
                self.done.put((name, error))

    def _one(self, name: str) -> Fetched:
        # it takes time to load, and most publications have no remote feed
        from publisher.guard import Deadline, Policy
        from publisher.sources import remote
        from publisher.sources.asking import Asker

        source = self.config.named_feeds[name]
        row, key = self.known.get(name), _key(self.config, source)
        state = state_of(row.state if row else None)
        if state.asked_as != key:
            state = State(asked_as=key, passed=state.passed)
        left = Deadline(min(remote.SECONDS, self.until - time.monotonic()))
        asker = Asker(Policy(tuple(source.allow_private)), self.tls)
        agent = remote.agent(self.config.publication.url)
        return remote.fetch(str(source.feed), state, source.every, asker, agent, self.now, left)
