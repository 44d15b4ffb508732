"""Notices: mails to one address outside any edition, complete when they are queued (rule 22)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select, update

from publisher.store.schema import notices

_LISTED = ("id", "kind", "address", "subject", "status", "attempt", "code", "reply", "due_at", "finished_at")


def add(
    tx: Connection,
    kind: str,
    address: str,
    subject: str,
    now: datetime,
    composed: Callable[[int], tuple[str, bytes]],
) -> int:
    """Queue a notice, due now; its id. `composed` gives, for that id, the envelope sender and the message."""
    values = {"kind": kind, "address": address, "subject": subject, "sender": "", "message": b""}
    times = dict.fromkeys(("due_at", "first_due_at", "dated_at"), now)
    insert = notices.insert().values(**values, **times, status="queued").returning(notices.c.id)
    key = int(tx.scalar(insert) or 0)
    # both name the row, which has its number only now
    sender, message = composed(key)
    tx.execute(update(notices).where(notices.c.id == key).values(sender=sender, message=message))
    return key


def listed(
    tx: Connection, *, ids: Iterable[int] | None = None, status: str = "", addresses: Iterable[str] = ()
) -> list[Row[Any]]:
    """Notices, the newest first, without their messages; all, or of these ids, a status, or addresses."""
    query = select(*(notices.c[name] for name in _LISTED)).order_by(notices.c.id.desc())
    if ids is not None:
        query = query.where(notices.c.id.in_(list(ids)))
    if status:
        query = query.where(notices.c.status == status)
    if addresses:
        query = query.where(notices.c.address.in_(list(addresses)))
    return list(tx.execute(query))


def counts(tx: Connection) -> dict[str, int]:
    """How many notices have each status; a status that none has is left out."""
    query = select(notices.c.status, func.count()).group_by(notices.c.status)
    return {row[0]: int(row[1]) for row in tx.execute(query)}
