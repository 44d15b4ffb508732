"""One question over HTTP through the guard: redirects looked at one by one, size and time bounded."""

from __future__ import annotations

import ssl
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import httpcore
import httpx

from publisher.guard import PORTS, Deadline, NotFetched, Pinned, Policy, Resolve, resolve

MOST_BYTES = 10_000_000
_MOST_REDIRECTS = 5
_REDIRECTS, _PERMANENT = (301, 302, 303, 307, 308), (301, 308)
_GZIP_OR_ZLIB, _RAW = 47, -15
Headers = Callable[[str], Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said: names of headers are in small letters.

    `url` is where it was found, `settled` how far permanent redirects led from where it was looked for.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str
    settled: str


@dataclass(frozen=True, slots=True)
class Asker:
    """Asks for a document, with no proxy, no cookie and no credential: only what is said here leaves."""

    policy: Policy
    tls: ssl.SSLContext
    resolve: Resolve = resolve

    def ask(self, url: str, start: str, headers: Headers, deadline: Deadline) -> Answer:
        """The answer to GET, of the last of at most five redirects. Raises NotFetched.

        `start` is the address that the configuration names: its port may be asked besides 80 and 443.
        `headers` gives what is said to an address.
        """
        settled, permanent, here = url, True, _parsed(url)
        for _ in range(_MOST_REDIRECTS + 1):
            self._check(here, _parsed(start))
            status, said, body = self._get(here, headers(str(here)), deadline)
            if status not in _REDIRECTS or not (target := said.get("location")):
                return Answer(status, said, body, str(here), settled)
            there = _joined(here, target)
            # what is on the way back to an unencrypted address is not kept
            permanent &= status in _PERMANENT and not (here.scheme == "https" and there.scheme == "http")
            here = there
            settled = str(here) if permanent else settled
        raise NotFetched(f"it is redirected more than {_MOST_REDIRECTS} times")

    def _check(self, url: httpx.URL, start: httpx.URL) -> None:
        if url.scheme not in ("http", "https") or not url.raw_host:
            raise NotFetched(f"it leads to {_shown(str(url))}: only http and https are asked")
        port = _port(url)
        if port not in PORTS and (url.raw_host, port) != (start.raw_host, _port(start)):
            raise NotFetched(
                f"it leads to port {port} of {_host(url)}, which the configuration does not name"
            )

    def _get(
        self, url: httpx.URL, headers: Mapping[str, str], deadline: Deadline
    ) -> tuple[int, dict[str, str], bytes]:
        backend = Pinned(self.policy, deadline, self.resolve)
        target = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
        sent = [(name.encode(), value.encode("latin-1", "replace")) for name, value in headers.items()]
        try:
            with (
                httpcore.ConnectionPool(ssl_context=self.tls, network_backend=backend) as pool,
                pool.stream("GET", target, headers=sent) as answer,
            ):
                said = _joined_headers(answer.headers)
                whole = answer.status not in _REDIRECTS
                body = b"".join(_body(answer.iter_stream(), said)) if whole else b""
                return answer.status, said, body
        except (httpcore.TimeoutException, TimeoutError):
            raise NotFetched(f"{_host(url)} took longer than {deadline.seconds:.0f} seconds") from None
        except (httpcore.ProtocolError, httpcore.NetworkError, zlib.error, ssl.SSLError, OSError) as error:
            raise NotFetched(f"{_host(url)}: {_shown(str(error)) or 'it hung up'}") from None


def _joined_headers(headers: list[tuple[bytes, bytes]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in headers:
        key, text = name.decode("ascii", "replace").lower(), value.decode("latin-1")
        found[key] = f"{found[key]}, {text}" if key in found else text
    return found


def _body(pieces: Iterator[bytes], headers: Mapping[str, str]) -> Iterator[bytes]:
    """The document, decompressed a little at a time. Raises NotFetched as soon as it is over 10 MB."""
    coding = headers.get("content-encoding", "").strip().lower()
    if coding not in ("", "identity", "gzip", "x-gzip", "deflate"):
        raise NotFetched(f"it is compressed in a way that was not asked for: {_shown(coding)}")
    packed = coding not in ("", "identity")
    size = 0
    for piece in _unpacked(pieces) if packed else pieces:
        size += len(piece)
        if size > MOST_BYTES:
            raise NotFetched(f"it is larger than {MOST_BYTES // 1_000_000} MB")
        yield piece


def _unpacked(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """What gzip or deflate holds (RFC 9110 section 8.4.1), no more than 1 MB in memory at once."""
    unpacker, began = zlib.decompressobj(_GZIP_OR_ZLIB), False
    for piece in pieces:
        while piece:
            try:
                yield unpacker.decompress(piece, 1_000_000)
            except zlib.error:
                if began:
                    raise
                # some servers take deflate for the bare algorithm
                unpacker = zlib.decompressobj(_RAW)
                yield unpacker.decompress(piece, 1_000_000)
            began, piece = True, unpacker.unconsumed_tail
            if unpacker.eof and unpacker.unused_data.strip(b"\0"):
                piece, unpacker = unpacker.unused_data, zlib.decompressobj(_GZIP_OR_ZLIB)
    yield unpacker.flush()
    if began and not unpacker.eof:
        raise NotFetched("it ends too early")


def _parsed(url: str) -> httpx.URL:
    try:
        return httpx.URL(url).copy_with(fragment=None)
    except (httpx.InvalidURL, ValueError, TypeError):
        raise NotFetched(f"{_shown(url)} is no address") from None


def _joined(here: httpx.URL, target: str) -> httpx.URL:
    """Where a redirect leads, without the credentials in it."""
    try:
        text = target.encode("latin-1").decode("utf-8", "replace")
        return here.join(text).copy_with(username=None, password=None, fragment=None)
    except (httpx.InvalidURL, ValueError, TypeError):
        raise NotFetched(f"it is redirected to {_shown(target)}, which is no address") from None


def _host(url: httpx.URL) -> str:
    # as it is on the wire: not every such name has another form
    return url.raw_host.decode("ascii", "replace")


def _port(url: httpx.URL) -> int:
    return url.port or (443 if url.scheme == "https" else 80)


def _shown(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 100 else f"{text[:100]}…"
