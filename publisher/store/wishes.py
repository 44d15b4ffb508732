"""Retries of many deliveries that are not through yet: how far each is, so that no kill loses the rest."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, select

from publisher.store import clock
from publisher.store.schema import schedule

_NAMED = "retry "


class Wish(NamedTuple):
    """That all deliveries of an edition that had a status when it was asked are sent again; `after` is the
    id of the last one that was looked at."""

    edition_id: int
    status: str
    after: int
    asked_at: datetime


def note(tx: Connection, wish: Wish) -> None:
    """How far it is, in the transaction that comes so far."""
    clock.remember(tx, _name(wish.edition_id, wish.status), str(wish.after), wish.asked_at)


def end(tx: Connection, wish: Wish) -> None:
    """It is through."""
    clock.forget(tx, [_name(wish.edition_id, wish.status)])


def there(tx: Connection) -> list[Wish]:
    """All that are not through, those asked first at first."""
    s = schedule.c
    query = select(s.name, s.slot, s.at).where(s.name.startswith(_NAMED, autoescape=True))
    found = []
    for row in tx.execute(query.order_by(s.at, s.name)):
        _, edition_id, status = row.name.split(" ")
        found.append(Wish(int(edition_id), status, int(row.slot), row.at))
    return found


def of(tx: Connection, edition_id: int) -> list[Wish]:
    """Those of an edition."""
    return [one for one in there(tx) if one.edition_id == edition_id]


def _name(edition_id: int, status: str) -> str:
    return f"{_NAMED}{edition_id} {status}"
