"""A web server on one socket that somebody else stops: signals belong to the process, not to the server."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator

import uvicorn
from starlette.types import ASGIApp

from publisher.config.schema import Web
from publisher.errors import Refused


def listen(web: Web) -> socket.socket:
    """A listening socket. Raises Refused when the address is taken or not ours."""
    family = socket.AF_INET6 if ":" in web.host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((web.host, web.port))
        sock.listen(128)
    except (OSError, OverflowError) as error:
        sock.close()
        reason = getattr(error, "strerror", None) or error
        raise Refused(f"cannot listen on {web.host}:{web.port}: {reason} (--port chooses another)") from None
    return sock


class Server(uvicorn.Server):
    """Serves an application until `should_exit` is set."""

    def __init__(self, application: ASGIApp, web: Web) -> None:
        super().__init__(
            uvicorn.Config(
                application,
                log_config=None,
                access_log=False,
                server_header=False,
                lifespan="off",
                proxy_headers=bool(web.trusted_proxies),
                forwarded_allow_ips=web.trusted_proxies or None,
                timeout_graceful_shutdown=5,
            )
        )

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the process."""
        yield
