"""The deliveries of an edition in slices along an index: a page costs the same in the largest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, select

from publisher.store import compacted
from publisher.store.compacted import Past
from publisher.store.schema import deliveries, subscribers

_D, _S = deliveries.c, subscribers.c
_LAST = "\U0010ffff"  # sorts behind every address


class Known(NamedTuple):
    """What a filter needs of a delivery, and the place behind it.

    `id` is 0 for one that is compacted, and `past` is it then.
    """

    id: int
    address: str
    status: str
    place: str
    past: Past | None = None


class Slice(NamedTuple):
    """Some deliveries, and the place behind all that were looked at; empty where nothing follows."""

    found: list[Known]
    after: str


_COLUMNS = (_D.id, _D.address, _D.status, _D.subscriber_id)


def by_address(tx: Connection, edition_id: int, begin: str, after: str, most: int) -> Slice:
    """Those to subscribers whose address begins so now, by address; `most` subscribers are looked at."""
    key = select(_S.id, _S.address_key).where(_S.address_key >= begin, _S.address_key < begin + _LAST)
    if after:
        key = key.where(_S.address_key > after)
    people = tx.execute(key.order_by(_S.address_key).limit(most)).all()
    names = {row.id: row.address_key for row in people}
    mine = (_D.edition_id == edition_id, _D.subscriber_id.in_(list(names)))
    there = {
        person: Known(id_, address, status, names[person])
        for id_, address, status, person in tx.execute(select(*_COLUMNS).where(*mine))
    }
    missing = names.keys() - there.keys()
    if missing and compacted.count(tx, edition_id):
        for past in compacted.of(tx, missing, [edition_id]):
            name = names[past.subscriber_id]
            there[past.subscriber_id] = _past(past._replace(address=name), name)
    found = [there[id_] for id_ in names if id_ in there]
    return Slice(found, people[-1].address_key if len(people) == most else "")


def of_status(tx: Connection, edition_id: int, status: str, after: str, most: int) -> Slice:
    """Those of a status, of which there are few, by id: all ids are read, and then `most` deliveries."""
    ids = sorted(tx.scalars(select(_D.id).where(_D.edition_id == edition_id, _D.status == status)))
    rest = [id_ for id_ in ids if id_ > _number(after)]
    rows = tx.execute(select(*_COLUMNS).where(_D.id.in_(rest[:most])).order_by(_D.id))
    found = [Known(id_, address, status, str(id_)) for id_, address, status, _ in rows]
    return Slice(found, str(rest[most - 1]) if len(rest) > most else "")


def by_subscriber(tx: Connection, edition_id: int, after: str, most: int) -> Slice:
    """All of them by subscriber, those that are compacted last."""
    if after.startswith("p"):
        bucket, _, number = after[1:].partition(".")
        return _compacted(tx, edition_id, _number(bucket), _number(number))
    mine = (_D.edition_id == edition_id, _D.subscriber_id > _number(after))
    rows = tx.execute(select(*_COLUMNS).where(*mine).order_by(_D.subscriber_id).limit(most))
    found = [Known(id_, address, status, str(person)) for id_, address, status, person in rows]
    if len(found) == most:
        return Slice(found, found[-1].place)
    return Slice(found, "p0.0" if compacted.count(tx, edition_id) else "")


def _compacted(tx: Connection, edition_id: int, begin: int, done: int) -> Slice:
    """The next value of them, from a bucket of which so many were shown."""
    bucket, past = compacted.listed(tx, edition_id, begin - 1)
    if not past:
        return Slice([], "")
    skipped = done if bucket == begin else 0
    found = [_past(one, f"p{bucket}.{n + 1}") for n, one in enumerate(past)]
    return Slice(found[skipped:], f"p{bucket + 1}.0")


def _past(one: Past, place: str) -> Known:
    return Known(0, one.address, one.status, place, one)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 18 else 0


def rows(tx: Connection, ids: Sequence[int]) -> dict[int, Row[Any]]:
    """Deliveries by their id."""
    return {row.id: row for row in tx.execute(select(deliveries).where(_D.id.in_(list(ids))))}
