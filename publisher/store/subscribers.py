"""Subscribers, their subscriptions, and the addresses that must never be mailed."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, or_, select, update

from publisher.config import values
from publisher.store.database import insert_new
from publisher.store.schema import subscribers, subscriptions, suppressions

BATCH = 1000


@dataclass(frozen=True, slots=True)
class Subscriber:
    """A person, one address."""

    id: int
    address: str
    name: str
    attributes: Mapping[str, str]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Subscription:
    """A subscriber's place in a newsletter: what they chose, and up to which release they are covered.

    `topics` is None for all. `mark`, `since` and `next_due_at` are those of rules 2, 4 and 7.
    """

    id: int
    subscriber_id: int
    newsletter: str
    status: str
    topics: tuple[str, ...] | None
    cadence: str
    weekday: int
    day: int
    hour: int
    zone: str
    language: str
    paused_until: datetime | None
    mark: int
    since: int
    next_due_at: datetime | None
    revision: int
    created_at: datetime
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """What the store knows of one address; `suppression` is why it must not be mailed, empty when it may."""

    person: Subscriber | None = None
    subscriptions: tuple[Subscription, ...] = ()
    suppression: str = ""


def address_key(address: str) -> str:
    """The form in which two spellings of one address are equal: small letters, its domain in ASCII."""
    if address.isascii():
        return address.lower()
    try:
        return unicodedata.normalize("NFC", values.wire_address(address).lower())
    except ValueError:
        return address.lower()


def subscriber(row: Row[Any]) -> Subscriber:
    """A subscriber from a row that holds its columns."""
    return Subscriber(row.id, row.address, row.name, row.attributes, row.created_at)


def subscription(row: Row[Any]) -> Subscription:
    """A subscription from a row that holds its columns."""
    values = {name: row._mapping[subscriptions.c[name]] for name in subscriptions.c.keys()}  # noqa: SIM118
    values["topics"] = None if values["topics"] is None else tuple(values["topics"])
    return Subscription(**values)


def find(tx: Connection, address: str) -> Subscriber | None:
    """The subscriber with this address, in any spelling."""
    query = select(subscribers).where(subscribers.c.address_key == address_key(address))
    row = tx.execute(query).first()
    return subscriber(row) if row else None


def by_id(tx: Connection, id_: int) -> Subscriber | None:
    """The subscriber with this id."""
    row = tx.execute(select(subscribers).where(subscribers.c.id == id_)).first()
    return subscriber(row) if row else None


def known(tx: Connection, addresses: Iterable[str]) -> dict[str, Known]:
    """What the store knows of these addresses, by their key; one of which it knows nothing is there too.

    To the end of the transaction nobody else changes their subscriptions.
    """
    keys = {address_key(a) for a in addresses}
    people = tx.execute(select(subscribers).where(subscribers.c.address_key.in_(keys)))
    by_id = {row.id: row for row in people}
    theirs: dict[int, list[Subscription]] = defaultdict(list)
    query = select(subscriptions).where(subscriptions.c.subscriber_id.in_(by_id))
    rows = tx.execute(_held(query)).all()
    for row in sorted(rows, key=lambda row: row.newsletter):
        theirs[row.subscriber_id].append(subscription(row))
    barred = select(suppressions.c.address_key, suppressions.c.reason).where(
        suppressions.c.address_key.in_(keys)
    )
    reasons = {row.address_key: row.reason for row in tx.execute(barred)}
    found = {r.address_key: r for r in by_id.values()}
    return {
        key: Known(subscriber(found[key]), tuple(theirs[found[key].id]), reasons.get(key, ""))
        if key in found
        else Known(suppression=reasons.get(key, ""))
        for key in keys
    }


def _held(query: Select[Any]) -> Select[Any]:
    """Always in the order of their ids: two that wait for each other would both fail."""
    return query.order_by(subscriptions.c.id).with_for_update(key_share=True)


def add(tx: Connection, people: Sequence[tuple[str, str, Mapping[str, str]]], now: datetime) -> list[int]:
    """The ids of new subscribers, each an address, a name and attributes."""
    values = [
        {
            "address": address,
            "address_key": address_key(address),
            "name": name,
            "attributes": dict(attributes),
            "created_at": now,
        }
        for address, name, attributes in people
    ]
    insert = subscribers.insert().returning(subscribers.c.id, sort_by_parameter_order=True)
    return [int(key) for key in tx.scalars(insert, values)]


def describe(tx: Connection, id_: int, name: str, attributes: Mapping[str, str]) -> None:
    """Replace a subscriber's name and attributes."""
    changed = {"name": name, "attributes": dict(attributes)}
    tx.execute(update(subscribers).where(subscribers.c.id == id_).values(changed))


