"""What mail servers answered of one edition: a bounded number of rows, found by index."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, func, select

from publisher.store.schema import deliveries, events

_D, _E = deliveries.c, events.c


class Answer(NamedTuple):
    """What was said last about a delivery."""

    address: str
    status: str
    code: int
    reply: str


class Tally(NamedTuple):
    """How many deliveries to a domain have a status."""

    domain: str
    status: str
    number: int


def _domain(tx: Connection) -> ColumnElement[Any]:
    """The part behind the first @; hardly anybody has another one before it, in quotes."""
    if tx.dialect.name == "sqlite":
        return func.lower(func.substr(_D.address, func.instr(_D.address, "@") + 1))
    return func.lower(func.substr(_D.address, func.strpos(_D.address, "@") + 1))


def all_of(tx: Connection, edition_id: int, most: int) -> list[Tally]:
    """How the deliveries of an edition stand, by domain; `most` of them."""
    mine = select(_domain(tx).label("domain"), _D.status).where(_D.edition_id == edition_id)
    some = mine.limit(most).subquery().c
    query = select(some.domain, some.status, func.count()).group_by(some.domain, some.status)
    return [Tally(*row) for row in tx.execute(query)]


def newest(tx: Connection, edition_id: int, most: int) -> tuple[list[Tally], datetime | None]:
    """The outcomes of an edition among the newest `most` events of all editions, and since when they are."""
    latest = select(_E.delivery_id, _E.at, _E.old, _E.new).order_by(_E.id.desc()).limit(most).subquery()
    mine = (latest.c.old == "sending", _D.edition_id == edition_id)
    domain = _domain(tx)
    query = select(domain, latest.c.new, func.count(), func.min(latest.c.at))
    query = query.join(latest, latest.c.delivery_id == _D.id).where(*mine).group_by(domain, latest.c.new)
    rows = tx.execute(query).all()
    return [Tally(*row[:3]) for row in rows], min((row[3] for row in rows), default=None)


def said(tx: Connection, edition_id: int, status: str, most: int) -> list[Answer]:
    """The last answers about those deliveries of an edition that have a status; `most` of them."""
    query = select(_D.address, _D.status, _D.code, _D.reply)
    mine = (_D.edition_id == edition_id, _D.status == status)
    return [Answer(*row) for row in tx.execute(query.where(*mine).limit(most))]
