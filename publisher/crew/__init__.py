"""A crew: processes that compute beside this one, for work that takes a core for seconds.

They are plain children with a pipe each way. A pool of the standard library would import the main program
again, fork where there are threads, or stay behind when this process is killed; these end with their pipe.
"""

from __future__ import annotations

import os
import pickle
import selectors
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

from publisher.crew.hands import Hand, forked, spawned
from publisher.crew.passing import Task, dumps
from publisher.crew.serving import search_seldom

__all__ = ["Crew", "dumps", "search_seldom"]

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")
Prepare = Callable[..., Callable[[_Item], _Result]]
# each takes some 60 MB
_MOST = 3
# an item that lies ready while another is worked on
_AHEAD = 2


class Crew:
    """At most so many processes, none of them before `begin` or much work, and none after `dismiss`.

    Used by one thread at a time: whoever comes while it is at work computes alone.
    """

    def __init__(self, size: int | None = None) -> None:
        self.size = min(_cores(), _MOST) if size is None else size
        self._hands: list[Hand] = []
        self._turn = threading.Lock()

    def begin(self) -> None:
        """Start now, before this process has threads: a copy of it has loaded everything already."""
        if self.size > 1 and threading.active_count() == 1 and sys.platform == "linux":
            while len(self._hands) < self.size:
                self._hands.append(forked(self._hands))

    def work(
        self, prepare: Prepare[_Item, _Result], arguments: Sequence[Any], items: Iterable[_Item], least: int
    ) -> Iterator[_Result]:
        """What `prepare(*arguments)` makes of each item, in any order.

        `prepare` is a function of a module: it is called once in each process, and what it gives once for
        every item. With fewer than `least` items all is done here. What fails in a process is raised here.
        """
        items = iter(items)
        first = list(islice(items, least))
        if self.size < 2 or len(first) < least or not sys.executable or not self._turn.acquire(False):
            yield from map(prepare(*arguments), _chained(first, items))
            return
        try:
            yield from self._spread(pickle.dumps(Task(prepare, arguments)), _chained(first, items))
        except BaseException:
            self._dismiss()  # what is still under way belongs to nobody
            raise
        finally:
            self._turn.release()

    def _spread(self, task: bytes, items: Iterator[Any]) -> Iterator[Any]:
        while len(self._hands) < self.size:
            self._hands.append(spawned())
        with selectors.DefaultSelector() as busy:
            for hand in self._hands:
                hand.send(task)
            for hand in self._hands * _AHEAD:
                hand.waiting += _give(hand, items)
            for hand in self._hands:
                if hand.waiting:
                    busy.register(hand.results, selectors.EVENT_READ, hand)
            while busy.get_map():
                for key, _ in busy.select():
                    hand, result = key.data, key.data.result()
                    # its next piece first, so that it works while this one is taken in
                    hand.waiting += _give(hand, items) - 1
                    if not hand.waiting:
                        busy.unregister(key.fileobj)
                    yield result

    def dismiss(self) -> None:
        """End the processes; the next work starts new ones."""
        with self._turn:
            self._dismiss()

    def _dismiss(self) -> None:
        for hand in self._hands:
            hand.end()
        self._hands.clear()


def _give(hand: Hand, items: Iterator[Any]) -> int:
    for item in items:
        hand.send(dumps(item))
        return 1
    return 0


def _chained(first: Iterable[Any], rest: Iterator[Any]) -> Iterator[Any]:
    yield from first
    yield from rest


def _cores() -> int:
    """How many this process may use, as far as the system says."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
