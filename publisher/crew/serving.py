"""What a process of a crew does."""

from __future__ import annotations

import gc
import os
import pickle
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import IO, Any

from publisher.crew.passing import Task, dumps, read, write


def serve(orders: IO[bytes], results: IO[bytes]) -> None:
    """What a process of a crew does until its orders end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C is for the whole group; ours is to end with it
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    search_seldom()
    doing: Callable[[Any], Any] | Exception = LookupError("an item came before its task")
    taken: SimpleQueue[bytes | None] = SimpleQueue()
    threading.Thread(target=_take, args=(orders, taken), daemon=True).start()
    asked_by = os.getppid()
    with suppress(BrokenPipeError):
        # what lies ready for a process that was killed is not begun: another may be at the same work by now
        while (data := taken.get()) is not None and os.getppid() == asked_by:
            found = pickle.loads(data)
            if isinstance(found, Task):
                doing = _prepared(found)
            else:
                write(results, dumps(_done(doing, found)))
    os._exit(0)


def search_seldom() -> None:
    """For a process that computes and ends: what is loaded stays, and articles leave no circles behind."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def _take(orders: IO[bytes], taken: SimpleQueue[bytes | None]) -> None:
    """Orders are taken while one is worked on: two full pipes can never wait for each other."""
    data: bytes | None = b""
    while data is not None:
        data = read(orders)
        taken.put(data)


def serve_streams() -> None:
    """As `serve`, of a process that was started for it."""
    results = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints is no result
    serve(sys.stdin.buffer, results)


def _prepared(task: Task) -> Callable[[Any], Any] | Exception:
    try:
        return task.prepare(*task.arguments)
    except Exception as error:
        return error


def _done(doing: Callable[[Any], Any] | Exception, item: Any) -> tuple[bool, Any]:
    if isinstance(doing, Exception):
        return False, doing
    try:
        return True, doing(item)
    except Exception as error:
        return False, error
