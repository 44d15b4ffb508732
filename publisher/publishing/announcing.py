"""WebSub: which documents changed is noted before they are written, and their hub is told afterwards."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from publisher import feeds
from publisher.config.schema import Config
from publisher.hubs import Answer, Hub
from publisher.store import Store, announcements
from publisher.store.announcements import Announcement

# A hub that was silent for a day has missed it: the next change is told anew.
_MOST_ATTEMPTS = 30
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=1)
Say = Callable[[str], None]


@dataclass
class Announced:
    """How many documents a hub took, and how many are tried again later, or given up."""

    told: int = 0
    waiting: int = 0
    refused: int = 0


def note(store: Store, config: Config, paths: Iterable[str]) -> None:
    """Note that the files at these paths (under output.path) are about to change; only feeds count.

    Call it before the first of them is written: a kill at any later moment then loses no announcement.
    """
    if not config.websub:
        return
    changed: dict[str, set[str]] = {}
    for path in paths:
        if found := feeds.feed_at(path):
            changed.setdefault(found[0], set()).add(found[1])
    if changed:
        with store.write() as tx:
            announcements.note(tx, changed)


def announce(store: Store, config: Config, now: datetime, seconds: float, say: Say) -> Announced:
    """Tell the hub of everything that is due, for about so many seconds; the rest stays noted.

    A hub that cannot be reached, or that asks for patience, is left alone for a minute, then for longer, up
    to an hour, for a day in all. `say` hears of what is given up.
    """
    if not config.websub:
        return Announced()
    # what is being written at this moment is told when it is there
    with store.alone("publish"), store.read() as tx:
        waiting = announcements.due(tx, now)
    with Hub(config.websub) as hub:
        telling = _Telling(config, hub, say, time.monotonic() + seconds)
        for told in waiting:
            if telling.over:
                break
            left = telling.tell(told)
            with store.write() as tx:
                announcements.settle(tx, told, left, now + _pause(told.attempts))
    return telling.done


def _pause(attempts: int) -> timedelta:
    return min(_FIRST_PAUSE * (1 << min(attempts, 10)), _LONGEST_PAUSE)


@dataclass
class _Telling:
    config: Config
    hub: Hub
    say: Say
    until: float
    silent: str = ""
    done: Announced = field(default_factory=Announced)

    @property
    def over(self) -> bool:
        """Whether the time is used up. That a hub is silent is soon said of all the rest."""
        return not self.silent and time.monotonic() > self.until

    def tell(self, told: Announcement) -> list[str]:
        """The formats of a feed that the hub is to be told of again."""
        return [kind for kind in told.formats if not self._settled(told, kind)]

    def _settled(self, told: Announcement, kind: str) -> bool:
        topic = feeds.address(self.config.publication, told.feed, kind)
        answer = Answer(False, True, self.silent) if self.silent else self.hub.tell(topic)
        if answer.accepted:
            self.done.told += 1
            return True
        if answer.later and told.attempts + 1 < _MOST_ATTEMPTS:
            self.silent = answer.words
            self.done.waiting += 1
            return False
        self.done.refused += 1
        self.say(f"websub: {self.hub.url} was not told of {topic}: {answer.words}")
        return True
