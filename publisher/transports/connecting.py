"""From a host name to a socket on which MAIL may be said: greeting, EHLO, STARTTLS or TLS, AUTH."""

from __future__ import annotations

import smtplib
import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from publisher.config.mail import Smtp
from publisher.errors import Phase, Unavailable


@dataclass(frozen=True, slots=True)
class Connection:
    """An open session: its socket, what EHLO offered (small letters), and the name that we gave."""

    socket: socket.socket
    extensions: Mapping[str, str]
    local_name: str


def connect(server: Smtp, password: str, trust: ssl.SSLContext, local_name: str | None = None) -> Connection:
    """Open a session, the certificate and its host name verified.

    Raises Unavailable with the phase and one sentence. `local_name` is said in EHLO; None looks it up.
    """
    where = f"{server.host}:{server.port}"
    with _failing(where, "connect", "cannot be reached"):
        client = _greeted(server, trust, local_name)
    try:
        _prepare(client, server, password, trust, where)
        return _taken_over(client)
    except BaseException:
        client.close()
        raise


def _greeted(server: Smtp, trust: ssl.SSLContext, local_name: str | None) -> smtplib.SMTP:
    seconds = server.timeout.total_seconds()
    if server.security == "tls":
        return smtplib.SMTP_SSL(server.host, server.port, local_name, timeout=seconds, context=trust)
    return smtplib.SMTP(server.host, server.port, local_name, timeout=seconds)


def _prepare(client: smtplib.SMTP, server: Smtp, password: str, trust: ssl.SSLContext, where: str) -> None:
    with _failing(where, "greeting", "did not answer EHLO"):
        _greet(client)
    if server.security == "starttls":
        # smtplib drops what was read before TLS, so the second EHLO cannot be answered by an eavesdropper
        with _failing(where, "tls", "did not start TLS"):
            client.starttls(context=trust)
        with _failing(where, "tls", "did not answer EHLO after STARTTLS"):
            _greet(client)
    if server.username:
        with _failing(where, "auth", f"did not let {server.username!r} sign in"):
            client.login(server.username, password)


def _greet(client: smtplib.SMTP) -> None:
    # smtplib would say HELO to a server that has just said 421
    code, reply = client.ehlo()
    if code >= 500:
        code, reply = client.helo()
    if code // 100 != 2:
        raise smtplib.SMTPHeloError(code, reply)


def _taken_over(client: smtplib.SMTP) -> Connection:
    """The socket without smtplib's reader: anything it still holds was not asked for."""
    assert client.sock is not None
    found = client.sock
    if client.file is not None:
        client.file.close()
    client.sock = client.file = None
    found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return Connection(found, dict(client.esmtp_features), client.local_hostname)


@contextmanager
def _failing(where: str, phase: Phase, problem: str) -> Iterator[None]:
    """Whatever goes wrong inside becomes one Unavailable that says where, what and why."""
    try:
        yield
    except ssl.SSLCertVerificationError as error:
        reason = error.verify_message
        raise Unavailable(0, f"{where}: its certificate is not trusted: {reason}", "tls") from None
    except ssl.SSLError as error:
        raise Unavailable(0, f"{where}: no TLS connection: {error.reason or error}", "tls") from None
    except smtplib.SMTPResponseException as error:
        phase = "greeting" if phase == "connect" else phase
        raise Unavailable(error.smtp_code, f"{where} {problem}: {_text(error.smtp_error)}", phase) from None
    except smtplib.SMTPServerDisconnected as error:
        phase = "greeting" if phase == "connect" else phase
        raise Unavailable(0, f"{where} {problem}: {error}", phase) from None
    except UnicodeError:
        reason = "user name and password may hold ASCII only" if phase == "auth" else "not a host name"
        raise Unavailable(0, f"{where} {problem}: {reason}", phase) from None
    except OSError as error:
        raise Unavailable(0, f"{where} {problem}: {error.strerror or error}", phase) from None


def _text(reply: bytes | str) -> str:
    text = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else reply
    return " ".join(text.split())