def readdress(tx: Connection, id_: int, address: str) -> None:
    """Give a subscriber another address, which nobody has."""
    changed = {"address": address, "address_key": address_key(address)}
    tx.execute(update(subscribers).where(subscribers.c.id == id_).values(changed))


def subscriptions_of(tx: Connection, subscriber_id: int) -> list[Subscription]:
    """Everything a subscriber ever subscribed to."""
    query = select(subscriptions).where(subscriptions.c.subscriber_id == subscriber_id)
    return [subscription(row) for row in tx.execute(query.order_by(subscriptions.c.newsletter))]


def get(tx: Connection, subscription_id: int) -> Subscription | None:
    """The subscription with this id."""
    row = tx.execute(select(subscriptions).where(subscriptions.c.id == subscription_id)).first()
    return subscription(row) if row else None


def subscribe(tx: Connection, values: Sequence[dict[str, Any]]) -> None:
    """New subscriptions, each of the same columns."""
    tx.execute(subscriptions.insert(), values)


def change(tx: Connection, id_: int, values: Mapping[str, Any]) -> None:
    """Change a subscription; its revision goes up, so that a cut under way looks at it again."""
    changed = {**values, "revision": subscriptions.c.revision + 1}
    tx.execute(update(subscriptions).where(subscriptions.c.id == id_).values(changed))


def everybody(tx: Connection, newsletter: str = "") -> Iterator[tuple[Subscriber, Subscription]]:
    """Every subscription with its subscriber, by address; of one newsletter or all."""
    query = select(subscribers.c.address, subscribers.c.name, subscribers.c.attributes, subscriptions).join(
        subscribers, subscribers.c.id == subscriptions.c.subscriber_id
    )
    if newsletter:
        query = query.where(subscriptions.c.newsletter == newsletter)
    for row in tx.execute(query.order_by(subscribers.c.address_key, subscriptions.c.newsletter)):
        person = Subscriber(row.subscriber_id, row.address, row.name, row.attributes, row.created_at)
        yield person, subscription(row)


def any_confirmed(tx: Connection, newsletter: str) -> bool:
    """Whether anybody has confirmed a subscription to the newsletter."""
    query = select(subscriptions.c.id).where(subscriptions.c.newsletter == newsletter)
    return tx.scalar(query.where(subscriptions.c.status == "confirmed").limit(1)) is not None


def suppress(tx: Connection, address: str, reason: str, now: datetime) -> bool:
    """Never mail this address again, for this reason since `now`; False when that was so already."""
    values = {"address_key": address_key(address), "reason": reason, "created_at": now}
    return insert_new(tx, suppressions, values)


def suppression(tx: Connection, address: str) -> str:
    """Why an address must not be mailed; empty when it may."""
    key = suppressions.c.address_key == address_key(address)
    return str(tx.scalar(select(suppressions.c.reason).where(key)) or "")


def suppressed(tx: Connection) -> list[tuple[str, str, datetime]]:
    """(address, reason, since when) of every suppression."""
    return [tuple(row) for row in tx.execute(select(suppressions).order_by(suppressions.c.address_key))]


def unsuppress(tx: Connection, address: str) -> bool:
    """Let an address be mailed again; False when it was not suppressed."""
    key = suppressions.c.address_key == address_key(address)
    return bool(tx.execute(suppressions.delete().where(key)).rowcount)


def receiving(now: datetime) -> Any:
    """The condition that a subscription may get mail now: confirmed and not paused."""
    awake = or_(subscriptions.c.paused_until.is_(None), subscriptions.c.paused_until <= now)
    return and_(subscriptions.c.status == "confirmed", awake)
