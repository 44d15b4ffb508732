"""Sent deliveries of long ago: those of neighbouring subscribers are one compressed value (rule 27).

What is kept of each: for whom, which variant and window, in which attempt, when, and with which code. The
address, the fields and the server's own words are not, and neither are its events.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from itertools import accumulate, pairwise
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, select

from publisher.store.schema import compacted, subscribers, variants

BUCKET = 512  # subscriber ids that share a value


class Past(NamedTuple):
    """A compacted delivery. It has the names of a row of the ledger, and what is the same for all of them.

    `address` is what the subscriber has now; the last four are those of its edition, as far as it is asked.
    """

    id: int
    subscriber_id: int
    subscription_id: int
    variant_id: int
    lo: int
    hi: int
    attempt: int
    generation: int
    code: int
    finished_at: datetime
    edition_id: int = 0
    address: str = ""
    newsletter: str = ""
    number: int = 0
    cadence: str = ""
    state: str = ""
    status: str = "sent"
    reply: str = ""
    worker: str = ""
    due_at: datetime | None = None
    started_at: datetime | None = None
    acknowledged_at: datetime | None = None


KEPT = Past._fields[:10]
_PERSON = KEPT.index("subscriber_id")
_DEFAULTS = tuple(Past._field_defaults.values())


def pack(rows: Iterable[Sequence[Any]]) -> bytes:
    """Rows of `KEPT`: each column as its first value and the differences, which are small and alike."""
    columns = [list(column) for column in zip(*rows, strict=True)]
    columns[-1] = [int(moment.timestamp()) for moment in columns[-1]]
    text = json.dumps([[column[0], *(b - a for a, b in pairwise(column))] for column in columns])
    return zlib.compress(text.encode(), 9)


def unpack(data: bytes, wanted: Collection[int] | None = None) -> list[Past]:
    """What was packed, of all subscribers or those wanted; times to the second."""
    return [
        Past._make([*row, datetime.fromtimestamp(end, UTC), *_DEFAULTS])
        for *row, end in zip(*_columns(data), strict=True)
        if wanted is None or row[_PERSON] in wanted
    ]


@lru_cache(64)
def _columns(data: bytes) -> list[list[int]]:
    """Kept: where people did not subscribe in the order of their ids, a cut asks for the same ones often."""
    return [list(accumulate(column)) for column in json.loads(zlib.decompress(data))]


def count(tx: Connection, edition_id: int) -> int:
    """How many deliveries of an edition are compacted."""
    query = select(func.sum(variants.c.compacted)).where(variants.c.edition_id == edition_id)
    return int(tx.scalar(query) or 0)


def of(tx: Connection, people: Iterable[int], among: Any) -> list[Past]:
    """The deliveries of some subscribers that are compacted, in editions `among` (ids or a query); by id."""
    wanted = set(people)
    buckets = sorted({person // BUCKET for person in wanted})
    some = among if not isinstance(among, Collection) else list(among)
    query = select(compacted.c.edition_id, compacted.c.data)
    query = query.where(compacted.c.edition_id.in_(some), compacted.c.bucket.in_(buckets))
    found = [
        past._replace(edition_id=edition)
        for edition, data in tx.execute(query)
        for past in unpack(data, wanted)
    ]
    return sorted(found)


def listed(tx: Connection, edition_id: int, after: int) -> tuple[int, list[Past]]:
    """The next value of an edition beyond a bucket: that bucket and its deliveries; empty after the last."""
    mine = compacted.c.edition_id == edition_id
    bucket = tx.scalar(select(func.min(compacted.c.bucket)).where(mine, compacted.c.bucket > after))
    if bucket is None:
        return after, []
    found = tx.scalars(select(compacted.c.data).where(mine, compacted.c.bucket == bucket)).all()
    past = [one for data in found for one in unpack(data)]
    people = [one.subscriber_id for one in past]
    now = select(subscribers.c.id, subscribers.c.address).where(subscribers.c.id.in_(people))
    addresses: dict[int, str] = {row.id: row.address for row in tx.execute(now)}
    return bucket, sorted(p._replace(address=addresses.get(p.subscriber_id, "")) for p in past)
