"""The overlapped exchange: one round trip a message, and what happens to two messages in hand."""

from __future__ import annotations

import ssl
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from mail_servers import ANSWERS, BIG, CLOSE, MESSAGE, OFFERS, BatchServer, Ledger, ScriptedServer, outgoing

from publisher.config.mail import Smtp
from publisher.errors import OutcomeUnknown, PermanentFailure, TransportError
from publisher.model.mail import Outcome, Receipt
from publisher.transports.servers import Server
from publisher.transports.smtp import SmtpTransport

TRUST = ssl.create_default_context()
PIPELINED = {"ehlo": OFFERS["pipelined"]}
KEPT = Receipt(250, "2.0.0 kept")
LENIENT = PIPELINED | {"data": b"354 go\r\n"}


@pytest.fixture(autouse=True)
def _pipelined(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ANSWERS, "ehlo", OFFERS["pipelined"])


def transport(port: int) -> SmtpTransport:
    smtp = {"host": "127.0.0.1", "port": port, "security": "none", "timeout": "5s"}
    return SmtpTransport([Server(Smtp.model_validate(smtp), "", TRUST)], dot_timeout=5.0)


def drained(server: ScriptedServer, ledger: Ledger) -> list[Outcome]:
    transport(server.port).drain(ledger)
    return ledger.outcomes


def numbered(count: int) -> list[Any]:
    return [outgoing(n, MESSAGE + b"%d\r\n" % n) for n in range(count)]


@pytest.mark.parametrize(("offers", "each"), [("pipelined", 1), ("in lock-step", 4)])
def test_round_trips(offers: str, each: int) -> None:
    """What the server reads in one go is one round trip: it answers only then."""
    with BatchServer(OFFERS[offers]) as server:
        ledger = Ledger(*numbered(20))
        transport(server.port).drain(ledger)
    assert ledger.outcomes == [KEPT] * 20
    # EHLO before, QUIT behind; the first envelope has no body to travel with
    assert len(server.batches) - 2 == 20 * each + (1 if each == 1 else 0)
    if each == 1:
        assert server.batches[2].startswith(MESSAGE + b"0\r\n.\r\nMAIL FROM:")
        assert server.batches[2].endswith(b"DATA\r\n")


def test_one_that_is_not_ready_holds_nobody_up() -> None:
    with ScriptedServer({}) as server:
        assert drained(server, Ledger(*numbered(6), late={2, 5})) == [KEPT] * 6
    assert server.messages == [o.message for o in numbered(6)]


@pytest.mark.parametrize("refused", [{0}, {1}, {2}, {1, 2}, {0, 1, 2, 3}, {3}])
def test_a_start_that_is_refused_never_leaves(refused: set[int]) -> None:
    with ScriptedServer(*[{}] * 5) as server:
        outcomes = drained(server, Ledger(*numbered(4), refused=refused))
    assert outcomes == [KEPT] * (4 - len(refused))
    assert server.messages == [o.message for o in numbered(4) if o.key not in refused]


@pytest.mark.parametrize("answer", [b"250 2.0.0 kept\r\n", b"554 5.5.1 no valid recipients\r\n"])
@pytest.mark.parametrize("which", [0, 1, 2])
def test_354_after_a_refused_recipient_is_ended_by_a_lone_dot(which: int, answer: bytes) -> None:
    rcpt = [b"250 fine\r\n"] * which + [b"550 5.1.1 no such user\r\n"]
    dots = [KEPT_LINE] * which + [answer]
    with ScriptedServer(LENIENT | {"rcpt": rcpt, "dot": dots}) as server:
        outcomes = drained(server, Ledger(*numbered(3)))
    assert [type(o) for o in outcomes] == [PermanentFailure if n == which else Receipt for n in range(3)]
    assert server.messages == [b"" if o.key == which else o.message for o in numbered(3)]
    assert b"RSET" not in server.commands[0]


