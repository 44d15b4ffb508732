"""Subscribers, their subscriptions, and the addresses that must never be mailed."""

from __future__ import annotations

import json
import string
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Row, Select, Text, and_, bindparam, cast, or_, select, update

from publisher.config import values
from publisher.store import erased, webhooks
from publisher.store.bulk import Converted, among, insert_alike, insert_all, new_ids
from publisher.store.database import insert_all_new, insert_new
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


_NOBODY = Known()
_SMALL = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


@lru_cache(maxsize=65_536)
def address_key(address: str) -> str:
    """The form in which two spellings of one address are equal: small letters, its domain in ASCII."""
    if address.isascii():
        return address.lower()
    try:
        wire = values.wire_address(address)
    except ValueError:
        return address.lower()
    # a letter that only looks like one of ours does not make somebody else's address of it (the Kelvin sign)
    key = unicodedata.normalize("NFC", wire.lower())
    return wire.translate(_SMALL) if key.isascii() and not wire.isascii() else key


def subscriber(row: Row[Any]) -> Subscriber:
    """A subscriber from a row that holds its columns."""
    return Subscriber(row.id, row.address, row.name, row.attributes, row.created_at)


def subscription(row: Row[Any]) -> Subscription:
    """A subscription from a row that holds its columns."""
    values = {name: row._mapping[subscriptions.c[name]] for name in subscriptions.c.keys()}  # noqa: SIM118
    values["topics"] = None if values["topics"] is None else tuple(values["topics"])
    return Subscription(**values)


def _made(row: Sequence[Any]) -> Subscription:
    """As `subscription`, of the table's columns and no others: they have the order of its fields."""
    values = list(row)
    values[4] = None if values[4] is None else tuple(values[4])
    return Subscription(*values)


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
    found = dict.fromkeys(map(address_key, addresses), _NOBODY)
    people = tx.execute(select(subscribers).where(among(tx, subscribers.c.address_key, found))).all()
    theirs: dict[int, list[Subscription]] = defaultdict(list)
    if people:
        mine = among(tx, subscriptions.c.subscriber_id, [row.id for row in people])
        rows = tx.execute(_held(select(subscriptions).where(mine))).all()
        for row in sorted(rows, key=lambda row: row.newsletter):
            theirs[row.subscriber_id].append(_made(row))
    for row in people:
        found[row.address_key] = Known(subscriber(row), tuple(theirs[row.id]))
    for key, reason in _barred(tx, found).items():
        found[key] = replace(found[key], suppression=reason)
    return found


def _barred(tx: Connection, keys: Collection[str]) -> dict[str, str]:
    """Which of these keys must not be mailed, and why; erased ones too, as far as their hash tells."""
    by_hash = erased.hashes(tx, keys)
    query = select(suppressions.c.address_key, suppressions.c.reason)
    rows = tx.execute(query.where(among(tx, suppressions.c.address_key, [*keys, *by_hash])))
    return {by_hash.get(row.address_key, row.address_key): row.reason for row in rows}


def _held(query: Select[Any]) -> Select[Any]:
    """Always in the order of their ids: two that wait for each other would both fail."""
    return query.order_by(subscriptions.c.id).with_for_update(key_share=True)


def add(tx: Connection, people: Sequence[tuple[str, str, Mapping[str, str]]], now: datetime) -> list[int]:
    """The ids of new subscribers, each an address, a name and attributes."""
    if not people:
        return []
    ids = new_ids(tx, subscribers, len(people))
    rows = [
        {
            "id": id_,
            "address": address,
            "address_key": address_key(address),
            "name": name,
            "attributes": attributes,
            "created_at": now,
        }
        for id_, (address, name, attributes) in zip(ids, people, strict=True)
    ]
    insert_all(tx, subscribers, rows)
    return ids


def describe(tx: Connection, people: Sequence[tuple[int, str, Mapping[str, str]]]) -> None:
    """Replace name and attributes of subscribers, each an id and these."""
    rows = [{"b_id": id_, "name": name, "attributes": dict(said)} for id_, name, said in people]
    if rows:
        tx.execute(update(subscribers).where(subscribers.c.id == bindparam("b_id")), rows)


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


def subscribe(
    tx: Connection, rows: Sequence[tuple[int, Mapping[str, Any]]], written: Converted | None = None
) -> None:
    """New subscriptions: whose, and the rest of the row, all of the same columns; see `insert_alike`."""
    insert_alike(tx, subscriptions, "subscriber_id", rows, written)


def change(tx: Connection, id_: int, values: Mapping[str, Any]) -> None:
    """Change a subscription; its revision goes up, so that a cut under way looks at it again."""
    changed = {**values, "revision": subscriptions.c.revision + 1}
    tx.execute(update(subscriptions).where(subscriptions.c.id == id_).values(changed))
    if values.get("status") == "unsubscribed":
        webhooks.note_left(tx, id_, values["ended_at"])


