"""A web server on one socket that somebody else stops: signals belong to the process, not to the server."""

from __future__ import annotations

import contextlib
import resource
import socket
from collections.abc import Iterator
from typing import Protocol as Shape

import uvicorn
from starlette.types import Receive, Scope, Send

from publisher.config.schema import Web
from publisher.errors import Refused
from publisher.web.files import PublicFiles
from publisher.web.protocol import RESTING, Protocol

# uvicorn looks around ten times a second
_SECOND, _MINUTE = 10, 600
_OWN_FILES = 200  # open files that are no connections: the store, the log, public files being read
_MOST_FILES = 16_384
_UNSENT = 128 * 1024  # bytes that the system holds for a reader beyond what is under way


class Served(Shape):
    """An application with public files.

    `minute` is called a second after the start and then once a minute, `ending` when it is to stop, and
    `close` at the end.
    """

    files: PublicFiles

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None: ...

    def minute(self) -> None:
        """A minute has passed."""

    def ending(self) -> None:
        """No more questions come; answers that would not end by themselves must."""

    def close(self) -> None:
        """Nobody asks any more."""


def listen(web: Web) -> socket.socket:
    """A listening socket. Raises Refused when the address is taken or not ours."""
    family = socket.AF_INET6 if ":" in web.host else socket.AF_INET
    # only where the protocol is named does asyncio send small pieces without waiting for the reader's word
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # otherwise the system takes megabytes for each slow reader, and says nothing while they are read
    if lowat := getattr(socket, "TCP_NOTSENT_LOWAT", None):
        sock.setsockopt(socket.IPPROTO_TCP, lowat, _UNSENT)
    try:
        sock.bind((web.host, web.port))
        sock.listen(128)
    except (OSError, OverflowError) as error:
        sock.close()
        reason = getattr(error, "strerror", None) or error
        raise Refused(f"cannot listen on {web.host}:{web.port}: {reason} (--port chooses another)") from None
    return sock


def room_for_connections() -> int:
    """How many connections this process may have at once, with as many open files as the system allows it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, _MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        soft = wanted
    return max((wanted if soft == resource.RLIM_INFINITY else soft) - _OWN_FILES, 1)


class Server(uvicorn.Server):
    """Serves an application until `should_exit` is set."""

    def __init__(self, application: Served, web: Web) -> None:
        super().__init__(
            uvicorn.Config(
                application,
                http=Protocol,
                ws="none",
                loop="asyncio",
                log_config=None,
                access_log=False,
                server_header=False,
                lifespan="off",
                proxy_headers=bool(web.trusted_proxies),
                forwarded_allow_ips=web.trusted_proxies or None,
                limit_concurrency=room_for_connections(),
                timeout_keep_alive=RESTING,
                timeout_graceful_shutdown=5,
            )
        )
        self._application = application

    async def on_tick(self, counter: int) -> bool:
        """Ten times a second: files may have changed. Once a second: connections may have stopped moving."""
        self._application.files.memory.tick()
        if counter % _SECOND == 0:
            connections = [each for each in self.server_state.connections if isinstance(each, Protocol)]
            crowded = len(connections) > (self.config.limit_concurrency or 0) // 2
            for each in connections:
                each.sweep(crowded)
        # soon after the start too: what another process left is gone on with
        if counter % _MINUTE == _SECOND:
            self._application.minute()
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let the answers under way end."""
        self._application.ending()
        await super().shutdown(sockets)
        self._application.close()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the process."""
        yield
