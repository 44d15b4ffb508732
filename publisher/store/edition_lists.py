"""Editions as pages list them, a page at a time."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, select

from publisher.store.editions import Edition
from publisher.store.schema import editions


def page(
    tx: Connection, most: int, before: int | None = None, newsletter: str = "", states: Sequence[str] = ()
) -> list[Edition]:
    """Editions, the newest first; those before an id, of one newsletter, in some states."""
    query = select(editions).order_by(editions.c.id.desc()).limit(most)
    if before is not None:
        query = query.where(editions.c.id < before)
    if newsletter:
        query = query.where(editions.c.newsletter == newsletter)
    if states:
        query = query.where(editions.c.state.in_(states))
    return [Edition(**row._mapping) for row in tx.execute(query)]
