"""What somebody asked for on a page and must confirm from their mailbox: nothing of it holds before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, Row, func, select, update

from publisher.store.schema import confirmations
from publisher.store.subscribers import address_key

Kind = Literal["signup", "move", "erase", "download", "welcome"]
_C = confirmations.c


@dataclass(frozen=True, slots=True)
class Confirmation:
    """Who asked for what, and how far it is. `data` is what was asked, as JSON."""

    id: int
    kind: Kind
    address: str
    data: Mapping[str, Any]
    created_at: datetime
    used_at: datetime | None


def add(
    tx: Connection, kind: Kind, address: str, data: Mapping[str, Any], network: str, now: datetime
) -> int:
    """Note that something was asked for; its id."""
    values = {"kind": kind, "address": address, "address_key": address_key(address), "data": dict(data)}
    insert = confirmations.insert().values(**values, network=network, created_at=now)
    return int(tx.scalar(insert.returning(_C.id)) or 0)


def get(tx: Connection, id_: int, *, held: bool = False) -> Confirmation | None:
    """What was asked for; `held`: nobody else changes it to the end of the transaction."""
    query = select(confirmations).where(_C.id == id_)
    row = tx.execute(query.with_for_update() if held else query).first()
    return _confirmation(row) if row else None


def anything_since(tx: Connection, kind: Kind, address: str, since: datetime) -> bool:
    """Whether this was asked for an address since a moment and has not been confirmed yet."""
    mine = (_C.kind == kind, _C.address_key == address_key(address), _C.used_at.is_(None))
    return tx.scalar(select(_C.id).where(*mine, _C.created_at > since).limit(1)) is not None


def all_agreed(tx: Connection, kind: Kind, data: Mapping[str, Any], addresses: Iterable[str]) -> bool:
    """Whether each of these addresses has confirmed the same thing."""
    keys = {address_key(address) for address in addresses}
    query = select(_C.address_key, _C.data).where(_C.kind == kind, _C.address_key.in_(keys))
    agreed = {row.address_key for row in tx.execute(query.where(_C.used_at.is_not(None))) if row.data == data}
    return agreed == keys


def of(tx: Connection, address: str) -> list[Confirmation]:
    """What was asked for of an address and is not forgotten yet, the earliest first."""
    query = select(confirmations).where(_C.address_key == address_key(address)).order_by(_C.id)
    return [_confirmation(row) for row in tx.execute(query)]


def count_since(tx: Connection, since: datetime, network: str = "") -> int:
    """How many were asked for since a moment: by all, or from one network. Nobody asks for a welcome."""
    query = select(func.count()).where(_C.created_at > since, _C.kind != "welcome")
    return int(tx.scalar(query.where(_C.network == network) if network else query) or 0)


def unqueued(tx: Connection, most: int) -> list[Confirmation]:
    """Those of which nobody was mailed yet, the oldest first."""
    query = select(confirmations).where(_C.queued_at.is_(None)).order_by(_C.id).limit(most)
    return [_confirmation(row) for row in tx.execute(query)]


def set_queued(tx: Connection, id_: int, now: datetime) -> bool:
    """Its mail is queued; False when it was already."""
    query = update(confirmations).where(_C.id == id_, _C.queued_at.is_(None))
    return bool(tx.execute(query.values(queued_at=now)).rowcount)


def set_used(tx: Connection, id_: int, now: datetime) -> None:
    """It was confirmed, and holds."""
    tx.execute(update(confirmations).where(_C.id == id_).values(used_at=now))


def change(tx: Connection, id_: int, data: Mapping[str, Any]) -> None:
    """Keep how far it is."""
    tx.execute(update(confirmations).where(_C.id == id_).values(data=dict(data)))


def forget(tx: Connection, before: datetime, most: int) -> int:
    """Delete what was asked for before a moment, whatever became of it; how many."""
    old = select(_C.id).where(_C.created_at < before).limit(most)
    return int(tx.execute(confirmations.delete().where(_C.id.in_(old))).rowcount)


def _confirmation(row: Row[Any]) -> Confirmation:
    return Confirmation(row.id, row.kind, row.address, row.data, row.created_at, row.used_at)
