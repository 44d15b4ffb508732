"""Private feeds: a subscription as a feed, at an address that only its reader knows and may take back."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, select, update

from publisher.store.schema import private_feeds

_F = private_feeds.c


def add(tx: Connection, subscription_id: int, now: datetime) -> int:
    """A new one; its id."""
    insert = private_feeds.insert().values(subscription_id=subscription_id, created_at=now)
    return int(tx.scalar(insert.returning(_F.id)) or 0)


def subscription_of(tx: Connection, id_: int) -> int | None:
    """Whose it is; None when there is no such one, or it was taken back."""
    return tx.scalar(select(_F.subscription_id).where(_F.id == id_, _F.revoked_at.is_(None)))


def of(tx: Connection, subscription_ids: Iterable[int]) -> dict[int, int]:
    """Subscription to its feed, where it has one."""
    mine = (_F.subscription_id.in_(list(subscription_ids)), _F.revoked_at.is_(None))
    query = select(_F.subscription_id, _F.id).where(*mine).order_by(_F.id)
    return {row.subscription_id: row.id for row in tx.execute(query)}


def revoke(tx: Connection, subscription_id: int, now: datetime) -> int:
    """Take back every feed of a subscription; how many there were."""
    mine = (_F.subscription_id == subscription_id, _F.revoked_at.is_(None))
    return int(tx.execute(update(private_feeds).where(*mine).values(revoked_at=now)).rowcount)
