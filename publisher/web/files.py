"""Public files over HTTP: everything under output.path, with validators, gzip and a bounded memory."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

from starlette.types import Message, Receive, Scope, Send

from publisher.web.conditional import not_modified, takes_gzip
from publisher.web.file_headers import Header, caching, headers
from publisher.web.representations import Folder, Representation, date_header, find, load, stamp_of

_INLINE = 64 * 1024
_CHUNK = 256 * 1024
_HTML = "text/html; charset=utf-8"


def _plain_not_found(_path: str) -> bytes:
    return b"<!doctype html><title>Not found</title><p>There is no page at this address.</p>"


class PublicFiles:
    """An ASGI application that serves a folder, GET and HEAD only (RFC 9110).

    `not_found` makes the page for a path that names nothing; `memory` is the most bytes that it keeps. A file
    that is replaced while it is served is served whole, old or new.
    """

    def __init__(
        self,
        folder: Path,
        not_found: Callable[[str], bytes] = _plain_not_found,
        memory: int = 64 * 1024 * 1024,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.root = os.path.abspath(folder)
        self.not_found, self.memory, self.clock = not_found, memory, clock
        self._held: OrderedDict[str, Representation] = OrderedDict()
        self._weight = 0
        self._loading: dict[str, asyncio.Future[Representation]] = {}

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1000})
        elif scope["method"] not in ("GET", "HEAD"):
            allow = (b"allow", b"GET, HEAD")
            await _answer(scope, send, 405, b"Only GET and HEAD are answered here.\n", "text/plain", allow)
        else:
            await self._serve(scope, send, scope["path"].removeprefix(scope.get("root_path", "")) or "/")

    async def _serve(self, scope: Scope, send: Send, path: str) -> None:
        found = self._remembered(path) or await self._load(path)
        if found is None:
            uncached = (b"cache-control", b"no-cache")
            await _answer(scope, send, 404, self.not_found(path), _HTML, uncached)
        elif isinstance(found, Folder):
            location = (b"location", _with_slash(path, scope["query_string"]))
            await _answer(scope, send, 301, b"", _HTML, location, *caching(_HTML))
        else:
            await self._represent(scope, send, found, path)

    def _remembered(self, path: str) -> Representation | None:
        """What memory holds for the path, if the file is still the same."""
        held = self._held.get(path)
        if held is None:
            return None
        try:
            if stamp_of(os.stat(held.file)) == held.stamp:
                self._held.move_to_end(path)
                return held
        except OSError:
            pass
        self._forget(path)
        return None

    async def _load(self, path: str) -> Representation | Folder | None:
        file = find(self.root, path)
        if not isinstance(file, str):
            return file
        try:
            if os.stat(file).st_size <= _INLINE:
                found = load(self.root, file, self._most)
            else:
                found = await self._load_aside(file)
        except (FileNotFoundError, PermissionError):
            return None
        self._remember(path, found)
        return found

    async def _load_aside(self, file: str) -> Representation:
        """Load in a thread; requests that come meanwhile wait for the same one."""
        task = self._loading.get(file)
        # a finished task may still stand here, and what it read may have been replaced since
        if task is None or task.done():
            task = asyncio.ensure_future(asyncio.to_thread(load, self.root, file, self._most))
            self._loading[file] = task
            task.add_done_callback(lambda done: self._loaded(file, done))
        return await asyncio.shield(task)

    def _loaded(self, file: str, task: asyncio.Future[Representation]) -> None:
        if self._loading.get(file) is task:
            del self._loading[file]

    @property
    def _most(self) -> int:
        return self.memory // 4

    def _remember(self, path: str, found: Representation) -> None:
        self._forget(path)
        self._held[path] = found
        self._weight += found.weight
        while self._weight > self.memory and self._held:
            self._forget(next(iter(self._held)))

    def _forget(self, path: str) -> None:
        if held := self._held.pop(path, None):
            self._weight -= held.weight

    async def _represent(self, scope: Scope, send: Send, found: Representation, path: str) -> None:
        asked = _asked(scope)
        variant = found.gzip if found.gzip and takes_gzip(asked.get(b"accept-encoding", b"")) else found.plain
        now = int(self.clock())
        # a date says nothing about changes within its own second, so the newest one told is the second before
        dated = found.modified < now
        modified = found.modified if dated else now - 1
        date = found.last_modified if dated else date_header(modified)
        none_match, since = asked.get(b"if-none-match"), asked.get(b"if-modified-since")
        if not_modified(none_match, since, variant.etag, modified):
            await send(_start(304, [*variant.unchanged, date]))
            await send({"type": "http.response.body", "body": b""})
        elif scope["method"] == "HEAD" or variant.body is not None:
            await send(_start(200, [*variant.full, date]))
            body = b"" if scope["method"] == "HEAD" else variant.body
            await send({"type": "http.response.body", "body": body})
        else:
            await self._stream(scope, send, found, path, date)

    async def _stream(self, scope: Scope, send: Send, found: Representation, path: str, date: Header) -> None:
        """A file too large to hold, read piece by piece from the one opened, whatever replaces it."""
        handle = _reopen(found)
        if handle is None:
            self._forget(path)
            return await self._serve(scope, send, path)
        with handle:
            await send(_start(200, [*found.plain.full, date]))
            while piece := await asyncio.to_thread(handle.read, _CHUNK):
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            return await send({"type": "http.response.body", "body": b""})


def _reopen(found: Representation) -> BinaryIO | None:
    """The represented file, or None if another took its place."""
    with contextlib.suppress(FileNotFoundError):
        handle = open(found.file, "rb")  # noqa: SIM115
        if stamp_of(os.fstat(handle.fileno())) == found.stamp:
            return handle
        handle.close()
    return None


def _asked(scope: Scope) -> dict[bytes, bytes]:
    """The request's headers, with lists that came in several lines joined (RFC 9110 section 5.3)."""
    asked: dict[bytes, bytes] = {}
    for name, value in scope["headers"]:
        asked[name] = asked[name] + b"," + value if name in asked else value
    return asked


def _with_slash(path: str, query: bytes) -> bytes:
    """The folder's address relative to the request's, so that no host can be smuggled into it."""
    name = quote(path.rpartition("/")[2], safe="")
    return f"./{name}/".encode() + (b"?" + query if query else b"")


async def _answer(scope: Scope, send: Send, status: int, body: bytes, kind: str, *more: Header) -> None:
    length = (b"content-length", str(len(body)).encode())
    await send(_start(status, [*headers(kind), length, *more]))
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})


def _start(status: int, sent: list[Header]) -> Message:
    return {"type": "http.response.start", "status": status, "headers": sent}
