"""Requests under an Idempotency-Key: one row for each, with the answer that it gets again."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, delete, select, update

from publisher.store.bulk import among
from publisher.store.database import insert_new
from publisher.store.schema import api_requests

_R = api_requests.c


class Kept(NamedTuple):
    """What was asked for under a key, as a hash, and what was answered; `status` 0: nothing yet."""

    id: int
    digest: str
    status: int
    answer: str


def find(tx: Connection, token_id: int, key: str) -> Kept | None:
    """The request that a token made under a key."""
    query = select(_R.id, _R.digest, _R.status, _R.answer).where(_R.token_id == token_id, _R.key == key)
    row = tx.execute(query).first()
    return Kept(*row) if row else None


def begin(tx: Connection, token_id: int, key: str, digest: str, now: datetime) -> bool:
    """Note that it is under way; False where there is one under this key."""
    row = {"token_id": token_id, "key": key, "digest": digest, "began_at": now}
    return insert_new(tx, api_requests, row)


def end(tx: Connection, id_: int, status: int, answer: str) -> None:
    """Keep its answer."""
    tx.execute(update(api_requests).where(_R.id == id_).values(status=status, answer=answer))


def forget(tx: Connection, id_: int) -> None:
    """As if it had not come: nothing was done."""
    tx.execute(delete(api_requests).where(_R.id == id_))


def prune(tx: Connection, before: datetime, most: int) -> None:
    """Forget those that are older, at most so many at once."""
    old = select(_R.id).where(_R.began_at < before).order_by(_R.began_at).limit(most)
    tx.execute(delete(api_requests).where(among(tx, _R.id, tx.scalars(old).all())))
