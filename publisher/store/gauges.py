"""What is measured of a whole publication, without looking at its ledger row by row."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, or_, select

from publisher.store import Store, tallies
from publisher.store.claims import WAITING
from publisher.store.editions import OPEN_STATES
from publisher.store.schema import deliveries, editions, notices, schedule


class Listed(NamedTuple):
    """An edition, as far as it is asked here."""

    id: int
    newsletter: str
    state: str
    done_at: datetime | None


def editions_since(tx: Connection, moment: datetime) -> list[Listed]:
    """The editions made since then, and older ones that are still open; by id."""
    c = editions.c
    recent = or_(c.created_at >= moment, c.state.in_(OPEN_STATES))
    query = select(c.id, c.newsletter, c.state, c.done_at).where(recent)
    return [Listed(*row) for row in tx.execute(query.order_by(c.id))]


def oldest_due(tx: Connection, now: datetime) -> datetime | None:
    """Since when the delivery that has been due longest could have left; None when nothing may leave."""
    found = []
    sending = select(editions.c.id, editions.c.opened_at).where(editions.c.state == "sending")
    for edition_id, opened_at in tx.execute(sending).all():
        for status in WAITING:
            # one look along the index, however many wait
            mine = (deliveries.c.edition_id == edition_id, deliveries.c.status == status)
            head = select(deliveries.c.due_at).where(*mine, deliveries.c.due_at <= now)
            due_at = tx.scalar(head.order_by(deliveries.c.due_at).limit(1))
            if due_at:
                found.append(max(due_at, opened_at or due_at))
    return min(found, default=None)


def notices_due(tx: Connection, now: datetime) -> int:
    """How many notices wait although they may leave."""
    waits = (notices.c.status.in_(WAITING), notices.c.due_at <= now)
    return int(tx.scalar(select(func.count()).where(*waits)) or 0)


def last_done(tx: Connection, name: str) -> datetime | None:
    """When something that the clock does at intervals was last done."""
    return tx.scalar(select(schedule.c.at).where(schedule.c.name == name))


def subscriptions_by_status(tx: Connection) -> dict[tuple[str, str], int]:
    """(newsletter, status) to how many subscriptions."""
    found: dict[tuple[str, str], int] = {}
    for (newsletter, _, status), number in tallies.subscriptions(tx).items():
        found[newsletter, status] = found.get((newsletter, status), 0) + number
    return found


def size(store: Store) -> int:
    """How many bytes the store takes on disk. Raises StoreError."""
    with store.read() as tx:
        if store.dialect == "postgresql":
            return int(tx.scalar(select(func.pg_database_size(func.current_database()))) or 0)
        pages: Any = [tx.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("page_count", "page_size")]
    log = store.folder / f"{store.engine.url.database}-wal"
    return int(pages[0]) * int(pages[1]) + (log.stat().st_size if log.exists() else 0)
