"""What the tests of transports send, and where to: aiosmtpd, and a server that follows a script."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Collection, Iterator
from typing import Any

from aiosmtpd.controller import Controller

from publisher.model.mail import Envelope, Outcome, Outgoing

MESSAGE = b"From: daily@courier.example\r\nTo: ada@example.org\r\nSubject: News\r\n\r\nThe ferry is late.\r\n"

# more than the system takes for a peer that does not read
BIG = MESSAGE + (b"x" * 990 + b"\r\n") * 12_500


def outgoing(key: int = 1, message: bytes = MESSAGE, recipient: str = "ada@example.org") -> Outgoing:
    return Outgoing(key, Envelope("bounces+abc@courier.example", recipient), message)


class Ledger:
    """The ledger's side of a drain, in memory: fails where a transport breaks the protocol of Work.

    The starts of `refused` are refused; those of `late` have not come when they are not waited for.
    """

    def __init__(self, *waiting: Outgoing, refused: Collection[int] = (), late: Collection[int] = ()) -> None:
        self.waiting = list(waiting)
        self.refused, self.late = refused, late
        self.taken: list[int] = []
        self.cleared: list[int] = []
        self.under_way: list[int] = []
        self.settled: list[tuple[int, Outcome]] = []

    def take(self, wait: bool = True) -> Outgoing | None:
        assert len(self.under_way) < 2
        if not self.waiting or (not wait and self.waiting[0].key in self.late):
            return None
        self.taken.append(self.waiting[0].key)
        self.under_way.append(self.waiting[0].key)
        return self.waiting.pop(0)

    def may_leave(self, outgoing: Outgoing) -> bool:
        assert outgoing.key in self.under_way
        assert outgoing.key not in self.cleared
        if outgoing.key in self.refused:
            self.under_way.remove(outgoing.key)
            return False
        self.cleared.append(outgoing.key)
        return True

    def settle(self, outgoing: Outgoing, outcome: Outcome) -> None:
        assert outgoing.key in self.cleared
        self.under_way.remove(outgoing.key)
        self.settled.append((outgoing.key, outcome))

    @property
    def outcomes(self) -> list[Outcome]:
        assert self.under_way == []
        assert [key for key in self.taken if key not in self.refused] == [key for key, _ in self.settled]
        return [outcome for _, outcome in self.settled]


class Collector:
    """Keeps what a real server was handed."""

    def __init__(self) -> None:
        self.envelopes: list[Any] = []
        self.sessions: set[int] = set()
        self.signed_in: list[bool] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.envelopes.append(envelope)
        self.sessions.add(id(session))
        self.signed_in.append(session.authenticated)
        return "250 2.0.0 kept"


@contextlib.contextmanager
def real_server(handler: Collector, **options: Any) -> Iterator[int]:
    """aiosmtpd in a thread; gives its port."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    controller = Controller(handler, hostname="127.0.0.1", port=port, **options)
    controller.start()
    try:
        yield port
    finally:
        controller.stop()


CLOSE, HANG = object(), object()
OFFERS = {
    "in lock-step": b"250-here\r\n250-SIZE 100000000\r\n250 8BITMIME\r\n",
    "pipelined": b"250-here\r\n250-PIPELINING\r\n250-SIZE 100000000\r\n250 8BITMIME\r\n",
}
ANSWERS: dict[str, Any] = {
    "greeting": b"220 here\r\n",
    "ehlo": OFFERS["in lock-step"],
    "mail": b"250 2.1.0 fine\r\n",
    "rcpt": b"250 2.1.5 fine\r\n",
    "data": b"354 go\r\n",
    "nobody": b"503 5.5.1 no valid recipients\r\n",
    "dot": b"250 2.0.0 kept\r\n",
    "rset": b"250 2.0.0 fine\r\n",
    "quit": b"221 bye\r\n",
}


