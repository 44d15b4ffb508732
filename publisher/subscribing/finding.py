"""Subscribers as an editor looks for them, and everything that is known of one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

from publisher import permissions
from publisher.config.schema import Config
from publisher.errors import NotFound
from publisher.model.editors import Actor
from publisher.store import Store, consents, histories, people, private_feeds, reports, searching, subscribers
from publisher.store.compacted import Past
from publisher.store.consents import Consent
from publisher.store.erasing import GONE
from publisher.store.people import PAUSED, STATUSES, Listed
from publisher.store.subscribers import Subscriber, Subscription, address_key
from publisher.subscribing.suppressing import needs_care
from publisher.subscribing.tending import NOBODY

A_PAGE = 50
# people that one page looks through where what was searched is filtered, too
_LOOKED_THROUGH, _AT_ONCE = 1000, 200
FILTERS = (*STATUSES, PAUSED)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for: the beginning of an address, a name or a domain; a newsletter, and a status."""

    text: str = ""
    newsletter: str = ""
    status: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """Subscribers, and the key of the next page; empty for none. `partly`: there is more to look through."""

    rows: Sequence[Listed]
    more: str = ""
    partly: bool = False


@dataclass(frozen=True, slots=True)
class Known:
    """Everything on the page of a subscriber. `feeds` are private feeds by subscription.

    `texts` are the words that consents name; `risky`: lifting the suppression is likely to do harm.
    """

    person: Subscriber
    subscriptions: Sequence[Subscription]
    feeds: Mapping[int, int]
    consents: Sequence[Consent]
    texts: Mapping[str, str]
    suppression: tuple[str, datetime] | None
    reports: Sequence[Row[Any]]
    deliveries: Sequence[Row[Any] | Past]
    older: int | None

    @property
    def risky(self) -> bool:
        """Whether what suppresses them was a bounce or a complaint."""
        return bool(self.suppression) and needs_care((self.suppression or ("",))[0])


def find(store: Store, config: Config, actor: Actor, wanted: Wanted, after: str, now: datetime) -> Page:
    """A page of subscribers, from the key of the page before on. Raises NotAllowed."""
    permissions.check(actor, "see people")
    with store.read() as tx:
        if wanted.text.strip():
            return _searched(tx, wanted, after, now)
        before = int(after) if after.isascii() and after.isdigit() and len(after) < 16 else None
        some = (wanted.newsletter,) if wanted.newsletter else tuple(config.newsletters)
        names = some if wanted.newsletter or wanted.status else ()
        ids = people.newest(tx, names, wanted.status, before, A_PAGE + 1, now)
        rows = people.listed(tx, ids[:A_PAGE], now)
    return Page(rows, str(ids[A_PAGE - 1]) if len(ids) > A_PAGE else "")


def _searched(tx: Connection, wanted: Wanted, after: str, now: datetime) -> Page:
    ids: list[int] = []
    narrowed = bool(wanted.newsletter or wanted.status)
    size, looked = _AT_ONCE if narrowed else A_PAGE + 1, 0
    while looked < _LOOKED_THROUGH:
        found = searching.subscribers(tx, wanted.text, after, size)
        every = {one.id for one in found}
        fits = people.fitting(tx, every, wanted.newsletter, wanted.status, now) if narrowed else every
        for one in found:
            if len(ids) == A_PAGE:
                return Page(people.listed(tx, ids, now), after)
            after = address_key(one.address)
            if one.id in fits:
                ids.append(one.id)
        looked += len(found)
        if len(found) < size:
            return Page(people.listed(tx, ids, now))
    return Page(people.listed(tx, ids, now), after, partly=True)


def known(store: Store, actor: Actor, id_: int, before: int | None = None) -> Known:
    """Everything about one subscriber, with deliveries of editions before an id. Raises NotFound, too."""
    permissions.check(actor, "see people")
    with store.read() as tx:
        person = subscribers.by_id(tx, id_)
        if person is None or person.address == GONE:
            raise NotFound(NOBODY)
        theirs = subscribers.subscriptions_of(tx, id_)
        agreed = consents.of(tx, [id_]).get(id_, [])
        deliveries, older = histories.newest(tx, id_, A_PAGE, before)
        return Known(
            person,
            theirs,
            private_feeds.of(tx, [one.id for one in theirs]),
            agreed,
            consents.texts(tx, {one.version for one in agreed}),
            histories.suppression(tx, person.address),
            reports.of(tx, person.address),
            deliveries,
            older,
        )
