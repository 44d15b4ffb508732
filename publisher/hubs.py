"""Hubs: telling one that a feed has changed (W3C WebSub section 6; the request is PubSubHubbub 0.4's)."""

from __future__ import annotations

from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    import httpx

_SECONDS = 5.0
_LATER = {408, 425, 429}
_AGENT = "Publisher (WebSub)"


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether the hub took it; if not, whether it may another time, and what it said."""

    accepted: bool
    later: bool = False
    words: str = ""


class Hub:
    """A hub, at an address; one connection serves for several changes."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._client: httpx.Client | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._client:
            self._client.close()

    def tell(self, topic: str) -> Answer:
        """Say that the document at `topic` has changed. It raises nothing: a hub is no part of a publication.

        Only the head of the answer is read; each step of it may take five seconds.
        """
        import httpx  # takes time to load, and most publications have no hub

        form = {"hub.mode": "publish", "hub.url": topic}
        try:
            with self._open().stream("POST", self.url, data=form) as answer:
                said = f"{answer.status_code} {answer.reason_phrase}".strip()
                later = answer.is_server_error or answer.status_code in _LATER
                return Answer(answer.is_success, later, said)
        except httpx.TransportError as error:
            return Answer(False, True, str(error) or type(error).__name__)
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            return Answer(False, False, str(error) or type(error).__name__)

    def _open(self) -> httpx.Client:
        import httpx

        if self._client is None:
            headers = {"User-Agent": _AGENT, "Accept": "*/*"}
            self._client = httpx.Client(timeout=_SECONDS, headers=headers, follow_redirects=False)
        return self._client
