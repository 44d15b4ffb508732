"""Rule 21: another server only where nothing can have been accepted; who was unavailable rests."""

from __future__ import annotations

import contextlib
import socket
import ssl
import sys
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from mail_servers import BIG, CLOSE, MESSAGE, OFFERS, Ledger, ScriptedServer, outgoing

from publisher import retries
from publisher.config.mail import Smtp
from publisher.errors import OutcomeUnknown, TemporaryFailure, TransportError, Unavailable
from publisher.model.mail import Receipt
from publisher.transports.servers import Server
from publisher.transports.smtp import SmtpTransport

TRUST = ssl.create_default_context()
PIPELINED = {"ehlo": OFFERS["pipelined"]}
KEPT = Receipt(250, "2.0.0 kept")


def transport(*ports: int, **keys: Any) -> SmtpTransport:
    usual = {"host": "127.0.0.1", "security": "none", "timeout": "5s"} | keys
    return SmtpTransport([Server(Smtp.model_validate(usual | {"port": p}), "", TRUST) for p in ports])


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def two(*first: dict[str, Any]) -> Iterator[tuple[ScriptedServer, ScriptedServer]]:
    """A server with a script for each session, and one that takes everything."""
    with ScriptedServer(*(PIPELINED | script for script in first)) as a, ScriptedServer(PIPELINED) as b:
        yield a, b


@pytest.mark.parametrize(
    ("script", "sessions"),
    [
        ({"greeting": b"421 4.3.2 too busy\r\n"}, 1),
        ({"greeting": CLOSE}, 1),
        ({"ehlo": b"421 4.3.2 too busy\r\n"}, 1),
        ({"mail": b"530 5.7.0 authentication required\r\n"}, 1),
        ({"mail": b"421 4.7.0 slow down\r\n"}, 2),
        ({"rcpt": CLOSE}, 2),
        ({"body": CLOSE}, 2),
        ({"dot": b"421 4.7.0 slow down\r\n"}, 2),
    ],
)
def test_another_server_where_nothing_was_accepted(script: dict[str, Any], sessions: int) -> None:
    letters = [outgoing(1, BIG), outgoing(2)]
    with two(*[script] * sessions) as (a, b):
        ledger = Ledger(*letters)
        transport(a.port, b.port).drain(ledger)
    assert (ledger.outcomes, len(b.messages), len(a.commands)) == ([KEPT, KEPT], 2, sessions)


@pytest.mark.parametrize("phase", ["mail", "rcpt", "data", "dot"])
@pytest.mark.parametrize("code", ["451", "454"])
def test_a_temporary_refusal_is_not_taken_elsewhere(phase: str, code: str) -> None:
    with two({phase: [f"{code} 4.7.1 later\r\n".encode()]}) as (a, b):
        ledger = Ledger(outgoing(1), outgoing(2))
        transport(a.port, b.port).drain(ledger)
    assert isinstance(ledger.outcomes[0], TemporaryFailure)
    assert (ledger.outcomes[1], b.commands) == (KEPT, [])


def test_after_the_dot_never_another_server() -> None:
    with two({"dot": CLOSE}, {"greeting": CLOSE}) as (a, b):
        ledger = Ledger(*(outgoing(n, MESSAGE + b"%d\r\n" % n) for n in range(3)))
        transport(a.port, b.port).drain(ledger)
    assert isinstance(ledger.outcomes[0], OutcomeUnknown)
    assert ledger.outcomes[1:] == [KEPT, KEPT]
    assert b.messages == [MESSAGE + b"1\r\n", MESSAGE + b"2\r\n"]


def test_when_no_server_is_left_each_is_named_and_nothing_is_taken() -> None:
    first, second, ledger = closed_port(), closed_port(), Ledger(outgoing(1))
    with pytest.raises(Unavailable, match=rf":{first} cannot be reached.*; 127.0.0.1:{second} cannot"):
        transport(first, second).drain(ledger)
    assert ledger.taken == []


def test_a_message_that_no_server_survives_is_deferred_and_does_not_come_first_for_ever() -> None:
    hanging_up = [PIPELINED | {"rcpt": CLOSE}] * 2
    with ScriptedServer(*hanging_up) as a, ScriptedServer(*hanging_up) as b:
        ledger = Ledger(outgoing(1), outgoing(2))
        with pytest.raises(Unavailable):
            transport(a.port, b.port).drain(ledger)
    (outcome,) = ledger.outcomes
    assert isinstance(outcome, TemporaryFailure)
    assert (outcome.phase, len(ledger.waiting)) == ("rcpt", 1)


def test_who_rests_is_left_alone_by_all_threads_and_then_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retries, "backoff", lambda failures: timedelta(seconds=0.4))
    busy = {"greeting": b"421 4.3.2 too busy\r\n"}
    with ScriptedServer(busy, {}) as a, ScriptedServer(*[{}] * 3) as b:
        shared = transport(a.port, b.port)
        begun = time.monotonic()
        for _ in range(2):
            shared.drain(Ledger(outgoing(1)))
        assert (len(a.commands), len(b.messages)) == (1, 2)
        waiting = Patient(0.5 - (time.monotonic() - begun), outgoing(2), outgoing(3))
        shared.drain(waiting)
    assert waiting.outcomes == [KEPT, KEPT]
    assert (len(b.messages), len(a.messages)) == (3, 1)


class Patient(Ledger):
    """Its second message comes only after some seconds."""

    def __init__(self, seconds: float, *waiting: Any) -> None:
        super().__init__(*waiting, late={3})
        self.seconds = seconds

    def take(self, wait: bool = True) -> Any:
        if wait and self.taken:
            time.sleep(self.seconds)
        return super().take(wait)


def test_a_rest_grows_once_for_all_that_find_out_together(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def backoff(failures: int) -> timedelta:
        asked.append(failures)
        return timedelta(seconds=9)

    monkeypatch.setattr(retries, "backoff", backoff)
    shared = transport(closed_port())

    def drain() -> None:
        with contextlib.suppress(Unavailable):
            shared.drain(Ledger(outgoing(1)))

    threads = [threading.Thread(target=drain) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert asked == [1]


def test_the_limit_of_the_server_in_use_is_kept() -> None:
    with ScriptedServer({}) as b:
        smtps = [
            Smtp.model_validate(
                {"host": "127.0.0.1", "port": port, "security": "none", "connections": connections}
            )
            for port, connections in [(closed_port(), 7), (b.port, 1)]
        ]
        shared = SmtpTransport([Server(smtp, "", TRUST) for smtp in smtps])
        assert shared.connections == 7

        class Nested(Ledger):
            """Asks for a second session while the first is in use."""

            refusal: TransportError | None = None

            def settle(self, *arguments: Any) -> None:
                super().settle(*arguments)
                try:
                    shared.drain(Ledger(outgoing(2)))
                except Unavailable as error:
                    self.refusal = error

        ledger = Nested(outgoing(1))
        shared.drain(ledger)
        assert (ledger.outcomes, shared.connections) == ([KEPT], 1)
        assert ledger.refusal is not None
        assert ledger.refusal.phase == "connect"
