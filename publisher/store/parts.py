"""Parts of long lists, found by their keys: hardly more rows are looked at than are given back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, select

from publisher.store.editions import Edition
from publisher.store.schema import deliveries, editions, suppressions

_E = editions.c


def newest_editions(
    tx: Connection, most: int, newsletter: str = "", state: str = "", before: int | None = None
) -> Sequence[Edition]:
    """Editions, the newest first; of one newsletter, in one state."""
    query = select(editions).order_by(_E.id.desc()).limit(most)
    if newsletter:
        query = query.where(_E.newsletter == newsletter)
    if state:
        query = query.where(_E.state == state)
    if before is not None:
        query = query.where(_E.id < before)
    return [Edition(**row._mapping) for row in tx.execute(query)]


def suppressions_by_address(tx: Connection, most: int, behind: str = "") -> Sequence[Row[Any]]:
    """`address_key`, `reason` and `created_at` of suppressions, by address."""
    query = select(suppressions).order_by(suppressions.c.address_key).limit(most)
    return tx.execute(query.where(suppressions.c.address_key > behind) if behind else query).all()


def delivery(tx: Connection, edition_id: int, id_: int) -> Row[Any] | None:
    """One delivery of an edition."""
    query = select(deliveries).where(deliveries.c.id == id_, deliveries.c.edition_id == edition_id)
    return tx.execute(query).first()
