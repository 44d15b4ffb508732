"""SMTP as transport: a session is used for message after message, and replaced when the server ends it."""

from __future__ import annotations

import ssl

from publisher.config.schema import Smtp
from publisher.errors import TemporaryFailure, TransportError, Unavailable
from publisher.model.mail import Outcome, Outgoing, Work
from publisher.transports.connecting import connect
from publisher.transports.exchange import DOT_TIMEOUT, Exchange

_NEVER_BEGUN = ("connect", "greeting", "tls", "auth")


class SmtpTransport:
    """Sends through one server. Every thread that drains has a session of its own."""

    def __init__(
        self, server: Smtp, *, password: str, trust: ssl.SSLContext, dot_timeout: float = DOT_TIMEOUT
    ) -> None:
        self.connections = server.connections
        self._server, self._password, self._trust = server, password, trust
        self._dot_timeout = dot_timeout
        self._local_name: str | None = None

    def drain(self, work: Work) -> None:
        """Send everything `work` has over one session at a time, every message taken settled.

        A server that closes between messages is connected to again. A message whose session ends before its
        final dot is tried once more on a fresh one. Raises Unavailable when that fails too, or no session can
        be had.
        """
        session = self._connect()
        try:
            while True:
                if not session.alive():
                    session.close()
                    session = self._connect()
                if (outgoing := work.take()) is None:
                    return
                outcome = _outcome(session, outgoing)
                if _ended(outcome):
                    session.close()
                    try:
                        session = self._connect()
                        outcome = _outcome(session, outgoing)
                    except Unavailable as error:
                        outcome = error
                work.settle(outgoing, _counted(outcome))
                if isinstance(outcome, Unavailable):
                    raise outcome
        finally:
            session.close()

    def _connect(self) -> Exchange:
        opened = connect(self._server, self._password, self._trust, self._local_name)
        self._local_name = opened.local_name
        seconds = self._server.timeout.total_seconds()
        return Exchange(opened.socket, opened.extensions, timeout=seconds, dot_timeout=self._dot_timeout)


def _outcome(session: Exchange, outgoing: Outgoing) -> Outcome:
    try:
        return session.send(outgoing)
    except TransportError as error:
        return error


def _ended(outcome: Outcome) -> bool:
    return isinstance(outcome, Unavailable) and outcome.code in (0, 421)


def _counted(outcome: Outcome) -> Outcome:
    # a message on which the server hangs up twice would otherwise come back for ever, ahead of all others
    if _ended(outcome) and isinstance(outcome, Unavailable) and outcome.phase not in _NEVER_BEGUN:
        return TemporaryFailure(outcome.code, outcome.reply, outcome.phase)
    return outcome
