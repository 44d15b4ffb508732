"""Who tried to sign in, by keyed hashes of addresses and networks; kept for a day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, func, select

from publisher.store.database import in_turn
from publisher.store.schema import sign_ins

_S = sign_ins.c
_KEPT = timedelta(days=1)


def since(tx: Connection, key: str, moment: datetime) -> tuple[int, datetime | None]:
    """How many there were since a moment, and when the last one was."""
    query = select(func.count(), func.max(_S.at)).where(_S.key == key, _S.at > moment)
    count, last = tx.execute(query).one()
    return int(count), last


def add(tx: Connection, keys: Sequence[str], now: datetime) -> None:
    """Note one under each of these keys."""
    tx.execute(delete(sign_ins).where(_S.at < now - _KEPT))
    tx.execute(sign_ins.insert(), [{"key": key, "at": now} for key in keys])


def forget(tx: Connection, key: str) -> None:
    """It was the right one."""
    tx.execute(delete(sign_ins).where(_S.key == key))


def one_at_a_time(tx: Connection, keys: Sequence[str]) -> None:
    """Whoever tries under the same keys at once takes turns, to the end of the transaction."""
    for key in sorted(keys):
        in_turn(tx, f"sign in {key}")
