"""A look at something slow, for many who ask: never in the way of the event loop, never twice at once."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from time import monotonic
from typing import Generic, TypeVar

T = TypeVar("T")


class Look(Generic[T]):
    """Calls `look`, which must not raise, in a thread of its own, one at a time.

    What it found serves everybody for `fresh` seconds, or for `share` times as long as it took, yet for no
    longer than `stale` seconds.
    """

    def __init__(self, look: Callable[[], T], fresh: float, share: float = 0.0, stale: float = 30.0) -> None:
        self._look, self._fresh, self._share, self._stale = look, fresh, share, stale
        self._found: T
        self._began = self._until = 0.0
        self._looking = False
        self._over: asyncio.Event

    async def __call__(self, patience: float) -> T:
        """What was found. Raises TimeoutError when a look takes longer than `patience`, in seconds.

        That look goes on, and whoever comes meanwhile waits only for what is left of that time.
        """
        if not self._looking and monotonic() >= self._until:
            self._looking, self._began, self._over = True, monotonic(), asyncio.Event()
            # a daemon: a store that never answers must not keep the process from ending
            work = (asyncio.get_running_loop(), self._over)
            threading.Thread(target=self._work, args=work, name="look", daemon=True).start()
        if self._looking:
            left = self._began + patience - monotonic()
            await asyncio.wait_for(self._over.wait(), max(left, 0))
        return self._found

    def _work(self, loop: asyncio.AbstractEventLoop, over: asyncio.Event) -> None:
        self._found = self._look()
        ended = monotonic()
        self._until = ended + max(self._fresh, min(self._stale, self._share * (ended - self._began)))
        self._looking = False
        with contextlib.suppress(RuntimeError):  # the loop may be gone, and who asked with it
            loop.call_soon_threadsafe(over.set)
