"""Subscribers as editors list them: the newest first, by newsletter and status, each way along an index."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from heapq import merge
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Select, func, select

from publisher.store import erased
from publisher.store.bulk import among
from publisher.store.schema import subscribers, subscriptions

PAUSED = "paused"
STATUSES = ("confirmed", "pending", "unsubscribed")
_P, _S = subscribers.c, subscriptions.c


@dataclass(frozen=True, slots=True)
class Place:
    """A subscription in a list; `status` is paused where it is confirmed and pauses."""

    newsletter: str
    status: str


@dataclass(frozen=True, slots=True)
class Listed:
    """A subscriber in a list."""

    id: int
    address: str
    name: str
    created_at: datetime
    places: tuple[Place, ...]


def newest(
    tx: Connection,
    newsletters: Sequence[str],
    status: str,
    before: int | None,
    most: int,
    now: datetime,
) -> list[int]:
    """The ids of the newest subscribers, those before an id: of some newsletters, in a status (or any).

    Without newsletters and status: of everybody who was not erased.
    """
    if not newsletters and not status:
        return list(
            tx.scalars(_page(select(_P.id).where(erased.not_erased(_P.address_key)), _P.id, before, most))
        )
    every = (status,) if status else STATUSES
    lists = [
        list(tx.scalars(_page(_those(newsletter, one, now), _S.subscriber_id, before, most)))
        for newsletter in newsletters
        for one in every
    ]
    return list(islice(dict.fromkeys(merge(*lists, reverse=True)), most))


def _those(newsletter: str, status: str, now: datetime) -> Select[Any]:
    mine = select(_S.subscriber_id).where(_S.newsletter == newsletter)
    if status == PAUSED:
        paused = mine.where(_S.paused_until.is_not(None), _S.paused_until > now)
        return paused.where(_S.status == "confirmed")
    return mine.where(_S.status == status)


def _page(query: Select[Any], key: Any, before: int | None, most: int) -> Select[Any]:
    narrowed = query if before is None else query.where(key < before)
    return narrowed.order_by(key.desc()).limit(most)


def fitting(tx: Connection, ids: Collection[int], newsletter: str, status: str, now: datetime) -> set[int]:
    """Those of these subscribers who have a subscription to a newsletter (or any) with a status (or any)."""
    mine = [among(tx, _S.subscriber_id, ids)]
    if newsletter:
        mine.append(_S.newsletter == newsletter)
    if status == PAUSED:
        mine += [_S.paused_until > now, _S.status == "confirmed"]
    elif status:
        mine.append(_S.status == status)
    return set(tx.scalars(select(_S.subscriber_id).where(*mine)))


def paused(tx: Connection, newsletter: str, now: datetime, most: int) -> int:
    """How many pause a newsletter now; counted up to `most`."""
    some = _those(newsletter, PAUSED, now).limit(most).subquery()
    return int(tx.scalar(select(func.count()).select_from(some)) or 0)


def listed(tx: Connection, ids: Collection[int], now: datetime) -> list[Listed]:
    """These subscribers with what they get, in the order of the ids; those who were erased are left out."""
    columns = (_P.id, _P.address, _P.name, _P.created_at)
    query = select(*columns).where(among(tx, _P.id, ids), erased.not_erased(_P.address_key))
    people = {row.id: row for row in tx.execute(query)}
    theirs = select(_S.subscriber_id, _S.newsletter, _S.status, _S.paused_until)
    places: dict[int, list[Place]] = {}
    for row in tx.execute(theirs.where(among(tx, _S.subscriber_id, list(people))).order_by(_S.newsletter)):
        pauses = row.status == "confirmed" and row.paused_until is not None and row.paused_until > now
        status = PAUSED if pauses else row.status
        places.setdefault(row.subscriber_id, []).append(Place(row.newsletter, status))
    return [Listed(*people[id_], tuple(places.get(id_, ()))) for id_ in ids if id_ in people]
