"""An SMTP server that keeps every message it was handed in full, and answers as it is told."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

FINE = "250 2.0.0 kept"


@dataclass
class Sink:
    """`kept` holds (recipient, message, monotonic time) of each final dot, before it is answered.

    `answer(recipient)` is the reply to the dot, or empty to hang up; `rcpt(recipient)` that to RCPT;
    `greeting` the first line, `offers` what EHLO is answered with. `delay` seconds pass between the dot and
    its answer.
    """

    answer: Callable[[str], str] = lambda recipient: FINE
    rcpt: Callable[[str], str] = lambda recipient: "250 2.1.5 fine"
    greeting: str = "220 here"
    offers: tuple[str, ...] = ()
    delay: float = 0.0
    kept: list[tuple[str, bytes, float]] = field(default_factory=list)
    sessions: int = 0

    def __enter__(self) -> Sink:
        sink = self

        class Session(socketserver.StreamRequestHandler):
            disable_nagle_algorithm = True
            wbufsize = -1

            def handle(self) -> None:
                with contextlib.suppress(OSError):
                    sink._session(self)

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True
            request_queue_size = 128

        self._server = Server(("127.0.0.1", 0), Session)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def recipients(self) -> list[str]:
        return [recipient for recipient, _, _ in self.kept]

    def copies(self, recipient: str) -> list[bytes]:
        return [message for r, message, _ in self.kept if r == recipient]

    def wait_for(self, count: int, seconds: float = 20) -> None:
        """Until so many messages were handed over."""
        until = time.monotonic() + seconds
        while len(self.kept) < count:
            assert time.monotonic() < until, f"only {len(self.kept)} of {count} messages came"
            time.sleep(0.002)

    def _session(self, session: Any) -> None:
        self.sessions += 1

        def say(line: str) -> None:
            session.wfile.write(line.encode() + b"\r\n")
            session.wfile.flush()

        say(self.greeting)
        if not self.greeting.startswith("2"):
            return
        recipient = ""
        for line in session.rfile:
            verb = line[:4].upper()
            if verb == b"RCPT":
                recipient = line.decode().split("<")[1].split(">")[0]
                say(self.rcpt(recipient))
            elif verb == b"DATA":
                say("354 go")
                if not self._message(session, recipient, say):
                    return
            elif verb == b"EHLO":
                lines = ["here", *self.offers]
                for number, offer in enumerate(lines, 1):
                    say(f"250{' ' if number == len(lines) else '-'}{offer}")
            elif verb == b"QUIT":
                say("221 bye")
                return
            else:
                say("250 fine")

    def _message(self, session: Any, recipient: str, say: Callable[[str], None]) -> bool:
        """Read one, keep it, answer it; False when the session ends with it."""
        lines = []
        for line in session.rfile:
            if line == b".\r\n":
                break
            lines.append(line)
        else:
            return False
        self.kept.append((recipient, b"".join(lines), time.monotonic()))
        if self.delay:
            time.sleep(self.delay)
        if answer := self.answer(recipient):
            say(answer)
        return bool(answer)


def free_port() -> int:
    """A port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