def change_all(tx: Connection, changes: Mapping[int, Mapping[str, Any]]) -> None:
    """As `change`, for many subscriptions by their id, in the order of their ids."""
    alike: dict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
    for id_, new in sorted(changes.items()):
        alike[tuple(sorted(new))].append({"b_id": id_, **new})
    for names, rows in alike.items():
        changed: dict[str, Any] = {name: bindparam(name) for name in names}
        changed["revision"] = subscriptions.c.revision + 1
        tx.execute(update(subscriptions).where(subscriptions.c.id == bindparam("b_id")).values(changed), rows)


def everybody(
    tx: Connection, newsletter: str = "", status: str = ""
) -> Iterator[tuple[Subscriber, Subscription]]:
    """Every subscription with its subscriber, by address; of one newsletter or all, one status or any."""
    query = select(subscribers.c.address, subscribers.c.name, subscribers.c.attributes, subscriptions).join(
        subscribers, subscribers.c.id == subscriptions.c.subscriber_id
    )
    if newsletter:
        query = query.where(subscriptions.c.newsletter == newsletter)
    if status:
        query = query.where(subscriptions.c.status == status)
    query = query.where(erased.not_erased(subscribers.c.address_key))
    ordered = query.order_by(subscribers.c.address_key, subscriptions.c.newsletter)
    for address, name, attributes, *rest in tx.execute(ordered, execution_options={"yield_per": BATCH}):
        mine = _made(rest)
        yield Subscriber(mine.subscriber_id, address, name, attributes, mine.created_at), mine


def attributes(tx: Connection) -> Iterator[Mapping[str, str]]:
    """The attributes of subscribers who have any; of those who have the same, mostly once."""
    written = cast(subscribers.c.attributes, Text)
    query = select(written).where(written != "{}", erased.not_erased(subscribers.c.address_key))
    seen: set[str] = set()
    for one in tx.scalars(query, execution_options={"yield_per": BATCH}):
        if one not in seen:
            # very many are alike, and to read one takes longer than all the rest
            if len(seen) >= BATCH:
                seen.clear()
            seen.add(one)
            yield json.loads(one)


def any_confirmed(tx: Connection, newsletter: str) -> bool:
    """Whether anybody has confirmed a subscription to the newsletter."""
    query = select(subscriptions.c.id).where(subscriptions.c.newsletter == newsletter)
    return tx.scalar(query.where(subscriptions.c.status == "confirmed").limit(1)) is not None


def suppress(tx: Connection, address: str, reason: str, now: datetime) -> bool:
    """Never mail this address again, for this reason since `now`; False when that was so already."""
    key = address_key(address)
    if _barred(tx, [key]):
        return False  # an erased address must not stand there in full
    return insert_new(tx, suppressions, {"address_key": key, "reason": reason, "created_at": now})


def suppress_all(tx: Connection, rows: Iterable[tuple[str, str, datetime]]) -> int:
    """As `suppress`, for many: address, reason, since when; how many were new."""
    wanted = {key: (reason, at) for a, reason, at in rows if (key := _suppression_key(a))}
    there = _barred(tx, wanted)
    new = [
        {"address_key": key, "reason": reason, "created_at": at}
        for key, (reason, at) in wanted.items()
        if key not in there
    ]
    insert_all_new(tx, suppressions, new)
    return len(new)


def _suppression_key(address: str) -> str:
    return address if erased.is_hash(address) else address_key(address)


def suppression(tx: Connection, address: str) -> str:
    """Why an address must not be mailed, that it was erased included; empty when it may."""
    return _barred(tx, [key := address_key(address)]).get(key, "")


def suppressed(tx: Connection) -> list[tuple[str, str, datetime]]:
    """(address, reason, since when) of every suppression."""
    return [tuple(row) for row in tx.execute(select(suppressions).order_by(suppressions.c.address_key))]


def unsuppress(tx: Connection, address: str) -> bool:
    """Let an address be mailed again, an erased one too; False when it was not suppressed."""
    key = address_key(address)
    mine = suppressions.c.address_key.in_([key, *erased.hashes(tx, [key])])
    return bool(tx.execute(suppressions.delete().where(mine)).rowcount)


def lift_erasure(tx: Connection, address: str) -> bool:
    """Let somebody who was erased sign up again, by themselves; False when the address was not erased.

    Whatever else suppresses it stays.
    """
    mine = suppressions.c.address_key.in_(erased.hashes(tx, [address_key(address)]))
    return bool(tx.execute(suppressions.delete().where(mine)).rowcount)


def receiving(now: datetime) -> Any:
    """The condition that a subscription may get mail now: confirmed and not paused."""
    awake = or_(subscriptions.c.paused_until.is_(None), subscriptions.c.paused_until <= now)
    return and_(subscriptions.c.status == "confirmed", awake)
