"""Every fault of a server, at every phase, over a real socket: what it becomes; nothing is lost."""

from __future__ import annotations

import socket
import ssl
import sys
import time
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from mail_servers import ANSWERS, BIG, CLOSE, HANG, MESSAGE, OFFERS, Ledger, ScriptedServer, outgoing

from publisher.config.mail import Smtp
from publisher.errors import OutcomeUnknown, PermanentFailure, TemporaryFailure, TransportError, Unavailable
from publisher.model.mail import Envelope, Outcome, Outgoing, Receipt
from publisher.transports.servers import Server
from publisher.transports.smtp import SmtpTransport

KEPT = Receipt(250, "2.0.0 kept")
TRUST = ssl.create_default_context()


@pytest.fixture(params=OFFERS, autouse=True)
def pipelined(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Every fault happens to both kinds of exchange."""
    monkeypatch.setitem(ANSWERS, "ehlo", OFFERS[request.param])
    return bool(request.param == "pipelined")


def transport(*ports: int, dot_timeout: float = 5.0, timeout: str = "5s") -> SmtpTransport:
    usual = {"host": "127.0.0.1", "security": "none", "timeout": timeout}
    smtps = [Smtp.model_validate({"port": port} | usual) for port in ports]
    return SmtpTransport([Server(smtp, "", TRUST) for smtp in smtps], dot_timeout=dot_timeout)


def drained(server: ScriptedServer, *waiting: Outgoing, **options: Any) -> list[Outcome]:
    ledger = Ledger(*waiting)
    transport(server.port, **options).drain(ledger)
    return ledger.outcomes


def facts(outcome: Outcome) -> tuple[type, int, str, str]:
    assert isinstance(outcome, TransportError)
    return type(outcome), outcome.code, outcome.reply, outcome.phase


@pytest.mark.parametrize("phase", ["mail", "rcpt", "data", "dot"])
@pytest.mark.parametrize(
    ("answer", "kind"),
    [(b"451 4.3.0 try later\r\n", TemporaryFailure), (b"550 5.1.1 no such user\r\n", PermanentFailure)],
)
def test_a_refusal_keeps_its_phase_and_the_session_goes_on(phase: str, answer: bytes, kind: type) -> None:
    with ScriptedServer({phase: [answer]}) as server:
        first, second = drained(server, outgoing(1), outgoing(2))
    assert second == KEPT
    assert facts(first) == (kind, int(answer[:3]), answer[4:].strip().decode(), phase)
    resets = server.commands[0].count(b"RSET")
    assert resets == (1 if phase in ("rcpt", "data") else 0)
    assert len(server.commands) == 1


@pytest.mark.parametrize("phase", ["mail", "rcpt", "data", "dot"])
def test_421_costs_a_session_and_not_the_message(phase: str) -> None:
    with ScriptedServer({phase: b"421 4.3.2 going down\r\n"}, {}) as server:
        assert drained(server, outgoing(1), outgoing(2)) == [KEPT, KEPT]
    assert server.messages[-2:] == [MESSAGE, MESSAGE]


@pytest.mark.parametrize("phase", ["mail", "rcpt", "data", "body"])
def test_a_drop_before_the_dot_costs_a_session_and_not_the_message(phase: str) -> None:
    with ScriptedServer({phase: CLOSE}, {}) as server:
        assert drained(server, outgoing(1, BIG), outgoing(2)) == [KEPT, KEPT]
    assert [len(m) for m in server.messages] == [len(BIG), len(MESSAGE)]


def test_an_answer_that_is_not_smtp_ends_the_session() -> None:
    with ScriptedServer({"data": b"I beg your pardon\r\n"}, {}) as server:
        assert drained(server, outgoing(1)) == [KEPT]


@pytest.mark.parametrize(
    ("answer", "facts_of_it"),
    [
        (b"421 4.7.0 slow down\r\n", (TemporaryFailure, 421, "4.7.0 slow down", "rcpt")),
        (CLOSE, (TemporaryFailure, 0, "the server closed the connection", "rcpt")),
    ],
)
def test_a_session_lost_twice_counts_as_an_attempt_and_the_transport_rests(
    answer: Any, facts_of_it: Any
) -> None:
    ledger = Ledger(outgoing(1), outgoing(2))
    with ScriptedServer({"rcpt": answer}, {"rcpt": answer}) as server, pytest.raises(Unavailable):
        transport(server.port).drain(ledger)
    assert [facts(o) for o in ledger.outcomes] == [facts_of_it]
    assert len(ledger.waiting) == 1


def test_a_server_gone_in_mid_send_costs_no_attempt() -> None:
    ledger = Ledger(outgoing(1), outgoing(2))
    with ScriptedServer({"rcpt": CLOSE}) as server, pytest.raises(Unavailable):
        transport(server.port).drain(ledger)
    kind, code, reply, phase = facts(ledger.outcomes[0])
    assert (kind, code, phase) in [(Unavailable, 0, "connect"), (Unavailable, 0, "greeting")]
    assert f"127.0.0.1:{server.port}" in reply


def test_a_drop_after_the_dot_is_unknown_and_the_next_message_goes_on() -> None:
    with ScriptedServer({"dot": CLOSE}, {}) as server:
        first, second = drained(server, outgoing(1), outgoing(2))
    assert facts(first) == (OutcomeUnknown, 0, "the server closed the connection", "dot")
    assert second == KEPT
    assert server.messages == [MESSAGE, MESSAGE]


def test_silence_after_the_dot_is_unknown() -> None:
    with ScriptedServer({"dot": HANG}, {}) as server:
        first, second = drained(server, outgoing(1), outgoing(2), dot_timeout=0.2)
    assert facts(first) == (OutcomeUnknown, 0, "the server did not answer in time", "dot")
    assert second == KEPT


def test_an_answer_that_is_no_refusal_after_the_dot_is_unknown() -> None:
    with ScriptedServer({"dot": b"354 more\r\n"}, {}) as server:
        (first,) = drained(server, outgoing(1))
    assert facts(first)[0] is OutcomeUnknown


def test_a_close_between_messages_is_no_error() -> None:
    closing = {"dot": b"250 2.0.0 kept, then closed\r\n"}
    with ScriptedServer(closing, closing, {}) as server:
        outcomes = drained(server, *(outgoing(n) for n in range(3)))
    assert [o.code for o in outcomes] == [250, 250, 250]
    assert len(server.messages) == len(server.commands) == 3


def test_answers_that_come_byte_by_byte_over_many_lines() -> None:
    script = {
        "ehlo": b"250-a\r\n250-SIZE\r\n250-B\r\n250 c\r\n",
        "dot": b"250-2.0.0 one\n250-2.0.0 two\r\n250\r\n",
    }
    with ScriptedServer(script, drip=True) as server:
        (outcome,) = drained(server, outgoing(1))
    assert outcome == Receipt(250, "2.0.0 one 2.0.0 two ")


def test_a_server_that_drips_for_ever_is_left_in_time() -> None:
    begun = time.monotonic()
    with ScriptedServer({"mail": b"250-" + b"x" * 10_000}, {}, drip=True) as server:
        assert drained(server, outgoing(1), timeout="1s") == [KEPT]
    assert time.monotonic() - begun < 8


def test_an_answer_without_end_is_not_read_for_ever() -> None:
    with ScriptedServer({"mail": b"2" * 100_000}, {"mail": b"250-a\r\n" * 100_000}) as server:
        ledger = Ledger(outgoing(1))
        with pytest.raises(Unavailable):
            transport(server.port).drain(ledger)
    assert isinstance(ledger.outcomes[0], TemporaryFailure)


@pytest.mark.parametrize(
    ("script", "code", "phase"),
    [
        ({"greeting": b"554 5.7.1 not you\r\n"}, 554, "greeting"),
        ({"greeting": b"421 4.3.2 too busy\r\n"}, 421, "greeting"),
        ({"greeting": CLOSE}, 0, "greeting"),
        ({"ehlo": b"421 4.3.2 too busy\r\n"}, 421, "greeting"),
        ({"ehlo": b"550 no\r\n", "helo": b"550 no\r\n"}, 550, "greeting"),
    ],
)
def test_a_server_that_will_not_talk_takes_nothing(script: dict[str, Any], code: int, phase: str) -> None:
    ledger = Ledger(outgoing(1))
    with ScriptedServer(script) as server, pytest.raises(Unavailable) as caught:
        transport(server.port).drain(ledger)
    assert (caught.value.code, caught.value.phase, ledger.taken) == (code, phase, [])


def test_an_unreachable_server_takes_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    ledger = Ledger(outgoing(1))
    with pytest.raises(
        Unavailable, match=f"127.0.0.1:{port} cannot be reached: Connection refused"
    ) as caught:
        transport(port).drain(ledger)
    assert (caught.value.phase, ledger.taken) == ("connect", [])


def test_a_server_that_wants_a_sign_in_bounces_nobody() -> None:
    ledger = Ledger(outgoing(1), outgoing(2))
    with (
        ScriptedServer({"mail": b"530 5.7.0 authentication required\r\n"}) as server,
        pytest.raises(Unavailable),
    ):
        transport(server.port).drain(ledger)
    assert [facts(o)[:2] for o in ledger.outcomes] == [(Unavailable, 530)]


def test_options_are_said_only_where_offered() -> None:
    eight = "To: Zoe\r\n\r\nZoë\r\n".encode()
    with ScriptedServer({}) as server:
        drained(server, outgoing(1), outgoing(2, eight))
    size = len(MESSAGE)
    said = [line for line in server.commands[0] if line.startswith(b"MAIL")]
    sender = b"MAIL FROM:<bounces+abc@courier.example>"
    assert said == [sender + b" SIZE=%d" % size, sender + b" SIZE=%d BODY=8BITMIME" % len(eight)]
    with ScriptedServer({"ehlo": b"250 here\r\n"}) as server:
        plain, refused = drained(server, outgoing(1), outgoing(2, eight))
    assert server.commands[0][1] == sender
    assert (plain, facts(refused)[0]) == (KEPT, PermanentFailure)


@pytest.mark.parametrize(
    "bad",
    [
        outgoing(1, b"a\nb\r\n"),
        outgoing(1, b"a\r\n.\n.\r\nMAIL FROM:<x@y.example>\r\n"),
        outgoing(1, b"a\rb\r\n"),
        outgoing(1, recipient="a@x.example>\r\nRCPT TO:<b@y.example"),
        outgoing(1, recipient="ada@exämple.org>\r\nRCPT TO:<b@y.example"),
        outgoing(1, recipient="ada@-ä.example"),
        outgoing(1, recipient="a\u2028da@exämple.org"),
        outgoing(1, recipient=""),
        Outgoing(1, Envelope("a b@x.example", "ada@example.org"), MESSAGE),
    ],
)
def test_nothing_can_be_smuggled(bad: Outgoing) -> None:
    with ScriptedServer({}) as server:
        first, second = drained(server, bad, outgoing(2))
    assert (facts(first)[0], second) == (PermanentFailure, KEPT)
    assert server.messages == [MESSAGE]
    assert [line[:4] for line in server.commands[0]] == [b"ehlo", b"MAIL", b"RCPT", b"DATA", b"QUIT"]


def test_dots_are_stuffed_and_the_last_line_is_ended() -> None:
    with ScriptedServer({}) as server:
        drained(server, outgoing(1, b".a\r\n..\r\n.\r\nb"))
    assert server.messages == [b"..a\r\n...\r\n..\r\nb\r\n"]
