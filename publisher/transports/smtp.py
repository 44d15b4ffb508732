"""SMTP as transport: a session is used for message after message, and replaced when the server ends it."""

from __future__ import annotations

from collections.abc import Sequence

from publisher.config.mail import Smtp
from publisher.model.mail import Work
from publisher.transports.connecting import connect
from publisher.transports.draining import Drain
from publisher.transports.exchange import DOT_TIMEOUT, Exchange
from publisher.transports.hub import aside
from publisher.transports.servers import Server, Servers


class SmtpTransport:
    """Sends through the first server that is available. Every `drain` has a session of its own."""

    def __init__(self, servers: Sequence[Server], *, dot_timeout: float = DOT_TIMEOUT) -> None:
        self._servers = Servers(servers)
        self._dot_timeout = dot_timeout
        self._local_name: str | None = None

    @property
    def connections(self) -> int:
        """How many may drain at once: the limit of the server that is used now."""
        return self._servers.connections

    @property
    def server(self) -> Smtp:
        """The server that is used now."""
        return self._servers.preferred

    def drain(self, work: Work) -> None:
        """Send everything `work` has over one session at a time, every message taken settled.

        A server that closes between messages is connected to again. A message whose session ends before its
        final dot is tried once more on a fresh one, and then on the next server (rule 21). Raises Unavailable
        when no server is left.
        """
        Drain(work, self._servers, self._open).run()

    def _open(self, server: Server) -> Exchange:
        opened = aside(lambda: connect(server.smtp, server.password, server.trust, self._local_name))
        self._local_name = opened.local_name
        seconds = server.smtp.timeout.total_seconds()
        return Exchange(opened, timeout=seconds, dot_timeout=self._dot_timeout)
