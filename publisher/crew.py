"""A crew: processes that compute beside this one, for work that takes a core for seconds.

They are plain children with a pipe each way. A pool of the standard library would import the main program
again, fork where there are threads, or stay behind when this process is killed; these end with their pipe.
"""

from __future__ import annotations

import gc
import json
import os
import pickle
import selectors
import signal
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import fields, is_dataclass
from datetime import datetime
from io import BytesIO
from itertools import islice
from operator import attrgetter
from queue import SimpleQueue
from typing import IO, Any, NamedTuple, TypeVar

from publisher.errors import PublisherError

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")
Prepare = Callable[..., Callable[[_Item], _Result]]
# each takes some 60 MB
_MOST = 3
# an item that lies ready while another is worked on
_AHEAD = 2
_LENGTH = struct.Struct(">Q")
_START = (
    "import sys, json; sys.path[:] = json.loads(sys.argv[1]); from publisher import crew; "
    "crew.serve_streams()"
)


class Crew:
    """At most so many processes, none of them before `begin` or much work, and none after `dismiss`.

    Used by one thread at a time: whoever comes while it is at work computes alone.
    """

    def __init__(self, size: int | None = None) -> None:
        self.size = min(len(os.sched_getaffinity(0)), _MOST) if size is None else size
        self._hands: list[_Hand] = []
        self._turn = threading.Lock()

    def begin(self) -> None:
        """Start now, before this process has threads: a copy of it has loaded everything already."""
        if self.size > 1 and threading.active_count() == 1:
            while len(self._hands) < self.size:
                self._hands.append(_forked(self._hands))

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
            yield from self._spread(pickle.dumps(_Task(prepare, arguments)), _chained(first, items))
        except BaseException:
            self._dismiss()  # what is still under way belongs to nobody
            raise
        finally:
            self._turn.release()

    def _spread(self, task: bytes, items: Iterator[Any]) -> Iterator[Any]:
        while len(self._hands) < self.size:
            self._hands.append(_spawned())
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


class _Task(NamedTuple):
    """What a process is to do with the items that follow."""

    prepare: Callable[..., Callable[[Any], Any]]
    arguments: Sequence[Any]


class _Hand:
    """One process, and how many items it has that it has not given back. It takes them at any time."""

    def __init__(self, orders: IO[bytes], results: IO[bytes], wait: Callable[[], int]) -> None:
        self.orders, self.results, self._wait = orders, results, wait
        self.waiting = 0

    def send(self, data: bytes) -> None:
        with suppress(BrokenPipeError):  # its result will say so
            _write(self.orders, data)

    def result(self) -> Any:
        data = _read(self.results)
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


def _spawned() -> _Hand:
    """A process of its own, which loads what it needs."""
    command = [sys.executable, "-c", _START, json.dumps(sys.path)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
    assert process.stdin
    assert process.stdout
    return _Hand(process.stdin, process.stdout, process.wait)


def _forked(others: Sequence[_Hand]) -> _Hand:
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

    def wait() -> int:
        with suppress(ChildProcessError):
            return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        return 0

    return _Hand(os.fdopen(to_orders, "wb", 0), os.fdopen(from_results, "rb", 0), wait)


class _Reducers(dict[type, Callable[[Any], Any]]):
    """How dataclasses pass to another process: the standard way looks up their fields each time."""

    def __missing__(self, kind: type) -> Callable[[Any], Any]:
        held = fields(kind) if is_dataclass(kind) else ()
        plain = not hasattr(kind, "__post_init__") and all(each.init and not each.kw_only for each in held)
        if len(held) < 2 or not plain:
            raise KeyError(kind)
        values = attrgetter(*(each.name for each in held))
        self[kind] = lambda value: (kind, values(value))
        return self[kind]


_REDUCERS = _Reducers({datetime: lambda at: at.__reduce_ex__(pickle.HIGHEST_PROTOCOL)})


def dumps(value: Any) -> bytes:
    """Anything as bytes, for `pickle.loads` in a process of this program."""
    stream = BytesIO()
    pickler = pickle.Pickler(stream, pickle.HIGHEST_PROTOCOL)
    pickler.dispatch_table = _REDUCERS
    pickler.dump(value)
    return stream.getvalue()


def _give(hand: _Hand, items: Iterator[Any]) -> int:
    for item in items:
        hand.send(dumps(item))
        return 1
    return 0


def _chained(first: Iterable[Any], rest: Iterator[Any]) -> Iterator[Any]:
    yield from first
    yield from rest


def _write(stream: IO[bytes], data: bytes) -> None:
    view = memoryview(_LENGTH.pack(len(data)) + data)
    while view:
        view = view[stream.write(view) :]
    stream.flush()


def _read(stream: IO[bytes]) -> bytes | None:
    head = _exactly(stream, _LENGTH.size)
    return _exactly(stream, _LENGTH.unpack(head)[0]) if head else None


def _exactly(stream: IO[bytes], length: int) -> bytes | None:
    """So many bytes, and none more: a select sees what lies in the pipe, and not what a buffer holds."""
    pieces: list[bytes] = []
    while length:
        piece = stream.read(length)
        if not piece:
            return None
        pieces.append(piece)
        length -= len(piece)
    return b"".join(pieces)


def serve(orders: IO[bytes], results: IO[bytes]) -> None:
    """What a process of a crew does until its orders end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C is for the whole group; ours is to end with it
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    # what is loaded stays, and an item leaves little behind that only a search would find
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    doing: Callable[[Any], Any] | Exception = LookupError("an item came before its task")
    taken: SimpleQueue[bytes | None] = SimpleQueue()
    threading.Thread(target=_take, args=(orders, taken), daemon=True).start()
    with suppress(BrokenPipeError):
        while (data := taken.get()) is not None:
            found = pickle.loads(data)
            if isinstance(found, _Task):
                doing = _prepared(found)
            else:
                _write(results, dumps(_done(doing, found)))
    os._exit(0)


def _take(orders: IO[bytes], taken: SimpleQueue[bytes | None]) -> None:
    """Orders are taken while one is worked on: two full pipes can never wait for each other."""
    data: bytes | None = b""
    while data is not None:
        data = _read(orders)
        taken.put(data)


def serve_streams() -> None:
    """As `serve`, of a process that was started for it."""
    results = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints is no result
    serve(sys.stdin.buffer, results)


def _prepared(task: _Task) -> Callable[[Any], Any] | Exception:
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
