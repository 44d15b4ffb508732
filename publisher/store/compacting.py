"""The ledger made smaller: what was sent long ago leaves it for `compacted` (rule 27)."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, exists, func, select, update

from publisher.store import figures
from publisher.store.bulk import among
from publisher.store.compacted import BUCKET, KEPT, pack
from publisher.store.schema import compacted, deliveries, editions, events, variants

_SENT = deliveries.c.status == "sent"


def old(tx: Connection, before: datetime) -> list[int]:
    """Editions that were done before a moment, and of which the ledger still has sent deliveries."""
    mine = exists().where(deliveries.c.edition_id == editions.c.id, _SENT)
    query = select(editions.c.id).where(editions.c.state == "done", editions.c.done_at < before, mine)
    return list(tx.scalars(query.order_by(editions.c.id)))


def left(tx: Connection, edition_id: int) -> int:
    """How many sent deliveries of an edition the ledger has."""
    query = select(func.count()).where(deliveries.c.edition_id == edition_id, _SENT)
    return int(tx.scalar(query) or 0)


def next_subscriber(tx: Connection, edition_id: int, after: int) -> int | None:
    """The first subscriber beyond one who has a sent delivery of an edition."""
    person = deliveries.c.subscriber_id
    query = select(person).where(deliveries.c.edition_id == edition_id, person > after, _SENT)
    return tx.scalar(query.order_by(person).limit(1))


def compact(tx: Connection, edition_id: int, bucket: int) -> int:
    """Take the sent deliveries of an edition to one bucket of subscribers out of the ledger; how many."""
    state = select(editions.c.state).where(editions.c.id == edition_id)
    if tx.scalar(state.with_for_update(read=True)) != "done":
        return 0
    rows = tx.execute(_rows(edition_id, bucket)).all()
    if not rows:
        return 0
    ids = [row.id for row in rows]
    if tx.execute(events.delete().where(among(tx, events.c.delivery_id, ids))).rowcount:
        figures.forgotten(tx)
    tx.execute(deliveries.delete().where(among(tx, deliveries.c.id, ids)))
    data = {"edition_id": edition_id, "bucket": bucket, "deliveries": len(rows), "data": pack(rows)}
    tx.execute(compacted.insert().values(data))
    for variant, number in Counter(row.variant_id for row in rows).items():
        more = {"compacted": variants.c.compacted + number}
        tx.execute(update(variants).where(variants.c.id == variant).values(more))
    return len(rows)


def _rows(edition_id: int, bucket: int) -> Any:
    person = deliveries.c.subscriber_id
    mine = (deliveries.c.edition_id == edition_id, _SENT)
    some = (person >= bucket * BUCKET, person < (bucket + 1) * BUCKET)
    # the newest of the whole ledger stays: SQLite gives the highest id out again, and with it a Message-ID
    newest = select(func.max(deliveries.c.id)).scalar_subquery()
    query = select(*(deliveries.c[name] for name in KEPT)).where(*mine, *some, deliveries.c.id < newest)
    return query.order_by(person).with_for_update()
