"""The processes of a crew, as the one sees them that they work for."""

from __future__ import annotations

import fcntl
import json
import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import IO, Any

from publisher.crew.passing import read, write
from publisher.crew.serving import serve
from publisher.errors import PublisherError

_PIPE = 1 << 20
_START = (
    "import sys, json; sys.path[:] = json.loads(sys.argv[1]); "
    "from publisher.crew import serving; serving.serve_streams()"
)


class Hand:
    """One process, and how many items it has that it has not given back. It takes them at any time."""

    def __init__(self, orders: IO[bytes], results: IO[bytes], wait: Callable[[], int]) -> None:
        self.orders, self.results, self._wait = orders, results, wait
        self.waiting = 0

    def send(self, data: bytes) -> None:
        with suppress(BrokenPipeError):  # its result will say so
            write(self.orders, data)

    def result(self) -> Any:
        data = read(self.results)
        if data is None:
            raise PublisherError(f"a process that computed for this one ended early (status {self._wait()})")
        well, value = pickle.loads(data)
        if well:
            return value
        raise value

    def end(self) -> None:
        with suppress(BrokenPipeError):
            self.orders.close()
        # in the midst of an item it would still write a result that nobody reads
        self.results.close()
        self._wait()


def spawned() -> Hand:
    """A process of its own, which loads what it needs."""
    command = [sys.executable, "-c", _START, json.dumps(sys.path)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
    assert process.stdin
    assert process.stdout
    return Hand(process.stdin, process.stdout, process.wait)


def _widen(*pipes: int) -> None:
    """Room for a whole item: through 64 kB at a time each side waits for the other again and again."""
    if sys.platform == "linux":
        for pipe in pipes:
            with suppress(OSError):  # whoever has used up what the system allows goes on as it is
                fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE)


def forked(others: Sequence[Hand]) -> Hand:
    """A copy of this process."""
    (orders, to_orders), (from_results, results) = os.pipe(), os.pipe()
    pid = os.fork()
    if pid == 0:
        with suppress(BaseException):
            for stream in (stream for other in others for stream in (other.orders, other.results)):
                os.close(stream.fileno())  # or they would never end
            os.close(to_orders)
            os.close(from_results)
            os.dup2(2, 1)
            serve(os.fdopen(orders, "rb"), os.fdopen(results, "wb"))
        os._exit(1)
    os.close(orders)
    os.close(results)
    _widen(to_orders, from_results)

    def wait() -> int:
        with suppress(ChildProcessError):
            return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        return 0

    return Hand(os.fdopen(to_orders, "wb", 0), os.fdopen(from_results, "rb", 0), wait)
