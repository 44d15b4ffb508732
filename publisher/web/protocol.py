"""HTTP/1.1 on a connection: files in memory are answered at once, everything else by the application.

uvicorn makes a task, a scope and two messages of every request, which costs several times as much as the
answer itself. Here a plain GET or HEAD for a file in memory is answered as soon as its headers are read, in
one write. Whatever is unusual goes uvicorn's own way: a body, a header that came twice, a connection that is
to be closed, an answer still under way, a reader who is slow.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from publisher.web.files import AT_ONCE, PublicFiles
from publisher.web.representations import opening

# Seconds in which something must move: a request that has begun; a reader; a connection at rest.
ASKING, READING, RESTING = 20, 60, 75
_LARGEST_HEAD = 64 * 1024
_LITTLE = 16 * 1024  # who takes less than this in READING seconds is as good as gone
_HURRY = 10
_METHODS = (b"GET", b"HEAD")
_UNUSUAL = {b"content-length", b"transfer-encoding", b"expect", b"upgrade"}


class Protocol(HttpToolsProtocol):
    """One connection. The application has its public files as `files`."""

    def __init__(self, *arguments: Any, **keys: Any) -> None:
        super().__init__(*arguments, **keys)
        self._files: PublicFiles = self.config.app.files  # type: ignore[union-attr]
        self._reading, self._answered = True, False
        self._quiet = self._unsent = self._idle_bytes = 0
        self._dates: list[tuple[bytes, bytes]] = []
        self._openings: dict[int, bytes] = {}

    def connection_made(self, transport: Any) -> None:
        """Somebody comes in, as long as there is room: the store and the files need theirs."""
        super().connection_made(transport)
        if self.limit_concurrency and len(self.connections) > self.limit_concurrency:
            transport.abort()

    def data_received(self, data: bytes) -> None:
        """Parse what came; headers or trailers that never end are refused (RFC 9110 section 5.4)."""
        self._idle_bytes += len(data)
        super().data_received(data)
        if self._reading and self._idle_bytes > _LARGEST_HEAD and not self.transport.is_closing():
            self.send_400_response("The headers of this request are too long.")

    def eof_received(self) -> bool | None:  # type: ignore[override]
        """Who has said everything may still listen (RFC 9112 section 9.6)."""
        if self.cycle is None or self.cycle.response_complete:
            return None
        self.cycle.keep_alive = False
        return True

    def on_message_begin(self) -> None:
        """A request begins. Its scope is made only when the application is to see it."""
        self.url, self.headers, self.expect_100_continue = b"", [], False
        self._reading, self._answered = True, False
        self._quiet = self._idle_bytes = 0

    def on_headers_complete(self) -> None:
        """Answer from memory, or let the application answer."""
        self._answered = self._answer()
        if self._answered:
            return
        if self.parser.get_http_version() == "1.1" and [n for n, _ in self.headers].count(b"host") != 1:
            raise ValueError("not one Host")  # which the parser makes a 400 of (RFC 9112 section 3.2)
        url, headers, expects = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.expect_100_continue = url, expects
        self.headers.extend(headers)
        super().on_headers_complete()

    def _answer(self) -> bool:
        """Whether the request was one for a file in memory, and is answered."""
        found = self._files.memory.get(self.url)
        if found is None or self.flow.write_paused or (self.cycle and not self.cycle.response_complete):
            return False
        asked, dates = dict(self.headers), self.server_state.default_headers
        if len(asked) != len(self.headers) or not dates or not self._plain(asked):
            return False
        variant, status = found.chosen(asked, found.modified)
        method = self.parser.get_method().decode()
        body = variant.body if status == 200 and method == "GET" else b""
        # of a file of this very second the date must be held back, and a large one goes piece by piece
        if found.modified >= int(self._files.clock()) or body is None or len(body) > AT_ONCE:
            return False
        if dates is not self._dates:
            self._dates = dates
            self._openings = {each: opening(each, dates[0][1]) for each in variant.wire}
        self.transport.writelines((self._openings[status] + variant.wire[status], body))
        self._files.count(found, method, asked)
        return True

    def _plain(self, asked: Mapping[bytes, bytes]) -> bool:
        """Whether it is a GET or HEAD of HTTP/1.1 with nothing behind it but the next request."""
        parser = self.parser
        return (
            b"host" in asked
            and _UNUSUAL.isdisjoint(asked)
            and parser.get_method() in _METHODS
            and parser.should_keep_alive()
            and (b"connection" not in asked or parser.get_http_version() == "1.1")
        )

    def on_body(self, body: bytes) -> None:
        """A piece of a request's body."""
        self._quiet = self._idle_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request has been read."""
        self._reading, self._quiet = False, 0
        if not self._answered:
            super().on_message_complete()

    def _unsupported_upgrade_warning(self) -> None:
        """Some programs offer HTTP/2 with every request (h2c), and take HTTP/1.1 for an answer."""

    def resume_writing(self) -> None:
        """The reader has taken most of what was sent."""
        self._quiet = self._unsent = 0
        super().resume_writing()

    def sweep(self, crowded: bool) -> None:
        """Called once a second: a connection on which nothing moves is ended, sooner where it is crowded."""
        unsent = self.transport.get_write_buffer_size()
        if self._unsent - unsent >= _LITTLE or (self._unsent and not unsent):
            self._quiet, self._unsent = 0, unsent
        self._unsent = max(self._unsent, unsent)
        self._quiet += 1
        if unsent:
            if self._quiet > READING:
                self.transport.abort()
        elif self._quiet > self._patience() / (_HURRY if crowded else 1):
            self.transport.close()

    def _patience(self) -> float:
        if self.flow.read_paused or (not self._reading and self.cycle and not self.cycle.response_complete):
            return inf
        return ASKING if self._reading else RESTING
