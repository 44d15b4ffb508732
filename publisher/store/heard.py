"""What mail servers answered of one edition: a bounded number of rows, found by index."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, select

from publisher.store.schema import deliveries, events

_D, _E = deliveries.c, events.c


class Answer(NamedTuple):
    """What became of a delivery: `at` is when, or None where that is not asked."""

    address: str
    status: str
    code: int
    reply: str
    at: datetime | None


def all_of(tx: Connection, edition_id: int, most: int) -> list[Answer]:
    """How the deliveries of an edition stand, without the words; `most` of them."""
    query = select(_D.address, _D.status).where(_D.edition_id == edition_id).limit(most)
    return [Answer(*row, 0, "", None) for row in tx.execute(query)]


def newest(tx: Connection, edition_id: int, most: int) -> list[Answer]:
    """The outcomes of an edition among the newest `most` events of all editions, the newest first."""
    latest = select(_E.delivery_id, _E.at, _E.old, _E.new).order_by(_E.id.desc()).limit(most).subquery()
    query = (
        select(_D.address, latest.c.new, latest.c.at)
        .join(latest, latest.c.delivery_id == _D.id)
        .where(latest.c.old == "sending", _D.edition_id == edition_id)
        .order_by(latest.c.at.desc())
    )
    return [Answer(address, status, 0, "", at) for address, status, at in tx.execute(query)]


def said(tx: Connection, edition_id: int, status: str, most: int) -> list[Answer]:
    """The last answers about those deliveries of an edition that have a status; `most` of them."""
    query = select(_D.address, _D.status, _D.code, _D.reply, _D.started_at)
    mine = (_D.edition_id == edition_id, _D.status == status)
    return [Answer(*row) for row in tx.execute(query.where(*mine).limit(most))]
