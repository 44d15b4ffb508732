"""How a send goes: what is due, how fast it leaves, and what servers refuse."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, func, literal, or_, select

from publisher.store import tallies
from publisher.store.claims import WAITING
from publisher.store.columns import Moment
from publisher.store.schema import deliveries, events

_MOMENT = 20_000


def due_now(tx: Connection, edition_id: int, now: datetime, counts: Mapping[str, int] | None = None) -> int:
    """How many waiting deliveries of an edition have come due; `counts` are its own, if they are known.

    Counted are those whose hour is still to come, or those whose hour has come, whichever are few.
    """
    known = tallies.counts(tx, edition_id) if counts is None else counts
    due = 0
    for status in WAITING:
        if waits := known.get(status, 0):
            mine = (deliveries.c.edition_id == edition_id, deliveries.c.status == status)
            later = _few(tx, *mine, deliveries.c.due_at > now)
            due += waits - later if later is not None else _count(tx, *mine, deliveries.c.due_at <= now)
    return due


def _few(tx: Connection, *which: ColumnElement[bool]) -> int | None:
    """How many these are; None for more than are counted in a moment."""
    some = select(literal(1)).select_from(deliveries).where(*which).limit(_MOMENT + 1).subquery()
    found = int(tx.scalar(select(func.count()).select_from(some)) or 0)
    return found if found <= _MOMENT else None


def _count(tx: Connection, *which: ColumnElement[bool]) -> int:
    return int(tx.scalar(select(func.count()).select_from(deliveries).where(*which)) or 0)


def last_due(tx: Connection, edition_id: int) -> datetime | None:
    """When the last waiting delivery of an edition comes due."""
    newest = select(deliveries.c.due_at).where(deliveries.c.edition_id == edition_id)
    newest = newest.order_by(deliveries.c.due_at.desc()).limit(1)
    # one look along the index for each status, however many wait
    found = [tx.scalar(newest.where(deliveries.c.status == status)) for status in WAITING]
    return max((at for at in found if at), default=None)


def outcomes(tx: Connection, since: datetime, most: int) -> list[tuple[int, str, int, datetime]]:
    """(edition, new status, how many, when the first) of the newest outcomes of attempts, since a moment."""
    latest = select(events.c.delivery_id, events.c.at, events.c.old, events.c.new).order_by(
        events.c.id.desc()
    )
    newest = latest.limit(most).subquery()
    query = (
        select(deliveries.c.edition_id, newest.c.new, func.count(), func.min(newest.c.at, type_=Moment()))
        .join(deliveries, deliveries.c.id == newest.c.delivery_id)
        .where(newest.c.old == "sending", newest.c.at >= since)
        .group_by(deliveries.c.edition_id, newest.c.new)
    )
    return [tuple(row) for row in tx.execute(query)]


def tried_since(tx: Connection, edition_id: int, since: datetime) -> int:
    """How many deliveries of an edition had an outcome since a moment."""
    ended = and_(deliveries.c.status.in_(("sent", "bounced", "unknown")), deliveries.c.finished_at >= since)
    waits = and_(deliveries.c.status == "deferred", deliveries.c.started_at >= since)
    mine = deliveries.c.edition_id == edition_id
    return int(tx.scalar(select(func.count()).where(mine, or_(ended, waits))) or 0)


def bounces_since(tx: Connection, edition_id: int, since: datetime, text: str) -> list[tuple[int, str]]:
    """(code, reply) of what bounced since a moment with this text in the reply; newest first."""
    query = select(deliveries.c.code, deliveries.c.reply).where(
        deliveries.c.edition_id == edition_id,
        deliveries.c.status == "bounced",
        deliveries.c.finished_at >= since,
        deliveries.c.reply.contains(text, autoescape=True),
    )
    return [tuple(row) for row in tx.execute(query.order_by(deliveries.c.finished_at.desc()))]
