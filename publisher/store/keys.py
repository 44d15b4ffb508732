"""The secrets of tokens: made at the first start, never thrown away (rule 26)."""

from __future__ import annotations

import secrets

from sqlalchemy import Connection, select

from publisher.store.database import in_turn
from publisher.store.schema import keys


def secrets_of(tx: Connection) -> tuple[bytes, ...]:
    """Every secret, the newest first; made here when there is none yet."""
    if found := existing(tx):
        return found
    in_turn(tx, "keys")
    if found := existing(tx):
        return found
    fresh = secrets.token_bytes(32)
    tx.execute(keys.insert().values(secret=fresh))
    return (fresh,)


def existing(tx: Connection) -> tuple[bytes, ...]:
    """Every secret, the newest first; none is made, so that a reader can ask."""
    return tuple(tx.scalars(select(keys.c.secret).order_by(keys.c.id.desc())))
