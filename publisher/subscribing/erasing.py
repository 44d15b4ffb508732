"""Erasing a person: their history stays as numbers, and nothing in it names them (rule 29)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from sqlalchemy import Connection

from publisher.config import values
from publisher.errors import NotFound, Refused
from publisher.store import Store, erasing, in_turn, subscribers
from publisher.store.chunking import Chunks
from publisher.store.erasing import Spellings
from publisher.store.subscribers import Subscriber, address_key

_MOST = 1000
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Erased:
    """What was done: subscriptions that ended, deliveries and other rows that named the person.

    `under_way` counts messages that are being sent now: nothing of those is touched, and the person is not
    forgotten before they have ended and `erase` is asked again.
    """

    subscriptions: int = 0
    deliveries: int = 0
    others: int = 0
    under_way: int = 0
    changed: bool = False


def erase(
    store: Store, address: str, now: datetime, noted: Callable[[Connection], None] = lambda _tx: None
) -> Erased:
    """Erase whoever has this address, in short transactions; killed, it is asked again and goes on.

    What it was told of once stays told: the hash of the address stands before anything is scrubbed. `noted`
    is called in the first transaction. Raises Refused for what is no address, NotFound where nothing is known
    of it.
    """
    try:
        values.address(address)
    except ValueError as error:
        raise Refused(str(error)) from None
    with store.read() as tx:
        person = subscribers.find(tx, address)
        former = erasing.addresses_of(tx, person.id) if person else []
        spellings = Spellings(_spellings(address, person, *former))
        places = erasing.other_places(tx, spellings)
        suppressed = subscribers.suppression(tx, address)
    if not (person or suppressed or any(places.values())):
        raise NotFound(f"no subscriber {address}")
    fresh, ended = _begin(store, address, person, now, noted)
    scrubbed = _deliveries(store, person, spellings) if person else 0
    others = _others(store, spellings)
    with _thorough(store) as tx:
        in_turn(tx, "subscribers")
        busy = erasing.notices_under_way(tx, spellings)
        # somebody may have confirmed a sign-up meanwhile
        erasing.remember(tx, {address_key(address)}, now)
        if person:
            erasing.end_subscriptions(tx, person.id, now)
            busy += erasing.under_way(tx, person.id)
            if not erasing.scrub_person(tx, person.id):
                busy = max(busy, 1)
        if not busy:
            erasing.forget_links(tx, spellings)
    return Erased(ended, scrubbed, others, busy, bool(fresh or person or others))


def _spellings(address: str, person: Subscriber | None, *former: str) -> Iterator[str]:
    for one in (address, person.address if person else "", *former):
        if one:
            yield from (one, address_key(one), values.wire_address(one))


def _begin(
    store: Store,
    address: str,
    person: Subscriber | None,
    now: datetime,
    noted: Callable[[Connection], None],
) -> tuple[bool, int]:
    """From here on no import brings the address back, and nothing more is sent to it."""
    with _thorough(store) as tx:
        noted(tx)
        fresh = erasing.remember(tx, {address_key(address)}, now)
        return fresh, erasing.end_subscriptions(tx, person.id, now) if person else 0


def _deliveries(store: Store, person: Subscriber, spellings: Spellings) -> int:
    with store.read() as tx:
        ids = erasing.named_deliveries(tx, person.id)
    chunks = Chunks(store, _MOST)
    for some in _portions(ids, chunks):
        with chunks.write(len(some)) as tx, erasing.thoroughly(tx):
            erasing.scrub_deliveries(tx, some, spellings)
    return len(ids)


def _others(store: Store, spellings: Spellings) -> int:
    with store.read() as tx:
        places = erasing.other_places(tx, spellings)
    chunks = Chunks(store, _MOST)
    for table, keys in places.items():
        for some in _portions(keys, chunks):
            with chunks.write(len(some)) as tx, erasing.thoroughly(tx):
                erasing.scrub_other(tx, table, some, spellings)
    return sum(map(len, places.values()))


def _portions(keys: Sequence[T], chunks: Chunks) -> Iterator[Sequence[T]]:
    at = 0
    while at < len(keys):
        some = keys[at : at + chunks.size]
        at += len(some)
        yield some


@contextmanager
def _thorough(store: Store) -> Iterator[Connection]:
    with store.write() as tx, erasing.thoroughly(tx):
        yield tx
