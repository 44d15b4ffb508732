"""Endpoints of outgoing webhooks: POST through the guard, one connection for several events."""

from __future__ import annotations

import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Self

from publisher.guard import Deadline, NotFetched, Pinned, Policy, Resolve, resolve

if TYPE_CHECKING:
    import httpcore

_SECONDS = 5.0
_LONGEST = 65_536  # bytes of an answer, of which only the status counts


@dataclass(frozen=True, slots=True)
class Answer:
    """What an endpoint answered; `status` 0: nothing, and `words` say why. `wait` is what it asks for, in
    seconds."""

    status: int
    words: str
    wait: float = 0.0

    @property
    def accepted(self) -> bool:
        """Whether it took the event."""
        return 200 <= self.status < 300


class Endpoint:
    """An address that events are posted to. It raises nothing: an endpoint is no part of a publication.

    `seconds` bound all of it together, each request five of them. No redirect is followed, and no private
    address asked that is not `allowed`.
    """

    def __init__(self, url: str, allowed: Sequence[str], seconds: float, resolve: Resolve = resolve) -> None:
        self._url, self._allowed, self._seconds, self._resolve = url, tuple(allowed), seconds, resolve
        self._pool: httpcore.ConnectionPool | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pool:
            self._pool.close()

    def post(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Send one event."""
        import httpcore  # takes time to load, and most publications tell nobody

        sent = [(name, value) for name, value in headers.items()]
        timeouts = dict.fromkeys(("connect", "read", "write", "pool"), _SECONDS)
        try:
            with self._open().stream(
                "POST", self._url, headers=sent, content=body, extensions={"timeout": timeouts}
            ) as answer:
                size = 0
                for piece in answer.iter_stream():
                    size += len(piece)
                    if size > _LONGEST:
                        break
                return Answer(answer.status, _words(answer), _wait(answer.headers))
        except NotFetched as error:
            return Answer(0, error.reason)
        except (httpcore.TimeoutException, TimeoutError):
            return Answer(0, f"it took longer than {_SECONDS:.0f} seconds")
        except (httpcore.ProtocolError, httpcore.NetworkError, ssl.SSLError, OSError, ValueError) as error:
            return Answer(0, " ".join(str(error).split())[:200] or type(error).__name__)

    def _open(self) -> httpcore.ConnectionPool:
        import httpcore

        if self._pool is None:
            backend = Pinned(Policy(self._allowed), Deadline(self._seconds), self._resolve)
            tls = ssl.create_default_context() if self._url.startswith("https:") else None
            self._pool = httpcore.ConnectionPool(ssl_context=tls, network_backend=backend)
        return self._pool


def _words(answer: httpcore.Response) -> str:
    reason = answer.extensions.get("reason_phrase", b"").decode("ascii", "replace")
    return f"{answer.status} {reason}".strip()[:200]


def _wait(headers: Sequence[tuple[bytes, bytes]]) -> float:
    """The seconds in Retry-After; a date there is not looked at."""
    for name, value in headers:
        if name.lower() == b"retry-after" and value.isdigit() and len(value) < 6:
            return float(value)
    return 0.0
