"""Whatever a server does, and when: nobody is lost, nobody twice, and `sent` is only what was accepted."""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))

from mail_servers import MESSAGE, Ledger, outgoing

from publisher.config.mail import Smtp
from publisher.errors import OutcomeUnknown, Unavailable
from publisher.model.mail import Outgoing, Receipt
from publisher.transports.servers import Server
from publisher.transports.smtp import SmtpTransport

TRUST = ssl.create_default_context()
FINE = {"mail": "250 fine", "rcpt": "250 fine", "rset": "250 fine", "data": "354 go", "dot": "250 kept"}
FAULTS = ["", "drop", "421 full, then closed", "451 later", "550 no", "hello", "250-two\r\n250 lines"]
AT_THE_DOT = ["kept, then drop", "250 kept, then closed"]


class Judge:
    """A server that does as it is told, one word for each command, and fine from then on; it keeps a book."""

    def __init__(self) -> None:
        self.book: list[int] = []
        self.answered: set[int] = set()
        self.bodies: dict[int, bytes] = {}
        self.orders: Iterator[str] = iter(())
        self.pipelining = self.lenient = self.drip = False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def begin(self, orders: list[str], *, pipelining: bool, lenient: bool, drip: bool) -> None:
        self.book, self.answered, self.bodies = [], set(), {}
        self.orders = iter(orders)
        self.pipelining, self.lenient, self.drip = pipelining, lenient, drip

    def stop(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join(10)
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection, contextlib.suppress(OSError), connection.makefile("rb") as reader:
                connection.settimeout(10)
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._say(connection, "220 here")
                self._session(connection, reader)

    def _session(self, connection: socket.socket, reader: Any) -> None:
        begun = valid = False
        for line in reader:
            verb = line[:4].decode("latin-1").strip().lower()
            if verb == "ehlo":
                self._say(connection, "250-here\r\n250 PIPELINING" if self.pipelining else "250 here")
                continue
            if verb == "quit":
                return
            answer = FINE[verb]
            if verb == "mail" and begun:
                answer = "503 nested MAIL"
            elif verb == "rcpt" and not begun:
                answer = "503 MAIL first"
            elif verb == "data" and not valid and not (begun and self.lenient):
                answer = "503 no valid recipients"
            else:
                answer = self._ordered(verb)
            if not self._say(connection, answer):
                return
            begun = (begun and verb != "rset") or (verb == "mail" and answer[0] == "2")
            valid = begun and (valid or (verb == "rcpt" and answer[0] == "2"))
            if answer[0] == "3":
                if not self._body(connection, reader, valid):
                    return
                begun = valid = False

    def _ordered(self, verb: str) -> str:
        order = next(self.orders, "")
        if order.startswith("250-"):
            return order if verb not in ("data", "dot") else FINE[verb]
        return FINE[verb] if not order or (verb == "rset" and order[0] in "45") else order

    def _body(self, connection: socket.socket, reader: Any, valid: bool) -> bool:
        lines: list[bytes] = []
        while (line := reader.readline()) not in (b"", b".\r\n"):
            lines.append(line)
        if not line:
            return False
        body = b"".join(lines)
        number = re.search(rb"^number (\d+)\r\n", body, re.MULTILINE)
        key = int(number[1]) if number else -1
        assert number or not valid
        order = next(self.orders, "") or FINE["dot"]
        if valid and ("kept" in order or order.startswith("250")):
            self.book.append(key)
            self.bodies[key] = body
        # of its last try: after a 421 there may be another
        (self.answered.add if order[0] in "2345" else self.answered.discard)(key)
        return self._say(connection, order)

    def _say(self, connection: socket.socket, answer: str) -> bool:
        if answer in ("drop", "kept, then drop"):
            return False
        content = answer.encode() + b"\r\n"
        for part in [content[i : i + 1] for i in range(len(content))] if self.drip else [content]:
            connection.sendall(part)
        if answer.endswith("then closed"):
            _leave_politely(connection)
            return False
        return True


def _leave_politely(connection: socket.socket) -> None:
    """Close so that the answer arrives: a close with something unread would take it back (a reset)."""
    connection.shutdown(socket.SHUT_WR)
    while connection.recv(65536):
        pass


KEYS = range(5)
ORDERS = st.lists(st.sampled_from(FAULTS * 2 + AT_THE_DOT + [""] * 12), max_size=40)
SOME = st.frozensets(st.sampled_from(KEYS), max_size=2)


def letters() -> list[Outgoing]:
    return [outgoing(key, MESSAGE + b"number %d\r\n" % key) for key in KEYS]


def test_whatever_a_server_does() -> None:
    judge = Judge()
    smtp = {"host": "127.0.0.1", "port": judge.port, "security": "none", "timeout": "30s"}

    @settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(ORDERS, SOME, SOME, st.booleans(), st.booleans(), st.booleans())
    def judged(
        orders: list[str],
        refused: frozenset[int],
        late: frozenset[int],
        pipelining: bool,
        lenient: bool,
        drip: bool,
    ) -> None:
        judge.begin(orders, pipelining=pipelining, lenient=lenient, drip=drip)
        transport = SmtpTransport([Server(Smtp.model_validate(smtp), "", TRUST)], dot_timeout=30.0)
        ledger = Ledger(*letters(), refused=refused, late=late)
        rests = 0
        while ledger.waiting:
            with contextlib.suppress(Unavailable):
                transport.drain(ledger)
            rests += 1
            assert rests <= len(orders) + 1
        outcomes = dict(zip([k for k in ledger.taken if k not in refused], ledger.outcomes, strict=True))
        assert set(outcomes) == set(KEYS) - refused
        assert judge.book == sorted(set(judge.book))
        assert {k for k, o in outcomes.items() if isinstance(o, Receipt)} <= set(judge.book)
        unknown = {k for k, o in outcomes.items() if isinstance(o, OutcomeUnknown)}
        assert set(judge.book) <= {k for k, o in outcomes.items() if isinstance(o, Receipt)} | unknown
        assert not unknown & judge.answered
        assert all(judge.bodies[o.key] == o.message for o in letters() if o.key in judge.book)

    try:
        judged()
    finally:
        judge.stop()
