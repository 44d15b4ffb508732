"""The public files that are held in memory, by the address that asks for them."""

from __future__ import annotations

import os
from collections import OrderedDict
from urllib.parse import quote

from publisher.web.representations import Representation, stamp_of

_SAFE = "/!$&'()*+,;=:@-._~"


def address(path: str) -> bytes:
    """The one spelling of a path in a request line (RFC 3986) under which its file is remembered."""
    return quote(path, _SAFE, errors="surrogatepass").encode()


class Memory:
    """Representations by `address`, at most so many bytes of them; what was asked for last stays longest.

    Each time that one is asked for its file is looked at; where a server calls `tick`, once a tick.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.weight = 0
        self._held: OrderedDict[bytes, Representation] = OrderedDict()
        self._seen: dict[bytes, int] = {}
        self._ticks = 0

    def tick(self) -> None:
        """From now on every file is looked at again, once."""
        self._ticks += 1

    def get(self, at: bytes) -> Representation | None:
        """What is held for an address, if its file is still the same."""
        held = self._held.get(at)
        if held is None or (self._seen[at] == self._ticks and self._ticks):
            return held
        try:
            if stamp_of(os.stat(held.file)) == held.stamp:
                self._held.move_to_end(at)
                self._seen[at] = self._ticks
                return held
        except OSError:
            pass
        self.forget(at)
        return None

    def keep(self, at: bytes, found: Representation) -> None:
        """Hold it, and let go of what nobody has asked for longest."""
        self.forget(at)
        self._held[at] = found
        self._seen[at] = self._ticks
        self.weight += found.weight
        while self.weight > self.most and self._held:
            self.forget(next(iter(self._held)))

    def forget(self, at: bytes) -> None:
        """Let go of it."""
        if held := self._held.pop(at, None):
            del self._seen[at]
            self.weight -= held.weight
