"""Subscribers, their subscriptions, and the addresses that must never be mailed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, or_, select, update

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


def address_key(address: str) -> str:
    """The form in which two spellings of one address are equal."""
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


def add(tx: Connection, address: str, name: str, attributes: Mapping[str, str], now: datetime) -> int:
    """A new subscriber's id."""
    values = {
        "address": address,
        "address_key": address_key(address),
        "name": name,
        "attributes": dict(attributes),
        "created_at": now,
    }
    (key,) = tx.execute(subscribers.insert().values(values)).inserted_primary_key or (0,)
    return int(key)


def describe(tx: Connection, id_: int, name: str, attributes: Mapping[str, str]) -> None:
    """Replace a subscriber's name and attributes."""
    changed = {"name": name, "attributes": dict(attributes)}
    tx.execute(update(subscribers).where(subscribers.c.id == id_).values(changed))


def subscriptions_of(tx: Connection, subscriber_id: int) -> list[Subscription]:
    """Everything a subscriber ever subscribed to."""
    query = select(subscriptions).where(subscriptions.c.subscriber_id == subscriber_id)
    return [subscription(row) for row in tx.execute(query.order_by(subscriptions.c.newsletter))]


def get(tx: Connection, subscription_id: int) -> Subscription | None:
    """The subscription with this id."""
    row = tx.execute(select(subscriptions).where(subscriptions.c.id == subscription_id)).first()
    return subscription(row) if row else None


def subscribe(tx: Connection, values: Mapping[str, Any]) -> int:
    """A new subscription's id."""
    (key,) = tx.execute(subscriptions.insert().values(dict(values))).inserted_primary_key or (0,)
    return int(key)


def change(tx: Connection, id_: int, values: Mapping[str, Any]) -> None:
    """Change a subscription; its revision goes up, so that a cut under way looks at it again."""
    changed = {**values, "revision": subscriptions.c.revision + 1}
    tx.execute(update(subscriptions).where(subscriptions.c.id == id_).values(changed))


def everybody(tx: Connection, newsletter: str = "") -> Iterator[tuple[Subscriber, Subscription]]:
    """Every subscription with its subscriber, by address; of one newsletter or all."""
    query = select(
        subscribers.c.address, subscribers.c.name, subscribers.c.attributes, subscriptions
    ).join(subscribers, subscribers.c.id == subscriptions.c.subscriber_id)
    if newsletter:
        query = query.where(subscriptions.c.newsletter == newsletter)
    for row in tx.execute(query.order_by(subscribers.c.address_key, subscriptions.c.newsletter)):
        person = Subscriber(row.subscriber_id, row.address, row.name, row.attributes, row.created_at)
        yield person, subscription(row)


def suppress(tx: Connection, address: str, reason: str, now: datetime) -> bool:
    """Never mail this address again; False when that was so already."""
    if suppression(tx, address):
        return False
    values = {"address_key": address_key(address), "reason": reason, "created_at": now}
    tx.execute(suppressions.insert().values(values))
    return True


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
