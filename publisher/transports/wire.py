"""A session's socket: bytes handed to the system, and the server's replies (RFC 5321 section 4.2)."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable
from socket import socket
from typing import TypeVar

from publisher.transports.hub import READ, WRITE, ready

_LONGEST_REPLY = 65_536
_RECORD = 16_384  # the largest TLS record (RFC 8446 section 5.1)
_CODES = {b"%d" % code: code for code in range(200, 600)}
_ENDS = (b" ", b"\r", b"")
Given = TypeVar("Given")
Result = TypeVar("Result")


class Lost(OSError):
    """The session cannot go on: closed, or no longer SMTP."""


class Cut(Lost):
    """Not everything could be handed to the system: only the first `sent` bytes, or fewer, will arrive."""

    def __init__(self, sent: int, error: OSError) -> None:
        super().__init__(reason(error))
        self.sent = sent


class Wire:
    """Both directions of one socket. Not for several threads at once.

    Where it would block, it waits with `ready`, so that others in its hub go on.
    """

    def __init__(self, connection: socket) -> None:
        connection.setblocking(False)
        self._socket = connection
        self._encrypted = isinstance(connection, ssl.SSLSocket)
        self._unread, self._at = b"", 0

    def push(self, content: bytes, tail: bytes, timeout: float) -> None:
        """Hand both to the system, at best in one write. Raises Cut; `timeout` is for each write."""
        sent = 0
        try:
            if not self._encrypted:
                sent = self._patiently(self._socket.sendmsg, (content, tail), WRITE, timeout)
                if sent == len(content) + len(tail):
                    return
            # a record that was cut cannot be read, so that a record's bytes count as sent all or none
            rest = memoryview(content + tail)
            while sent < len(rest):
                sent += self._patiently(self._socket.send, rest[sent : sent + _RECORD], WRITE, timeout)
        except OSError as error:
            raise Cut(sent, error) from None

    def reply(self, timeout: float) -> tuple[int, bytes]:
        """The next reply, its lines joined by spaces; all of it within `timeout` seconds. Raises OSError."""
        deadline, room, texts = 0.0, _LONGEST_REPLY, b""
        while True:
            while (end := self._unread.find(b"\n", self._at)) < 0:
                if len(self._unread) - self._at > room:
                    raise Lost("the server's answer has no end")
                now = time.monotonic()
                deadline = deadline or now + timeout
                self._receive(deadline - now)
            line, self._at = self._unread[self._at : end], end + 1
            room -= len(line) + 1
            code, mark = _CODES.get(line[:3]), line[3:4]
            if code is None or room < 0 or not (mark == b"-" or mark in _ENDS):
                raise Lost(f"the server's answer is not SMTP: {line[:80]!r}")
            text = line[4:].strip()
            if mark != b"-":
                return code, texts + text
            texts += text + b" "

    def silent(self) -> bool:
        """Whether the session is open, and the server has said nothing that was not asked for."""
        if self.unread:
            return False
        try:
            received = self._socket.recv(4096)
        except (BlockingIOError, ssl.SSLWantReadError):
            return True
        except OSError:
            return False
        self._unread, self._at = received, 0
        return False

    @property
    def unread(self) -> bool:
        """Whether the server has said more than was read."""
        return self._at < len(self._unread)

    def close(self) -> None:
        """Close the socket; what was not handed over is dropped."""
        self._socket.close()

    def _receive(self, seconds: float) -> None:
        # a reply is seldom there already; what TLS has read ahead nobody else can see
        if not self._encrypted and not ready(self._socket, READ, max(seconds, 0.001)):
            raise TimeoutError
        received = self._patiently(self._socket.recv, 4096, READ, seconds)
        if not received:
            raise Lost("the server closed the connection")
        self._unread, self._at = self._unread[self._at :] + received, 0

    def _patiently(self, act: Callable[[Given], Result], what: Given, event: int, seconds: float) -> Result:
        """Do it as soon as the socket is ready for it. Raises OSError."""
        until = 0.0
        while True:
            try:
                return act(what)
            except ssl.SSLWantReadError:
                wanted = READ
            except ssl.SSLWantWriteError:
                wanted = WRITE
            except BlockingIOError:
                wanted = event
            now = time.monotonic()
            until = until or now + max(seconds, 0.001)
            if not ready(self._socket, wanted, max(until - now, 0.0)):
                raise TimeoutError


def reason(error: OSError) -> str:
    """Why a session was lost, for people."""
    if isinstance(error, TimeoutError):
        return "the server did not answer in time"
    return error.strerror or str(error) or type(error).__name__
