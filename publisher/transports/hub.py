"""Many conversations in one thread: where one of them would wait, the others go on.

Each is plain code that blocks as in a thread of its own; its stack is set aside (a greenlet) until what it
waits for is there. A thread for each would hand the interpreter to another with every message.
"""

from __future__ import annotations

import math
import select
import socket
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from time import monotonic
from typing import TypeVar

from greenlet import getcurrent, greenlet

READ, WRITE = select.POLLIN, select.POLLOUT
_LONGEST_WAIT = 60.0  # a deadline that is further away is looked at again
Job = Callable[[], None]
Result = TypeVar("Result")


class _Task(greenlet):  # type: ignore[misc]  # it comes without types
    """One conversation, and until when it waits."""

    until: float

    def __init__(self, hub: Hub, job: Job) -> None:
        super().__init__(lambda _: job())
        self.hub = hub


class Hub:
    """Runs conversations in turn, in one thread. Only `ring` and `spawn` may be called from others.

    `before_rest` is called when all of them wait; it says for how many seconds at most.
    """

    def __init__(self, before_rest: Callable[[], float] = lambda: math.inf) -> None:
        self.before_rest = before_rest
        self._poll = select.poll()
        self._new: deque[Job] = deque()
        self._tasks: list[_Task] = []
        self._at_sockets: dict[int, _Task] = {}
        self._pausing: list[_Task] = []
        self._soonest = math.inf
        self._stirred = False
        self._bell: socket.socket | None = None

    def spawn(self, job: Job) -> None:
        """One more conversation. After `run` has ended nothing comes of it."""
        self._new.append(job)
        self._wake()

    def run(self) -> None:
        """Have all conversations; returns when the last one has ended. Once only."""
        self._ear, self._bell = socket.socketpair()
        with self._ear, self._bell:
            for end in (self._ear, self._bell):
                end.setblocking(False)
            self._poll.register(self._ear, READ)
            self._take_turns()

    def pause(self, seconds: float = math.inf) -> None:
        """Wait until somebody stirs, or so many seconds have passed; the caller looks what has changed."""
        task = getcurrent()
        assert isinstance(task, _Task)
        self._pausing.append(task)
        if not self._parked(task, seconds):
            self._pausing.remove(task)

    def stir(self) -> None:
        """Something has changed that some of them pause for; or whoever pauses next, if none does now."""
        self._stirred = True

    def ring(self) -> None:
        """As `stir`, from any thread."""
        self._stirred = True
        self._wake()

    def at_socket(self, task: _Task, descriptor: int, event: int, seconds: float) -> bool:
        """See `ready`."""
        self._at_sockets[descriptor] = task
        self._poll.register(descriptor, event)
        in_time = self._parked(task, seconds)
        self._poll.unregister(descriptor)
        del self._at_sockets[descriptor]
        return in_time

    def _wake(self) -> None:
        if self._bell:
            with suppress(OSError):  # it has ended; or it was rung so often that it will hear
                self._bell.send(b"!")

    def _take_turns(self) -> None:
        awake = self._begun()
        while self._tasks:
            for task in awake:
                self._go_on(task)
            if self._tasks:
                awake = self._awoken(self.before_rest())
            awake += self._begun()

    def _begun(self) -> list[_Task]:
        begun = [_Task(self, self._new.popleft()) for _ in range(len(self._new))]
        self._tasks += begun
        return begun

    def _parked(self, task: _Task, seconds: float) -> bool:
        task.until = monotonic() + seconds
        if task.until < self._soonest:
            self._soonest = task.until
        assert task.parent
        return bool(task.parent.switch())

    def _go_on(self, task: _Task, in_time: bool = True) -> None:
        task.until = math.inf
        task.switch(in_time)
        if task.dead:
            self._tasks.remove(task)

    def _awoken(self, most: float) -> list[_Task]:
        """Wait; those who may go on. Whoever has waited too long has gone on already."""
        heard = self._stirred and bool(self._pausing)
        seconds = 0.0 if heard else min(max(self._soonest - monotonic(), 0.0), _LONGEST_WAIT, most)
        found = self._poll.poll(seconds * 1000)
        at = self._at_sockets
        awake = [at[descriptor] for descriptor, _ in found if descriptor in at]
        if len(awake) < len(found):
            self._ear.recv(4096)
        if self._stirred and self._pausing:
            self._stirred = False
            awake += self._pausing
            self._pausing = []
        if monotonic() >= self._soonest:
            self._give_up(awake)
        return awake

    def _give_up(self, awake: list[_Task]) -> None:
        now = monotonic()
        for task in [t for t in self._tasks if t.until <= now and t not in awake]:
            self._go_on(task, in_time=False)
        self._soonest = min((t.until for t in self._tasks), default=math.inf)


def ready(connection: socket.socket, event: int, seconds: float) -> bool:
    """Wait until a socket can be read or written; False when that takes longer.

    In a hub the others go on meanwhile; in any other thread it blocks.
    """
    task = getcurrent()
    if isinstance(task, _Task):
        return task.hub.at_socket(task, connection.fileno(), event, seconds)
    poll = select.poll()
    poll.register(connection, event)
    return bool(poll.poll(seconds * 1000))


def aside(work: Callable[[], Result]) -> Result:
    """Do what can only block: in a hub, in a thread of its own, so that the others go on meanwhile."""
    task = getcurrent()
    if not isinstance(task, _Task):
        return work()
    hub, done = task.hub, Future[Result]()

    def do() -> None:
        try:
            done.set_result(work())
        except BaseException as error:
            done.set_exception(error)
        hub.ring()

    threading.Thread(target=do, name="aside", daemon=True).start()
    while not done.done():
        hub.pause()
    return done.result()
