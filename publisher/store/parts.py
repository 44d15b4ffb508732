"""Parts of long lists, found by their keys: hardly more rows are looked at than are given back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, and_, or_, select

from publisher.store import catalogue, erased
from publisher.store.catalogue import Listing
from publisher.store.editions import Edition
from publisher.store.schema import articles, deliveries, editions, subscribers, suppressions
from publisher.store.subscribers import Subscriber, address_key, subscriber

_A, _E, _S = articles.c, editions.c, subscribers.c


class Behind(NamedTuple):
    """An article behind which a part begins."""

    published_at: datetime
    id: str


def newest_articles(
    tx: Connection, most: int, status: str = "", behind: Behind | None = None
) -> Sequence[Listing]:
    """Articles, the newest first; of one status or all."""
    query = select(_A.id).order_by(_A.published_at.desc(), _A.id).limit(most)
    if status:
        query = query.where(_A.status == status)
    if behind:
        same = and_(_A.published_at == behind.published_at, _A.id > behind.id)
        query = query.where(or_(_A.published_at < behind.published_at, same))
    return catalogue.listings(tx, ids=tx.scalars(query).all())


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


def subscribers_by_address(
    tx: Connection, most: int, begins: str = "", behind: str = ""
) -> Sequence[tuple[str, Subscriber]]:
    """(key, subscriber) by address: of those whose address begins so; nobody who was erased."""
    query = select(subscribers).where(erased.not_erased(_S.address_key)).order_by(_S.address_key).limit(most)
    if begins:
        key = address_key(begins)
        query = query.where(_S.address_key >= key, _S.address_key < f"{key}\U0010ffff")
    if behind:
        query = query.where(_S.address_key > behind)
    return [(row.address_key, subscriber(row)) for row in tx.execute(query)]


def suppressions_by_address(tx: Connection, most: int, behind: str = "") -> Sequence[Row[Any]]:
    """`address_key`, `reason` and `created_at` of suppressions, by address."""
    query = select(suppressions).order_by(suppressions.c.address_key).limit(most)
    return tx.execute(query.where(suppressions.c.address_key > behind) if behind else query).all()


def delivery(tx: Connection, edition_id: int, id_: int) -> Row[Any] | None:
    """One delivery of an edition."""
    query = select(deliveries).where(deliveries.c.id == id_, deliveries.c.edition_id == edition_id)
    return tx.execute(query).first()
