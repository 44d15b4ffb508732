"""One message at a time over an open session (RFC 5321 section 3.3), every failure with its phase."""

from __future__ import annotations

import re
import ssl
import time
from collections.abc import Mapping
from socket import socket

from publisher.errors import (
    OutcomeUnknown,
    PermanentFailure,
    Phase,
    TemporaryFailure,
    TransportError,
    Unavailable,
)
from publisher.model.mail import Outgoing, Receipt
from publisher.transports.envelopes import check_envelope, check_message

DOT_TIMEOUT = 600.0  # RFC 5321 section 4.5.3.2.6

_QUIT_TIMEOUT = 5.0
_LONGEST_REPLY = 65_536
_REPLY = re.compile(rb"([2-5]\d\d)(?:([ -])(.*))?", re.DOTALL)
_SIGN_IN = {530, 534, 535, 538}
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")


class _Lost(OSError):
    """The session cannot go on: closed, or no longer SMTP."""


class Exchange:
    """The client's side of one session. Not for several threads at once."""

    def __init__(
        self,
        connection: socket,
        extensions: Mapping[str, str],
        *,
        timeout: float,
        dot_timeout: float = DOT_TIMEOUT,
    ) -> None:
        self._socket, self._extensions = connection, extensions
        self._timeout, self._dot_timeout = timeout, dot_timeout
        self._unread = bytearray()
        self._open = True

    def send(self, outgoing: Outgoing) -> Receipt:
        """Hand one message over. The session is good for another one unless `alive` says no.

        Raises TemporaryFailure and PermanentFailure as the server answers; Unavailable when it said 421,
        asked to sign in, or was lost before the final dot was handed to the system; OutcomeUnknown if after.
        """
        check_envelope(outgoing.envelope)
        check_message(outgoing.message)
        self._command(
            "mail", b"MAIL FROM:<%b>%b" % (_wire(outgoing.envelope.sender), self._options(outgoing))
        )
        self._command("rcpt", b"RCPT TO:<%b>" % _wire(outgoing.envelope.recipient))
        self._command("data", b"DATA", expected=3)
        return self._body(_stuffed(outgoing.message))

    def alive(self) -> bool:
        """Whether the session waits for a command: one that closed, or spoke unasked, does not."""
        if not self._open or self._unread:
            return False
        self._socket.settimeout(0)
        try:
            self._socket.recv(1)
        except (BlockingIOError, ssl.SSLWantReadError):
            return True
        except OSError:
            pass
        self._open = False
        return False

    def close(self) -> None:
        """Say QUIT if the session is in order, and close it in any case."""
        if self._open:
            self._open = False
            try:
                self._push(b"QUIT\r\n", _QUIT_TIMEOUT)
                self._reply(_QUIT_TIMEOUT)
            except OSError:
                pass
        self._socket.close()

    def _options(self, outgoing: Outgoing) -> bytes:
        options = b" SIZE=%d" % len(outgoing.message) if "size" in self._extensions else b""
        if outgoing.message.isascii():
            return options
        if "8bitmime" not in self._extensions:
            raise PermanentFailure(0, "the message is 8-bit, and the server takes 7-bit only", "mail")
        return options + b" BODY=8BITMIME"

    def _command(self, phase: Phase, line: bytes, *, expected: int = 2) -> None:
        try:
            self._push(line + b"\r\n", self._timeout)
            reply = self._reply(self._timeout)
        except OSError as error:
            self._open = False
            raise Unavailable(0, _reason(error), phase) from None
        if reply.code // 100 != expected:
            raise self._failure(reply, phase)

    def _body(self, message: bytes) -> Receipt:
        handed = False
        try:
            self._push(message, self._timeout)
            handed = True
            reply = self._reply(self._dot_timeout)
        except OSError as error:
            self._open = False
            if handed:
                raise OutcomeUnknown(0, _reason(error), "dot") from None
            raise Unavailable(0, _reason(error), "body") from None
        if reply.code // 100 != 2:
            raise self._failure(reply, "dot")
        return reply

    def _failure(self, reply: Receipt, phase: Phase) -> TransportError:
        """What a refusal means, the session ready for the next message or closed."""
        code, text = reply.code, reply.text
        if code == 421 or code in _SIGN_IN:
            self._open = False
            return Unavailable(code, text, phase)
        if code < 400:
            self._open = False
            lost = OutcomeUnknown if phase == "dot" else Unavailable
            return lost(code, f"an answer out of turn: {text}", phase)
        if phase in ("rcpt", "data"):
            self._reset()
        return (TemporaryFailure if code < 500 else PermanentFailure)(code, text, phase)

    def _reset(self) -> None:
        try:
            self._push(b"RSET\r\n", self._timeout)
            self._open = self._reply(self._timeout).code == 250
        except OSError:
            self._open = False

    def _push(self, content: bytes, timeout: float) -> None:
        """Hand bytes to the system. An OSError means that the last of them were not handed over."""
        self._socket.settimeout(timeout)
        view = memoryview(content)
        while view:
            view = view[self._socket.send(view) :]

    def _reply(self, timeout: float) -> Receipt:
        """The server's next reply, its lines joined by spaces; all of it within `timeout` seconds."""
        deadline = time.monotonic() + timeout
        texts: list[bytes] = []
        room = _LONGEST_REPLY
        while True:
            line = self._line(deadline, room)
            found = _REPLY.fullmatch(line)
            if not found:
                raise _Lost(f"the server's answer is not SMTP: {line[:80]!r}")
            texts.append((found[3] or b"").strip())
            room -= len(line)
            if found[2] != b"-":
                return Receipt(int(found[1]), _CONTROL.sub(" ", b" ".join(texts).decode("utf-8", "replace")))

    def _line(self, deadline: float, room: int) -> bytes:
        while (end := self._unread.find(b"\n")) < 0:
            if len(self._unread) > room:
                raise _Lost("the server's answer has no end")
            self._socket.settimeout(max(deadline - time.monotonic(), 0.001))
            received = self._socket.recv(4096)
            if not received:
                raise _Lost("the server closed the connection")
            self._unread += received
        line = bytes(self._unread[:end]).rstrip(b"\r")
        del self._unread[: end + 1]
        return line


def _wire(address: str) -> bytes:
    return address.encode("ascii")


def _stuffed(message: bytes) -> bytes:
    """The message with dots stuffed (RFC 5321 section 4.5.2) and the final dot behind it."""
    if message.startswith(b"."):
        message = b"." + message
    if b"\r\n." in message:
        message = message.replace(b"\r\n.", b"\r\n..")
    return message + (b".\r\n" if message.endswith(b"\r\n") else b"\r\n.\r\n")


def _reason(error: OSError) -> str:
    if isinstance(error, TimeoutError):
        return "the server did not answer in time"
    return error.strerror or str(error) or type(error).__name__
