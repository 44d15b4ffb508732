"""Public files over HTTP: everything under output.path, with validators, gzip and a bounded memory."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import quote

from starlette.types import Message, Receive, Scope, Send

from publisher.web import streaming
from publisher.web.file_headers import Header, caching, headers
from publisher.web.memory import Memory, address
from publisher.web.representations import (
    Folder,
    Links,
    Representation,
    Variant,
    date_header,
    find,
    load,
)

_INLINE = 64 * 1024
AT_ONCE = 256 * 1024
_HTML = "text/html; charset=utf-8"
_AGENT = b"user-agent"


def _plain_not_found(_path: str) -> bytes:
    return b"<!doctype html><title>Not found</title><p>There is no page at this address.</p>"


class PublicFiles:
    """An ASGI application that serves a folder, GET and HEAD only (RFC 9110).

    `not_found` makes the page for a path that names nothing; `memory` is the most bytes that it keeps;
    `links` are more headers of a feed, by its path. `polled` is told of each poll: which feed, and the
    User-Agent. A file that is replaced while it is served is served whole, old or new.
    """

    def __init__(
        self,
        folder: Path,
        not_found: Callable[[str], bytes] = _plain_not_found,
        memory: int = 64 * 1024 * 1024,
        clock: Callable[[], float] = time.time,
        links: Links = lambda _path: (),
        polled: Callable[[str, bytes], None] = lambda _feed, _agent: None,
    ) -> None:
        self.root = os.path.abspath(folder)
        self.not_found, self.clock, self.links, self.polled = not_found, clock, links, polled
        self.memory = Memory(memory)
        self._loading: dict[str, asyncio.Future[Representation]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1000})
        elif scope["method"] not in ("GET", "HEAD"):
            allow = (b"allow", b"GET, HEAD")
            await _answer(scope, send, 405, b"Only GET and HEAD are answered here.\n", "text/plain", allow)
        else:
            await self._serve(scope, receive, send)

    def holds(self, scope: Scope) -> bool:
        """Whether this request is for a file that was served before, and can be again from memory."""
        asks = scope["type"] == "http" and scope["method"] in ("GET", "HEAD")
        return asks and self.memory.get(address(scope["path"])) is not None

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        at = address(scope["path"])
        path = scope["path"].removeprefix(scope.get("root_path", "")) or "/"
        found = self.memory.get(at) or await self._load(at, path)
        if found is None:
            uncached = (b"cache-control", b"no-cache")
            await _answer(scope, send, 404, self.not_found(path), _HTML, uncached)
        elif isinstance(found, Folder):
            location = (b"location", _with_slash(path, scope["query_string"]))
            await _answer(scope, send, 301, b"", _HTML, location, *caching(_HTML))
        else:
            await self._represent(scope, receive, send, found)

    async def _load(self, at: bytes, path: str) -> Representation | Folder | None:
        file = find(self.root, path)
        if not isinstance(file, str):
            return file
        try:
            if os.stat(file).st_size <= _INLINE:
                found = load(self.root, file, self._most, self.links)
            else:
                found = await self._load_aside(file)
        except (FileNotFoundError, PermissionError):
            return None
        self.memory.keep(at, found)
        return found

    async def _load_aside(self, file: str) -> Representation:
        """Load in a thread; requests that come meanwhile wait for the same one."""
        task = self._loading.get(file)
        # a finished task may still stand here, and what it read may have been replaced since
        if task is None or task.done():
            task = asyncio.ensure_future(asyncio.to_thread(load, self.root, file, self._most, self.links))
            self._loading[file] = task
            task.add_done_callback(lambda done: self._loaded(file, done))
        return await asyncio.shield(task)

    def _loaded(self, file: str, task: asyncio.Future[Representation]) -> None:
        if self._loading.get(file) is task:
            del self._loading[file]

    @property
    def _most(self) -> int:
        return self.memory.most // 4

    async def _represent(self, scope: Scope, receive: Receive, send: Send, found: Representation) -> None:
        asked, now = _asked(scope), int(self.clock())
        # a date says nothing about changes within its own second, so the newest one told is the second before
        dated = found.modified < now
        date = found.last_modified if dated else date_header(now - 1)
        variant, status = found.chosen(asked, found.modified if dated else now - 1)
        whole = variant.body if status == 200 and scope["method"] == "GET" else b""
        if whole is None or len(whole) > AT_ONCE:
            return await self._stream(scope, receive, send, found, variant, date)
        self.count(found, scope["method"], asked)
        await send(_start(status, [*variant.headers[status], date]))
        return await send({"type": "http.response.body", "body": whole})

    def count(self, found: Representation, method: str, asked: Mapping[bytes, bytes]) -> None:
        """Note a poll, if that is what this request was."""
        if found.feed and method == "GET":
            self.polled(found.feed, asked.get(_AGENT, b""))

    async def _stream(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        found: Representation,
        variant: Variant,
        date: Header,
    ) -> None:
        """A large file, so that each slow reader holds a piece of it."""
        source = streaming.opened(found, variant)
        if source is None:
            self.memory.forget(address(scope["path"]))
            return await self._serve(scope, receive, send)
        self.count(found, scope["method"], _asked(scope))
        start = _start(200, [*variant.headers[200], date])
        with source:
            return await streaming.stream(source, start, receive, send)


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