def test_354_after_a_refused_sender_ends_the_session_without_a_dot() -> None:
    script = LENIENT | {"mail": [b"250 fine\r\n", b"550 5.7.1 not you\r\n"], "nobody": b"250 fine\r\n"}
    with ScriptedServer(script, {}) as server:
        outcomes = drained(server, Ledger(*numbered(3)))
    assert [type(o) for o in outcomes] == [Receipt, PermanentFailure, Receipt]
    assert server.messages == [numbered(3)[0].message, numbered(3)[2].message]


KEPT_LINE = b"250 2.0.0 kept\r\n"


@pytest.mark.parametrize(
    ("script", "first", "messages"),
    [
        ({"dot": CLOSE}, OutcomeUnknown, 3),
        ({"dot": b"250 2.0.0 kept, then closed\r\n"}, Receipt, 3),
        ({"dot": b"451 4.3.0 try later, then closed\r\n"}, TransportError, 3),
        ({"mail": [b"250 fine\r\n", CLOSE]}, Receipt, 3),
        ({"mail": [b"250 fine\r\n", b"421 4.3.2 enough\r\n"]}, Receipt, 3),
        ({"data": [b"354 go\r\n", CLOSE]}, Receipt, 3),
        ({"dot": b"250 2.0.0 kept\r\n250 2.1.0 once more\r\n"}, Receipt, 3),
    ],
)
def test_a_session_that_ends_with_two_in_hand(script: Any, first: type, messages: int) -> None:
    """The first is unknown only where no reply came; the second goes again."""
    with ScriptedServer(script, {}) as server:
        outcomes = drained(server, Ledger(*numbered(3)))
    assert isinstance(outcomes[0], first)
    assert outcomes[1:] == [KEPT, KEPT]
    assert server.messages == [o.message for o in numbered(3)]


def test_a_close_between_messages_is_no_fault_of_the_second() -> None:
    closing, failing = {"mail": [b"250 fine\r\n", CLOSE]}, {"mail": CLOSE}
    with ScriptedServer(closing, failing, {}) as server:
        assert drained(server, Ledger(*numbered(2))) == [KEPT, KEPT]


@pytest.mark.parametrize("then", [CLOSE, b"421 4.3.2 enough\r\n"])
def test_a_refused_recipient_is_not_asked_again_because_the_session_ended(then: Any) -> None:
    script = {"rcpt": [b"250 fine\r\n", b"550 5.1.1 no such user\r\n"], "data": [b"354 go\r\n", then]}
    with ScriptedServer(script, {}) as server:
        outcomes = drained(server, Ledger(*numbered(3)))
    assert [type(o) for o in outcomes] == [Receipt, PermanentFailure, Receipt]
    assert server.messages == [numbered(3)[0].message, numbered(3)[2].message]


def test_a_refusal_in_mid_message_keeps_its_words() -> None:
    with ScriptedServer({"body": b"552 5.3.4 too long for us\r\n"}, {}) as server:
        first, second = drained(server, Ledger(outgoing(1, BIG), outgoing(2)))
    assert isinstance(first, PermanentFailure)
    assert (first.code, first.reply, first.phase, second) == (552, "5.3.4 too long for us", "body", KEPT)


@pytest.mark.parametrize("after", [1, 2, 3])
@pytest.mark.parametrize("at", ["mail", "rcpt", "dot"])
def test_421_every_few_messages_makes_progress(at: str, after: int) -> None:
    full: dict[str, Any] = {at: [ANSWERS[at]] * after + [b"421 4.7.0 enough for now\r\n"]}
    with ScriptedServer(*[full] * 12) as server:
        assert drained(server, Ledger(*numbered(8))) == [KEPT] * 8


def test_as_many_messages_as_the_server_allows() -> None:
    """MAILMAX (RFC 9422): no envelope is said that would be one too many."""
    limited = {"ehlo": b"250-here\r\n250-PIPELINING\r\n250 LIMITS RCPTMAX=10 MAILMAX=3\r\n"}
    with ScriptedServer(*[limited] * 3) as server:
        assert drained(server, Ledger(*numbered(8))) == [KEPT] * 8
    counts = [[line[:4] for line in session].count(b"MAIL") for session in server.commands]
    assert counts == [3, 3, 2]
    assert [session[-1] for session in server.commands] == [b"QUIT"] * 3
