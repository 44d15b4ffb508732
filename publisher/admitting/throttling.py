"""Guessing gets slow: each wrong try for an address, and from a network, makes the next one wait longer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from publisher.admitting import secrets
from publisher.errors import Refused
from publisher.links import Keys
from publisher.permissions import N_
from publisher.store import Store, sign_ins
from publisher.store.subscribers import address_key

_WINDOW = timedelta(hours=1)
WAIT = N_("too many tries: please wait a little, then try again")


@dataclass(frozen=True, slots=True)
class Patience:
    """So many tries within an hour are free, then the pause doubles from a second up to `longest`."""

    free: int
    longest: timedelta

    def until(self, count: int, last: datetime | None) -> datetime | None:
        """When the next try may come, after `count` with the last one then; None: at once."""
        if count < self.free or last is None:
            return None
        return last + min(timedelta(seconds=2 ** min(count - self.free, 20)), self.longest)


# A stranger can make an address wait, but for no longer than a minute; behind a network there may be many.
_ADDRESS, _NETWORK = Patience(5, timedelta(minutes=1)), Patience(20, timedelta(minutes=15))


def keys_of(keys: Keys, address: str, network: str) -> dict[str, Patience]:
    """Under what a try is counted: hashes, that say nothing of who it was."""
    named = {f"address {address_key(address)}": _ADDRESS}
    if network:
        named[f"network {network}"] = _NETWORK
    return {secrets.bound(keys, "sign in", name).hex(): patience for name, patience in named.items()}


def begin(store: Store, tried: Mapping[str, Patience], now: datetime) -> None:
    """Count a try before it is looked at, so that many at once are counted too. Raises Refused: too soon."""
    with store.write() as tx:
        sign_ins.one_at_a_time(tx, list(tried))
        for key, patience in tried.items():
            until = patience.until(*sign_ins.since(tx, key, now - _WINDOW))
            if until and until > now:
                raise Refused(WAIT)
        sign_ins.add(tx, list(tried), now)


def forget(store: Store, tried: Mapping[str, Patience]) -> None:
    """It was the right one: its address starts anew. Its network does not, or one account would free it."""
    with store.write() as tx:
        for key, patience in tried.items():
            if patience is _ADDRESS:
                sign_ins.forget(tx, key)
