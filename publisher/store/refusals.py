"""Files that the last gather could not use: a person must hear of them, wherever they look."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, delete, func, select

from publisher.errors import ContentError
from publisher.store.schema import refusals

_R = refusals.c
_MOST = 1000


class Refusal(NamedTuple):
    """One file: where and why, and since when it is so."""

    path: str
    line: int
    field: str
    reason: str
    since: datetime


def replace(tx: Connection, errors: Sequence[ContentError], now: datetime) -> None:
    """What a gather found, in place of what the one before found; a thousand are named at most."""
    before = {row[:4]: row.since for row in listed(tx, _MOST)}
    found = dict.fromkeys((e.path, e.line, e.field, e.reason) for e in errors[:_MOST])
    if before.keys() == found.keys():
        return
    tx.execute(delete(refusals))
    rows = [Refusal(*key, before.get(key, now))._asdict() for key in found]
    if rows:
        tx.execute(refusals.insert(), rows)


def listed(tx: Connection, most: int) -> list[Refusal]:
    """The first so many, in the order in which they were found."""
    query = select(_R.path, _R.line, _R.field, _R.reason, _R.since).order_by(_R.id).limit(most)
    return [Refusal(*row) for row in tx.execute(query)]


def count(tx: Connection) -> int:
    """How many there are."""
    return int(tx.scalar(select(func.count()).select_from(refusals)) or 0)
