"""Server-sent events for those who watch (the HTML standard, section 9.2): one look a second for all of them.

Whoever comes, or comes back, gets the whole of it first; then only the pieces that changed. A slow watcher
misses states in between, and never the last one.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from dataclasses import dataclass, field
from time import monotonic

from starlette.responses import Response, StreamingResponse

from publisher.errors import PublisherError
from publisher.web.looking import Look

log = logging.getLogger("publisher")
_REST, _SHARE, _PATIENCE = 1.0, 20.0, 10.0  # seconds; a look takes no more than a twentieth of the time
_HEARTBEAT = 15.0
_LINES = re.compile(r"\r\n|\r|\n")
_TYPE = "text/event-stream"
_HEADERS = {"X-Accel-Buffering": "no"}  # said to proxies that collect an answer before they pass it on


@dataclass(frozen=True, slots=True)
class Seen:
    """What a look found: pieces of HTML by name, and whether it was the last one."""

    pieces: Mapping[str, str]
    over: bool = False


Watch = Callable[[], Seen]
# which of these sessions have ended
Ended = Callable[[Collection[int]], frozenset[int]]


def event(name: str, data: str, id_: int) -> bytes:
    """One event, whatever lines the data has."""
    lines = "".join(f"data: {line}\n" for line in _LINES.split(data))
    return f"event: {name}\nid: {id_}\n{lines}\n".encode()


@dataclass
class _Channel:
    """One thing that is watched, for as long as somebody does; `events` holds (version, bytes) by piece."""

    watch: Watch
    are_over: Ended
    sessions: list[int] = field(default_factory=list)
    ended: frozenset[int] = frozenset()
    pieces: dict[str, str] = field(default_factory=dict)
    events: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    over: bool = False
    version: int = 0
    turn: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Look, and pass on what has changed, until nobody watches or it is over."""
        look = Look(self._look, 0)
        while self.sessions and not self.over:
            began = monotonic()
            with contextlib.suppress(TimeoutError):
                if found := await look(_PATIENCE):
                    self._publish(*found)
            await asyncio.sleep(max(_REST, _SHARE * (monotonic() - began)))

    def _look(self) -> tuple[Seen, frozenset[int]] | None:
        """In a thread; None where the store cannot be used now, and everybody goes on waiting."""
        try:
            return self.watch(), self.are_over(set(self.sessions))
        except PublisherError as error:
            log.warning("what is watched cannot be seen now: %s", error)
        except Exception:
            log.exception("what is watched cannot be seen: a fault of this program")
        return None

    def _publish(self, seen: Seen, ended: frozenset[int]) -> None:
        self.over, self.ended, self.version = seen.over, ended, self.version + 1
        for name, html in seen.pieces.items():
            if self.pieces.get(name) != html:
                self.pieces[name], made = html, event(name, html, self.version)
                self.events[name] = self.version, made
        self.wake()

    def wake(self) -> None:
        """Let everybody who waits look at what there is."""
        turn, self.turn = self.turn, asyncio.Event()
        turn.set()

    def since(self, version: int) -> bytes:
        """What has changed after a version; empty where nothing has."""
        return b"".join(made for at, made in self.events.values() if at > version)


class Live:
    """Everything that is watched through this process."""

    def __init__(self, ended: Ended) -> None:
        self._are_over = ended
        self._channels: dict[int, _Channel] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._ended = False

    def answer(self, key: int, session: int, watch: Watch, *, head: bool = False) -> Response:
        """The events of what has this number, until that, the session, or this process ends."""
        if head:
            return Response(media_type=_TYPE, headers=_HEADERS)
        return StreamingResponse(self._events(key, session, watch), media_type=_TYPE, headers=_HEADERS)

    @property
    def watchers(self) -> int:
        """How many watch."""
        return sum(len(channel.sessions) for channel in self._channels.values())

    def end(self) -> None:
        """End every answer. Browsers come back by themselves, to this process or to the next."""
        self._ended = True
        for task in self._tasks.values():
            task.cancel()
        for channel in self._channels.values():
            channel.wake()

    async def _events(self, key: int, session: int, watch: Watch) -> AsyncIterator[bytes]:
        channel = self._channels.setdefault(key, _Channel(watch, self._are_over))
        channel.sessions.append(session)
        if key not in self._tasks:
            self._tasks[key] = asyncio.get_running_loop().create_task(self._run(key, channel))
        version = 0
        try:
            yield b"retry: 2000\n\n"
            while not self._ended:
                # read together, before anything is waited for
                turn, fresh, version = channel.turn, channel.since(version), channel.version
                if fresh:
                    yield fresh
                if channel.over or session in channel.ended:
                    yield event("over", "", version)
                    return
                if not await _within(turn, _HEARTBEAT):
                    yield b": still here\n\n"
        finally:
            channel.sessions.remove(session)

    async def _run(self, key: int, channel: _Channel) -> None:
        try:
            await channel.run()
        finally:
            # whoever comes now begins anew
            del self._channels[key], self._tasks[key]


async def _within(turn: asyncio.Event, seconds: float) -> bool:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(turn.wait(), seconds)
        return True
    return False
