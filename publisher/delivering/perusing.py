"""The ledger of an edition, page by page: by the beginning of an address, a status, a mailbox provider."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any

from sqlalchemy import Connection, Row

from publisher import permissions
from publisher.delivering.progress import domain_of, providers_of
from publisher.model.editors import Actor
from publisher.store import Store, histories, ledger, ledger_pages
from publisher.store.compacted import Past
from publisher.store.editions import Edition
from publisher.store.ledger_pages import Known, Slice
from publisher.store.subscribers import address_key

A_PAGE = 50
_FEW, _SLICE = 5000, 500
_SECONDS = 0.06


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which deliveries: those that satisfy all of these that are not empty."""

    begin: str = ""
    status: str = ""
    provider: str = ""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One of them, with its provider and history; one that was compacted has no history any more."""

    row: Row[Any] | Past
    provider: str
    events: Sequence[Row[Any]]


@dataclass(frozen=True, slots=True)
class Page:
    """Some deliveries. `after` asks for what follows; with it, fewer than a page means that the time was up
    before enough were found."""

    found: tuple[Delivery, ...]
    after: str
    counts: dict[str, int]


def page(store: Store, actor: Actor, edition: Edition, wanted: Wanted, after: str = "") -> Page:
    """The next deliveries that are wanted, at most A_PAGE. Raises NotAllowed, StoreError."""
    permissions.check(actor, "see people")
    with store.read() as tx:
        counts = ledger.counts(tx, edition.id)
        found, then = _collected(_slices(tx, edition, wanted, counts), wanted, after)
        ids = [one.id for one in found if one.id]
        rows, history = ledger_pages.rows(tx, ids), histories.events_of(tx, ids)
    named = providers_of({domain_of(one.address) for one in found})
    made = (
        Delivery(one.past or rows[one.id], named[domain_of(one.address)], history.get(one.id, ()))
        for one in found
    )
    return Page(tuple(made), then, counts)


def _slices(
    tx: Connection, edition: Edition, wanted: Wanted, counts: dict[str, int]
) -> Callable[[str], Slice]:
    """What gives the next slice beyond a place, along the index that serves best."""
    if wanted.begin:
        key = _beginning(wanted.begin)
        return lambda after: ledger_pages.by_address(tx, edition.id, key, after, _SLICE)
    # what was sent may be compacted, and then it has no row
    if wanted.status not in ("", "sent") and counts[wanted.status] <= _FEW:
        return lambda after: ledger_pages.of_status(tx, edition.id, wanted.status, after, _SLICE)
    return lambda after: ledger_pages.by_subscriber(tx, edition.id, after, _SLICE)


def _beginning(typed: str) -> str:
    """As addresses are kept: of a whole one its key, of a part in small letters."""
    return address_key(typed) if "@" in typed else typed.lower()


def _collected(following: Callable[[str], Slice], wanted: Wanted, after: str) -> tuple[list[Known], str]:
    """A page of what is wanted, and the place behind it; fewer where that takes too long."""
    found, until = list[Known](), monotonic() + _SECONDS
    while True:
        some, after = following(after)
        fits = [one for one in some if _fits(one, wanted)]
        more = len(found) + len(fits) - A_PAGE
        found += fits[: len(fits) - max(more, 0)]
        if more > 0:
            return found, found[-1].place
        if not more or not after or monotonic() > until:
            return found, after


def _fits(one: Known, wanted: Wanted) -> bool:
    if wanted.status and one.status != wanted.status:
        return False
    domain = domain_of(one.address)
    return not wanted.provider or wanted.provider in (domain, providers_of({domain})[domain])
