"""Public files behind a real server, on real sockets."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from publisher.config.schema import Web
from publisher.web.files import PublicFiles
from publisher.web.server import Server, listen

Address = tuple[str, int]
_END = "/the-end"


class App:
    """Nothing but public files; what it was asked past the fast path stands in `asked`."""

    def __init__(self, folder: Path, **options: Any) -> None:
        self.files = PublicFiles(folder, **options)
        self.asked: list[str] = []
        self.minutes = self.closed = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == _END:
            await send({"type": "http.response.start", "status": 410, "headers": []})
            return await send({"type": "http.response.body", "body": b""})
        self.asked.append(scope["path"])
        return await self.files(scope, receive, send)

    def ending(self) -> None:
        pass

    def minute(self) -> None:
        self.minutes += 1

    def close(self) -> None:
        self.closed += 1


@contextmanager
def serving(app: Any) -> Iterator[tuple[Address, Server]]:
    """Where it listens, and the server, as long as this lasts."""
    web = Web(port=0)
    sock = listen(web)
    server = Server(app, web)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]})
    address = sock.getsockname()
    thread.start()
    try:
        while not server.started and thread.is_alive():
            time.sleep(0.005)
        yield address, server
    finally:
        server.should_exit = True
        thread.join()


def get(path: str, *more: str, method: str = "GET") -> bytes:
    """A request as it is sent."""
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: x", *more, "", ""]).encode("latin-1")


def talk(address: Address, *pieces: bytes, rest: float = 0.01) -> bytes:
    """Everything that comes back for these pieces, sent one after the other, until the server closes.

    It is asked to by one more request, unless it does so by itself.
    """
    got = b""
    with socket.create_connection(address, timeout=10) as connection, suppress(ConnectionError):
        for piece in (*pieces, get(_END, "Connection: close")):
            connection.sendall(piece)
            time.sleep(rest)
        while piece := connection.recv(1 << 20):
            got += piece
    before, found, _ = got.rpartition(b"HTTP/1.1 410 ")
    return before if found else got


def statuses(answers: bytes) -> list[int]:
    """Of each answer."""
    return [int(found) for found in re.findall(rb"HTTP/1\.1 (\d{3}) ", answers)]
