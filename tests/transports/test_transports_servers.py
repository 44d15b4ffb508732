"""A real SMTP server on this machine: bytes, sessions, certificates and sign-in."""

from __future__ import annotations

import re
import ssl
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiosmtpd.smtp import AuthResult, LoginPassword
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))

from mail_servers import MESSAGE, OFFERS, Collector, Ledger, ScriptedServer, outgoing, real_server

from publisher.config.mail import Mail
from publisher.errors import ConfigError, PermanentFailure, Unavailable
from publisher.model.mail import Receipt, Transport
from publisher.transports import open_transport

AUTHORITY = trustme.CA()


def tls(name: str = "localhost", authority: trustme.CA = AUTHORITY) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(name).configure_cert(context)
    return context


def signed_in(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
    known = isinstance(data, LoginPassword) and (data.login, data.password) == (b"courier", b"s3cret")
    return AuthResult(success=known, handled=known)


@pytest.fixture
def client(tmp_path: Path) -> Callable[..., Transport]:
    """A transport for `localhost:port` that trusts the test's authority."""

    def made(port: int, password: str = "s3cret", **keys: Any) -> Transport:
        ca_file = tmp_path / "ca.pem"
        AUTHORITY.cert_pem.write_to_path(str(ca_file))
        usual: dict[str, Any] = {"host": "localhost", "port": port, "timeout": "5s", "ca_file": str(ca_file)}
        mail = Mail.model_validate({"transport": "smtp", "smtp": usual | keys})
        return open_transport(mail, environ={"SMTP_PASSWORD": password})

    return made


def test_messages_arrive_byte_for_byte_over_one_session(client: Callable[..., Transport]) -> None:
    handler = Collector()
    letters = [outgoing(n, MESSAGE + b"line %d\r\n.\r\n..dots\r\n" % n * 500) for n in range(5)]
    ledger = Ledger(*letters)
    with real_server(handler) as port:
        client(port, security="none").drain(ledger)
    assert ledger.outcomes == [Receipt(250, "2.0.0 kept")] * 5
    assert [e.content for e in handler.envelopes] == [o.message for o in letters]
    assert {(e.mail_from, *e.rcpt_tos) for e in handler.envelopes} == {
        ("bounces+abc@courier.example", "ada@example.org")
    }
    assert len(handler.sessions) == 1


LINES = st.lists(
    st.binary(max_size=60).map(lambda line: line.translate(bytes.maketrans(b"\r\n", b".."))), max_size=8
)


def test_any_lines_arrive_as_they_are(client: Callable[..., Transport]) -> None:
    handler = Collector()
    with real_server(handler) as port:
        transport = client(port, security="none")

        @settings(max_examples=30, deadline=None)
        @given(st.lists(LINES, min_size=1, max_size=3))
        def arrive(bodies: list[list[bytes]]) -> None:
            handler.envelopes.clear()
            messages = [b"Subject: x\r\n\r\n" + b"".join(line + b"\r\n" for line in body) for body in bodies]
            transport.drain(Ledger(*(outgoing(n, m) for n, m in enumerate(messages))))
            assert [e.content for e in handler.envelopes] == messages

        arrive()


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_encrypted_with_a_verified_certificate_and_a_sign_in(
    security: str, client: Callable[..., Transport]
) -> None:
    handler, ledger = Collector(), Ledger(outgoing(1), outgoing(2))
    how: dict[str, Any] = {"tls_context": tls(), "require_starttls": True}
    if security == "tls":
        # aiosmtpd does not count a session that began encrypted as encrypted
        how = {"ssl_context": tls(), "auth_require_tls": False}
    with real_server(handler, authenticator=signed_in, **how) as port:
        client(port, security=security, username="courier", password_env="SMTP_PASSWORD").drain(ledger)
    assert [o.code for o in ledger.outcomes] == [250, 250]
    assert [e.content for e in handler.envelopes] == [MESSAGE, MESSAGE]
    assert (handler.signed_in, len(handler.sessions)) == ([True, True], 1)


@pytest.mark.parametrize("security", ["starttls", "tls"])
@pytest.mark.parametrize(
    ("name", "authority", "reason"),
    [
        ("elsewhere.example", AUTHORITY, "not trusted: Hostname mismatch.*localhost"),
        ("localhost", trustme.CA(), "not trusted: unable to get local issuer"),
    ],
)
def test_a_certificate_that_proves_nothing_ends_the_session(
    security: str, name: str, authority: trustme.CA, reason: str, client: Callable[..., Transport]
) -> None:
    handler, ledger = Collector(), Ledger(outgoing(1))
    context = tls(name, authority)
    how = {"tls_context": context} if security == "starttls" else {"ssl_context": context}
    with real_server(handler, **how) as port, pytest.raises(Unavailable, match=reason) as caught:
        client(port, security=security).drain(ledger)
    assert (caught.value.phase, ledger.taken, handler.envelopes) == ("tls", [], [])


def test_no_mail_and_no_password_without_the_encryption_asked_for(client: Callable[..., Transport]) -> None:
    ledger = Ledger(outgoing(1))
    with ScriptedServer({}) as server, pytest.raises(Unavailable, match="STARTTLS") as caught:
        client(server.port, username="courier", password_env="SMTP_PASSWORD").drain(ledger)
    assert (caught.value.phase, ledger.taken) == ("tls", [])
    assert not [line for line in server.commands[0] if line.upper().startswith(b"AUTH")]


def test_wrong_credentials_are_named_and_bounce_nobody(client: Callable[..., Transport]) -> None:
    handler, ledger = Collector(), Ledger(outgoing(1))
    options = {"authenticator": signed_in, "auth_required": True, "tls_context": tls()}
    with real_server(handler, **options) as port, pytest.raises(Unavailable) as caught:
        client(port, "wrong", username="courier", password_env="SMTP_PASSWORD").drain(ledger)
    assert (caught.value.code, caught.value.phase, ledger.taken) == (535, "auth", [])
    assert re.match(f"localhost:{port} did not let 'courier' sign in: 5.7.8 ", caught.value.reply)
    assert "wrong" not in str(caught.value)


def test_a_password_beyond_ascii_is_a_sentence(client: Callable[..., Transport]) -> None:
    options = {"authenticator": signed_in, "tls_context": tls()}
    with real_server(Collector(), **options) as port, pytest.raises(Unavailable, match="ASCII only"):
        client(port, "pässwort", username="courier", password_env="SMTP_PASSWORD").drain(Ledger(outgoing(1)))


def test_what_is_said_before_tls_is_forgotten(client: Callable[..., Transport]) -> None:
    """An answer smuggled in behind the one to STARTTLS must not be taken for the EHLO inside."""
    script = {
        "ehlo": [b"250-here\r\n250 STARTTLS\r\n", b"250 inside\r\n"],
        "star": b"220 go\r\n250-forged\r\n250 SIZE 1\r\n",
    }
    with ScriptedServer(script, tls=tls()) as server:
        client(server.port).drain(Ledger(outgoing(1)))
    assert server.messages == [MESSAGE]
    assert [line for line in server.commands[0] if b"SIZE" in line] == []
    assert [line[:4] for line in server.commands[0]].count(b"ehlo") == 2


@pytest.mark.parametrize("drip", [False, True])
def test_the_overlapped_exchange_inside_tls(drip: bool, client: Callable[..., Transport]) -> None:
    script = {"ehlo": [b"250-here\r\n250 STARTTLS\r\n", OFFERS["pipelined"]], "star": b"220 go\r\n"}
    letters = [outgoing(n, MESSAGE + b"line %d\r\n" % n * 3000) for n in range(5)]
    ledger = Ledger(*letters)
    with ScriptedServer(script, tls=tls(), drip=drip) as server:
        client(server.port).drain(ledger)
    assert [o.code for o in ledger.outcomes if isinstance(o, Receipt)] == [250] * 5
    assert server.messages == [o.message for o in letters]


def test_threads_have_a_session_each(client: Callable[..., Transport]) -> None:
    handler = Collector()
    ledgers = [Ledger(*(outgoing(n) for n in range(20))) for _ in range(3)]
    with real_server(handler) as port:
        transport = client(port, security="none", connections=3)
        threads = [threading.Thread(target=transport.drain, args=(ledger,)) for ledger in ledgers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
    assert transport.connections == 3
    assert [len(ledger.outcomes) for ledger in ledgers] == [20] * 3
    assert len(handler.envelopes) == 60


def test_what_is_larger_than_the_server_takes_is_refused_here(client: Callable[..., Transport]) -> None:
    handler, ledger = Collector(), Ledger(outgoing(1, MESSAGE * 100), outgoing(2))
    with real_server(handler, data_size_limit=1000) as port:
        client(port, security="none").drain(ledger)
    first, second = ledger.outcomes
    assert isinstance(first, PermanentFailure)
    assert (first.phase, "takes 1000" in first.reply, second.code) == ("mail", True, 250)
    assert len(handler.envelopes) == 1


def test_addresses_and_headers_beyond_ascii(client: Callable[..., Transport]) -> None:
    """The domain goes in punycode to any server, a local part or header only to one that takes SMTPUTF8."""
    wide = MESSAGE.replace(b"News", "Nachtfähre".encode())
    letters = [
        outgoing(1, recipient="ada@Fähre.example"),
        outgoing(2, recipient="zoë@fähre.example"),
        outgoing(3, wide),
        outgoing(4, MESSAGE + "Fähre\r\n".encode()),
    ]
    plain, full = Collector(), Collector()
    one, other = Ledger(*letters), Ledger(*letters)
    with real_server(plain, enable_SMTPUTF8=False) as port:
        client(port, security="none").drain(one)
    assert [type(o) for o in one.outcomes] == [Receipt, PermanentFailure, PermanentFailure, Receipt]
    assert [e.rcpt_tos for e in plain.envelopes] == [["ada@xn--fhre-loa.example"], ["ada@example.org"]]
    with real_server(full, enable_SMTPUTF8=True) as port:
        client(port, security="none").drain(other)
    assert [type(o) for o in other.outcomes] == [Receipt] * 4
    assert full.envelopes[1].rcpt_tos == ["zoë@xn--fhre-loa.example"]
    assert [e.smtp_utf8 for e in full.envelopes] == [False, True, True, False]


def test_what_the_configuration_names_must_be_there(tmp_path: Path) -> None:
    signing = {"username": "courier", "password_env": "SMTP_PASSWORD"}
    with pytest.raises(ConfigError, match="SMTP_PASSWORD is not set"):
        open_transport(Mail.model_validate({"transport": "smtp", "smtp": signing}), environ={})
    absent = {"username": "courier", "password_file": str(tmp_path / "absent")}
    with pytest.raises(ConfigError, match="password_file: cannot be read"):
        open_transport(Mail.model_validate({"transport": "smtp", "smtp": absent}), environ={})
    (tmp_path / "ca.pem").write_text("nothing")
    broken = {"ca_file": str(tmp_path / "ca.pem")}
    with pytest.raises(ConfigError, match=r"ca_file: .* holds no certificates"):
        open_transport(Mail.model_validate({"transport": "smtp", "smtp": broken}), environ={})


def test_each_of_several_servers_has_its_own_password(tmp_path: Path) -> None:
    signing = {"username": "courier", "password_env": "SMTP_PASSWORD"}
    servers = [{"host": "a"}, signing | {"host": "b", "ca_file": str(tmp_path / "absent")}]
    mail = Mail.model_validate({"transport": "smtp", "smtp": servers})
    with pytest.raises(ConfigError, match=r"mail\.smtp\.1\.password_env: .* SMTP_PASSWORD is not set"):
        open_transport(mail, environ={})
    with pytest.raises(ConfigError, match=r"mail\.smtp\.1\.ca_file"):
        open_transport(mail, environ={"SMTP_PASSWORD": "x"})


def test_a_password_from_a_file(tmp_path: Path, client: Callable[..., Transport]) -> None:
    (tmp_path / "password").write_text("s3cret\n")
    ledger = Ledger(outgoing(1))
    with real_server(Collector(), authenticator=signed_in, auth_required=True, tls_context=tls()) as port:
        client(port, username="courier", password_file=str(tmp_path / "password")).drain(ledger)
    assert ledger.outcomes[0].code == 250
