"""What was learnt about how fast mail is taken, so that a restart does not forget it; and what left today."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from publisher.store.schema import deliveries, editions, pacing

_LEFT = ("sending", "sent", "unknown")
_INSERT: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


def learnt(tx: Connection) -> dict[str, tuple[Mapping[str, Any], datetime]]:
    """Name to state, and when that was."""
    return {row.name: (row.state, row.at) for row in tx.execute(select(pacing))}


def learn(tx: Connection, name: str, state: Mapping[str, Any], at: datetime) -> None:
    """Keep a state under a name, in the place of the one before."""
    values = {"state": dict(state), "at": at}
    insert = _INSERT[tx.dialect.name](pacing).values(name=name, **values)
    tx.execute(insert.on_conflict_do_update(index_elements=["name"], set_=values))


def forget(tx: Connection, names: Collection[str]) -> None:
    """Drop what is not so any more."""
    tx.execute(pacing.delete().where(pacing.c.name.in_(list(names))))


def left_since(tx: Connection, moment: datetime) -> int:
    """How many messages of editions were started since and taken by a server, or may yet be."""
    running = or_(editions.c.done_at.is_(None), editions.c.done_at >= moment)
    query = (
        select(func.count())
        .select_from(deliveries.join(editions, editions.c.id == deliveries.c.edition_id))
        .where(editions.c.opened_at.is_not(None), running)
        .where(deliveries.c.status.in_(_LEFT), deliveries.c.started_at >= moment)
    )
    return int(tx.scalar(query) or 0)
