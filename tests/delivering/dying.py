"""How a process of `publisher` is killed at one chosen step of its sending: a `kill -9` from inside.

A step is each place before, in the middle of and after a write to a socket, before and after a read, and
before and after a commit. Which one kills is counted over all threads, from 1.
"""

from __future__ import annotations

import itertools
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


def at(step: int) -> None:
    """From here on, die at this step."""
    count = itertools.count(1)

    def here() -> None:
        if next(count) == step:
            os.kill(os.getpid(), signal.SIGKILL)

    _sockets(here, lambda: next(count) == step)
    _commits(here)


def _sockets(here: Any, is_now: Any) -> None:
    plain = socket.socket.__bases__[0]

    def send(self: Any, data: Any, *flags: Any) -> int:
        here()
        if is_now():
            plain.send(self, bytes(data)[: len(data) // 2])
            os.kill(os.getpid(), signal.SIGKILL)
        sent = plain.send(self, data, *flags)
        here()
        return int(sent)

    def sendall(self: Any, data: Any, *flags: Any) -> None:
        here()
        if is_now():
            plain.sendall(self, bytes(data)[: len(data) // 2])
            os.kill(os.getpid(), signal.SIGKILL)
        plain.sendall(self, data, *flags)
        here()

    def sendmsg(self: Any, buffers: Any, *rest: Any) -> int:
        return send(self, b"".join(bytes(b) for b in buffers))

    def recv(self: Any, *size: Any) -> bytes:
        here()
        got = plain.recv(self, *size)
        here()
        return bytes(got)

    def recv_into(self: Any, *given: Any) -> int:
        here()
        got = plain.recv_into(self, *given)
        here()
        return int(got)

    for made in (send, sendall, sendmsg, recv, recv_into):
        setattr(socket.socket, made.__name__, made)


def _commits(here: Any) -> None:
    from publisher.store import Store

    write = Store.write

    @contextmanager
    def counted(self: Any) -> Iterator[Any]:
        with write(self) as tx:
            yield tx
            here()
        here()

    Store.write = counted  # type: ignore[method-assign]
