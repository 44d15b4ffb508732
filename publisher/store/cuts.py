"""Cuts: each pass over the subscriptions of a slot, recorded so that a killed one can go on (rule 9)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select, update

from publisher.store.schema import cuts


@dataclass(frozen=True, slots=True)
class Cut:
    """One pass over the subscriptions that are due in a slot, with its own upper release `hi` (rule 9)."""

    id: int
    newsletter: str
    cadence: str
    slot: str
    request: Mapping[str, Any]
    edition_id: int | None
    at: datetime
    hi: int
    cursor: int
    finished_at: datetime | None = None

    @property
    def kind(self) -> str:
        """due, now or hand: whom it is for."""
        return str(self.request["kind"])


def start(tx: Connection, values: Mapping[str, Any]) -> Cut:
    """Record a cut, so that a killed one can go on."""
    (key,) = tx.execute(cuts.insert().values({**values, "cursor": 0})).inserted_primary_key or (0,)
    return _cut(tx.execute(select(cuts).where(cuts.c.id == key)).one())


def _cut(row: Row[Any]) -> Cut:
    return Cut(**row._mapping)


def unfinished(tx: Connection, newsletter: str = "") -> list[Cut]:
    """Cuts that were killed on their way, oldest first; of one newsletter or all."""
    query = select(cuts).where(cuts.c.finished_at.is_(None))
    if newsletter:
        query = query.where(cuts.c.newsletter == newsletter)
    return [_cut(r) for r in tx.execute(query.order_by(cuts.c.id))]


def forget(tx: Connection, id_: int) -> None:
    """Remove a cut that has frozen nothing."""
    tx.execute(cuts.delete().where(cuts.c.id == id_, cuts.c.edition_id.is_(None)))


def end(tx: Connection, edition_id: int, now: datetime) -> None:
    """Finish what is left of an edition's cuts, when it is cancelled."""
    left = (cuts.c.edition_id == edition_id, cuts.c.finished_at.is_(None))
    tx.execute(update(cuts).where(*left).values(finished_at=now))


def move(tx: Connection, id_: int, **changes: Any) -> None:
    """Advance a cut's cursor, give it its edition, or finish it."""
    tx.execute(update(cuts).where(cuts.c.id == id_).values(**changes))