class ScriptedServer:
    """Answers each session by its script: bytes, CLOSE, HANG, or a list with an answer for each occasion.

    `drip` sends answers byte by byte; `tls` is started after STARTTLS. What was said is kept as `commands`,
    one list per session, and `messages`. DATA without a recipient is refused, unless the script answers it.
    """

    def __init__(
        self, *scripts: dict[str, Any], drip: bool = False, tls: ssl.SSLContext | None = None
    ) -> None:
        self.scripts = list(scripts)
        self.drip, self.tls = drip, tls
        self.commands: list[list[bytes]] = []
        self.messages: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> ScriptedServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        # one session more than were scripted would be a fault: the listener ends with the last script
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(10)
        assert not self._thread.is_alive()

    def _serve(self) -> None:
        for script in self.scripts:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection, contextlib.suppress(OSError):
                connection.settimeout(10)
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._session(
                    connection, {k: list(v) if isinstance(v, list) else v for k, v in script.items()}
                )
        self._listener.close()

    def _session(self, connection: socket.socket, script: dict[str, Any]) -> None:
        said: list[bytes] = []
        self.commands.append(said)
        if self._answer(connection, script, "greeting") is None:
            return
        self._commands(connection, script, said)

    def _inside(self, connection: socket.socket, script: dict[str, Any], said: list[bytes]) -> None:
        assert self.tls
        with self.tls.wrap_socket(connection, server_side=True) as encrypted:
            self._commands(encrypted, script, said)

    def _commands(self, connection: socket.socket, script: dict[str, Any], said: list[bytes]) -> None:
        with connection.makefile("rb") as reader:
            begun = valid = False
            for line in reader:
                said.append(line.rstrip(b"\r\n"))
                verb = line[:4].decode().strip().lower()
                missing = {"rcpt": not begun, "data": not valid and "data" not in script}
                answer = self._answer(connection, script, "nobody" if missing.get(verb) else verb)
                good = answer is not None and answer[:1] in (b"2", b"3")
                begun, valid = good and verb in ("mail", "rcpt"), good and verb == "rcpt"
                if answer is None or verb == "quit":
                    return
                if verb == "star" and self.tls:
                    self._inside(connection, script, said)
                    return
                if verb == "data" and answer.startswith(b"3"):
                    if (early := script.get("body")) is not None:
                        connection.sendall(b"" if early is CLOSE else reader.read(1) and early)
                        return
                    lines: list[bytes] = []
                    while (line := reader.readline()) not in (b"", b".\r\n"):
                        lines.append(line)
                    if not line:
                        return
                    self.messages.append(b"".join(lines))
                    if self._answer(connection, script, "dot") is None:
                        return

    def _answer(self, connection: socket.socket, script: dict[str, Any], occasion: str) -> bytes | None:
        """What was said; None where the session ends with it."""
        answer = script.get(occasion, ANSWERS.get(occasion, b"502 what\r\n"))
        if isinstance(answer, list):
            answer = answer.pop(0) if answer else ANSWERS[occasion]
        if answer is HANG:
            while connection.recv(4096):
                pass
        if answer in (CLOSE, HANG):
            return None
        for part in [answer[i : i + 1] for i in range(len(answer))] if self.drip else [answer]:
            connection.sendall(part)
            if self.drip:
                time.sleep(0.001)
        return None if answer.startswith(b"421") or answer.endswith(b"then closed\r\n") else bytes(answer)


class BatchServer:
    """Reads what has come, answers it in one write, and reads again: `batches` are the round trips."""

    def __init__(self, ehlo: bytes) -> None:
        self.ehlo = ehlo
        self.batches: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> BatchServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.join(10)
        self._listener.close()
        assert not self._thread.is_alive()

    def _serve(self) -> None:
        self._listener.settimeout(10)
        connection, _ = self._listener.accept()
        with connection:
            connection.settimeout(10)
            connection.sendall(ANSWERS["greeting"])
            body = False
            while batch := connection.recv(65_536):
                self.batches.append(batch)
                answers = b""
                for line in batch.splitlines(keepends=True):
                    verb = line[:4].decode().strip().lower()
                    if body:
                        body = line != b".\r\n"
                        answers += b"" if body else ANSWERS["dot"]
                    else:
                        answers += self.ehlo if verb == "ehlo" else ANSWERS[verb]
                        body = verb == "data"
                connection.sendall(answers)
