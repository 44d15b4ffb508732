"""What endpoints are still to be told: events in the transactions that make them happen, and how far each is.

Nothing is written while nobody is to be told.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, delete, func, select, update

from publisher.store import clock
from publisher.store.bulk import among
from publisher.store.database import insert_new
from publisher.store.schema import subscriptions, webhook_endpoints, webhook_events

_E, _P = webhook_events.c, webhook_endpoints.c
_NUMBERS = "webhook events"


class Event(NamedTuple):
    """Something that happened: to an edition, a subscriber (of a newsletter) or a delivery, by its id."""

    id: int
    number: int
    type: str
    object_id: int
    newsletter: str
    at: datetime


class Told(NamedTuple):
    """An endpoint: up to which number it has been told, and how it fares.

    `failing_since` is when the first of `attempts` in vain was; `said` is what the last one was answered.
    """

    id: int
    url: str
    told: int
    attempts: int
    failing_since: datetime | None
    next_at: datetime | None
    disabled_at: datetime | None
    delivered_at: datetime | None
    said: str


def note(tx: Connection, type_: str, ids: Iterable[int], at: datetime) -> None:
    """Note that something happened to these editions or deliveries, in the transaction that does it."""
    note_all(tx, [{"type": type_, "object_id": id_, "newsletter": "", "at": at} for id_ in ids])


def note_all(tx: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """As `note`, from rows of the table; of subscribers with their newsletter."""
    if rows and _listening(tx):
        tx.execute(webhook_events.insert(), list(rows))


def _listening(tx: Connection) -> bool:
    return tx.scalar(select(_P.id).limit(1)) is not None


def note_left(tx: Connection, subscription_id: int, at: datetime) -> None:
    """Note that a subscription ended."""
    if not _listening(tx):
        return
    s = subscriptions.c
    mine = select(s.subscriber_id, s.newsletter).where(s.id == subscription_id)
    for row in tx.execute(mine).all():
        about = {"object_id": row.subscriber_id, "newsletter": row.newsletter, "at": at}
        note_all(tx, [{"type": "subscriber.unsubscribed", **about}])


def unnumbered(tx: Connection) -> bool:
    """Whether anything waits for a number."""
    return tx.scalar(select(_E.id).where(_E.number.is_(None)).limit(1)) is not None


def number(tx: Connection, most: int, now: datetime) -> int:
    """Give numbers to what has none yet, one process at a time; how many.

    PostgreSQL gives ids before it commits: a smaller one may be seen after a larger one, a number never is.
    """
    last = int(clock.remembered(tx, _NUMBERS) or 0)
    new = select(_E.id, func.row_number().over(order_by=_E.id).label("nth")).where(_E.number.is_(None))
    some = new.order_by(_E.id).limit(most).subquery()
    query = update(webhook_events).where(_E.id == some.c.id).values(number=last + some.c.nth)
    count = int(tx.execute(query).rowcount)
    if count:
        clock.remember(tx, _NUMBERS, str(last + count), now)
    return count


def follow(tx: Connection, urls: Sequence[str]) -> None:
    """Know the endpoints of the configuration and no others; a new one is told what happens from now on."""
    there = set(tx.scalars(select(_P.url)))
    last = int(clock.remembered(tx, _NUMBERS) or 0)
    for url in sorted(set(urls) - there):
        insert_new(tx, webhook_endpoints, {"url": url, "told": last})
    if gone := there - set(urls):
        tx.execute(delete(webhook_endpoints).where(_P.url.in_(gone)))


def endpoints(tx: Connection) -> list[Told]:
    """Every endpoint, in the order in which they came."""
    return [Told(*row) for row in tx.execute(select(webhook_endpoints).order_by(_P.id))]


def after(tx: Connection, told: int, types: Sequence[str], most: int) -> list[Event]:
    """Events with a greater number, in order, of these types."""
    query = select(_E.id, _E.number, _E.type, _E.object_id, _E.newsletter, _E.at)
    query = query.where(_E.number > told, _E.type.in_(types)).order_by(_E.number).limit(most)
    return [Event(*row) for row in tx.execute(query)]


def waiting(tx: Connection, told: int) -> int:
    """How many numbers lie ahead of an endpoint."""
    return max(int(clock.remembered(tx, _NUMBERS) or 0) - told, 0)


def change(tx: Connection, id_: int, **changes: Any) -> None:
    """How an endpoint fares now."""
    tx.execute(update(webhook_endpoints).where(_P.id == id_).values(**changes))


def enable(tx: Connection, url: str) -> bool:
    """Try again at once, as if it had never failed; False where there is no such endpoint."""
    fresh: dict[str, Any] = dict.fromkeys(("failing_since", "next_at", "disabled_at"))
    query = update(webhook_endpoints).where(_P.url == url)
    return bool(tx.execute(query.values(attempts=0, said="", **fresh)).rowcount)


def heard(tx: Connection, before: datetime, most: int) -> Sequence[int]:
    """The oldest events that everybody was told, or that are older than a moment."""
    everybody = tx.scalar(select(func.min(_P.told)))
    oldest = select(_E.id, _E.number, _E.at).where(_E.number.is_not(None)).order_by(_E.number).limit(most)
    rows = tx.execute(oldest)
    return [row.id for row in rows if everybody is None or row.number <= everybody or row.at < before]


def prune(tx: Connection, before: datetime, most: int) -> int:
    """Forget those, at most so many at once; how many."""
    if ids := heard(tx, before, most):
        tx.execute(delete(webhook_events).where(among(tx, _E.id, ids)))
    return len(ids)
