"""Who may be asked for anything: public addresses alone, resolved once, and only for so long."""

from __future__ import annotations

import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

import httpcore

PORTS = (80, 443)
_TRIES = 4
# What is_global does not know in every version of Python; and ways around through a translator or a tunnel,
# where what is inside may be private.
_SPECIAL = tuple(
    ip_network(network)
    for network in (
        *("192.0.0.0/24", "192.88.99.0/24"),  # of the IETF itself, and relays of 6to4 (RFC 6890, 7526)
        *("::/96", "::ffff:0:0/96", "::ffff:0:0:0/96"),  # IPv4 in IPv6 (RFC 4291, 2765)
        *("64:ff9b::/96", "64:ff9b:1::/48"),  # NAT64 (RFC 6052, 8215)
        *("2002::/16", "2001::/23"),  # 6to4, and Teredo with what is of the IETF (RFC 3056, 2928)
        *("fec0::/10", "100::/64", "3fff::/20", "5f00::/16"),  # RFC 3879, 6666, 9637, 9602
    )
)
Resolve = Callable[[str, int], Sequence[str]]
_Address = IPv4Address | IPv6Address


class NotFetched(Exception):
    """It could not be had, in words; `wait` seconds is what its server asked for, if it did."""

    def __init__(self, reason: str, wait: float | None = None) -> None:
        super().__init__(reason)
        self.reason, self.wait = reason, wait


@dataclass(frozen=True, slots=True)
class Policy:
    """Which private hosts and networks may be asked all the same, as the configuration lists them."""

    allowed: tuple[str, ...] = ()

    def admits(self, host: str, address: str) -> bool:
        """Whether a host may be asked at the address that its name led to."""
        try:
            found = ip_address(address)
        except ValueError:
            return False
        return is_public(found) or host.lower().rstrip(".") in self.allowed or self._listed(found)

    def _listed(self, address: _Address) -> bool:
        networks = (each for each in self.allowed if "/" in each)
        return any(address in ip_network(each) for each in networks)


def is_public(address: _Address) -> bool:
    """Whether an address is one of the open internet (the special-purpose registries of RFC 6890)."""
    special = any(address in network for network in _SPECIAL)
    return not special and address.is_global and not address.is_multicast and not address.is_reserved


def resolve(host: str, port: int) -> list[str]:
    """Every address that a name leads to, as the system says."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class Deadline:
    """A moment after which nothing more is waited for."""

    def __init__(self, seconds: float) -> None:
        self.seconds, self._until = seconds, time.monotonic() + seconds

    def left(self) -> float:
        """The seconds until then. Raises NotFetched when there are none."""
        left = self._until - time.monotonic()
        if left <= 0:
            raise NotFetched(f"it took longer than {self.seconds:.0f} seconds")
        return left


class Pinned(httpcore.NetworkBackend):
    """Connects to an address that was looked at, and never asks for the name again. TLS checks the name."""

    def __init__(self, policy: Policy, deadline: Deadline, resolve: Resolve = resolve) -> None:
        self._policy, self._deadline, self._resolve = policy, deadline, resolve
        self._plain = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """A connection to the first of the host's addresses that answers. Raises NotFetched."""
        addresses = self._addresses(host, port)
        for number, address in enumerate(addresses, 1):
            # the last one has all the time that is left
            share = self._deadline.left() / (len(addresses) - number + 1)
            share = share if timeout is None else min(share, timeout)
            try:
                stream = self._plain.connect_tcp(address, port, share, local_address, socket_options)
                return _Timed(stream, self._deadline)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                if number == len(addresses):
                    raise NotFetched(f"{host} cannot be reached: {_said(error)}") from None
        raise NotFetched(f"{host} has no address")

    def _addresses(self, host: str, port: int) -> list[str]:
        found = self._looked_up(host, port)
        admitted = [address for address in found if self._policy.admits(host, address)]
        if found and not admitted:
            raise NotFetched(
                f"{host} is at {found[0]}, which is no public address: allow_private can list it"
            )
        return admitted[:_TRIES]

    def _looked_up(self, host: str, port: int) -> Sequence[str]:
        """The system's own look-up knows no time limit: it is left behind when it takes too long."""
        answers = queue.SimpleQueue[Sequence[str] | Exception]()

        def look_up() -> None:
            try:
                answers.put(self._resolve(host, port))
            except (OSError, ValueError) as error:  # UnicodeError too: a name that no DNS can hold
                answers.put(error)

        threading.Thread(target=look_up, name="look-up", daemon=True).start()
        try:
            answer = answers.get(timeout=self._deadline.left())
        except queue.Empty:
            raise NotFetched(f"the DNS says nothing of {host}") from None
        if isinstance(answer, Exception):
            raise NotFetched(f"{host[:80]} cannot be found: {_said(answer)}") from None
        return answer


class _Timed(httpcore.NetworkStream):
    """A connection that ends with its deadline, however busily the other side drips."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._stream, self._deadline = stream, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._left(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        inner = self._stream.start_tls(ssl_context, server_hostname, self._left(timeout))
        return _Timed(inner, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)

    def _left(self, timeout: float | None) -> float:
        left = self._deadline.left()
        return left if timeout is None else min(left, timeout)


def _said(error: Exception) -> str:
    return (getattr(error, "strerror", "") or str(error) or "no answer").lower()
