"""The ledger of an edition, page by page: by the beginning of an address, a status, a mailbox provider."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any

from sqlalchemy import Connection, Row

from publisher import permissions
from publisher.delivering.progress import domain_of, providers_of
from publisher.model.editors import Actor
from publisher.store import Store, histories, ledger, searching
from publisher.store.compacted import Past
from publisher.store.editions import Edition

A_PAGE = 50
_SLICE, _SECONDS = 500, 0.06
Found = Row[Any] | Past


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which deliveries: those that satisfy all of these that are not empty."""

    begin: str = ""
    status: str = ""
    provider: str = ""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One of them, with its provider and history; one that was compacted has no history any more."""

    row: Found
    provider: str
    events: Sequence[Row[Any]]


@dataclass(frozen=True, slots=True)
class Page:
    """Some deliveries, and how many the edition has in each status.

    `after` (0: nothing) asks for what follows; with it, fewer than a page means that the time was up before
    enough were found.
    """

    found: tuple[Delivery, ...]
    after: int
    counts: Mapping[str, int]


def page(store: Store, actor: Actor, edition: Edition, wanted: Wanted, after: int = 0) -> Page:
    """The next deliveries that are wanted, at most A_PAGE. Raises NotAllowed, StoreError."""
    permissions.check(actor, "see people")
    with store.read() as tx:
        found, then = _collected(tx, edition, wanted, after)
        history = histories.events_of(tx, [row.id for row in found if not isinstance(row, Past)])
        counts = ledger.counts(tx, edition.id)
    named = providers_of({domain_of(row.address) for row in found})
    made = (Delivery(row, named[domain_of(row.address)], history.get(row.id, ())) for row in found)
    return Page(tuple(made), then, counts)


def _collected(tx: Connection, edition: Edition, wanted: Wanted, after: int) -> tuple[list[Found], int]:
    """A page of what is wanted, and behind whom; fewer where that takes too long."""
    most = _SLICE if wanted.provider else A_PAGE + 1
    found, until = list[Found](), monotonic() + _SECONDS
    while some := searching.deliveries(tx, edition.id, wanted.begin, wanted.status, after, most):
        for row in some:
            if not wanted.provider or _is_of(row.address, wanted.provider):
                if len(found) == A_PAGE:
                    return found, found[-1].subscriber_id
                found.append(row)
        after = some[-1].subscriber_id
        if monotonic() > until:
            return found, after
    return found, 0


def _is_of(address: str, provider: str) -> bool:
    domain = domain_of(address)
    return provider in (domain, providers_of({domain})[domain])
