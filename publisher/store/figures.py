"""The figures of each day, which pictures are drawn of: read here, and filled from what happened.

What happened is walked once, by id, and where that stands is written in the transaction that adds to the
figures: killed at any moment, nothing counts twice and nothing is left out. Days are those of UTC.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, timedelta
from importlib import import_module
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Text, func, select, text, type_coerce, update

from publisher.store import Store, clock
from publisher.store.database import insert_new
from publisher.store.schema import deliveries, editions, events, feed_polls, figures, movements, schedule

# Outcomes of attempts and ends of deliveries, each as often as it happened; names are `daily:sent`.
DELIVERIES = "deliveries"
# Subscriptions that became confirmed or ended; names are `daily:confirmed` and `daily:unsubscribed`.
SUBSCRIPTIONS = "subscriptions"
# How many subscriptions were confirmed at the end of the day; names are newsletters.
SUBSCRIBERS = "subscribers"
# What was bounced, by who runs the mailbox: `google`, `example.org`.
BOUNCES = "bounces"
# How often each program asked for a feed.
POLLS = "polls"
KINDS = (DELIVERIES, SUBSCRIPTIONS, SUBSCRIBERS, BOUNCES, POLLS)

OUTCOMES = ("sent", "deferred", "bounced", "expired", "suppressed", "cancelled", "unknown")
Key = tuple[str, str, str]  # kind, day, name
Provider = Callable[[set[str]], Mapping[str, str]]
_EVENTS, _LONGEST = "figures events", 200
_MONTH, _A_DAY = timedelta(days=31), timedelta(days=1)
_F, _M = figures.c, movements.c


class Figure(NamedTuple):
    """A number of a day: `2026-11-21`."""

    day: str
    name: str
    number: int


def read(tx: Connection, kind: str, since: date | str, until: date | str) -> list[Figure]:
    """The figures of a kind from one day to another, both included; by day and name.

    A day of which nothing is known is not there, and neither is a name that had nothing on it.
    """
    mine = (_F.kind == kind, _F.day >= str(since), _F.day <= str(until))
    query = select(_F.day, _F.name, _F.count).where(*mine).order_by(_F.day, _F.name)
    return [Figure(*row) for row in tx.execute(query)]


class _Place(NamedTuple):
    """How far the events are counted, and up to where they may be.

    PostgreSQL shows a later id before an earlier one that is not committed yet. Nothing up to `seen` can come
    any more when every transaction has ended that was under way when that was the newest: `horizon` is the
    first that was not.
    """

    done: int = 0
    seen: int = 0
    horizon: int = 0


def add_events(store: Store, provider: Provider, most: int, now: datetime) -> bool:
    """Count the next events, `most` at a time; whether there are more at once. Raises StoreError.

    `provider` says who runs the mailboxes of domains, as far as it knows.
    """
    with store.read() as tx:
        said = clock.remembered(tx, _EVENTS)
        place = _Place(*map(int, said.split()))
        after = _looked(tx, place, most)
        found = _outcomes(tx, place.done, after.done)
        bounced = _bounced(tx, place.done, after.done)
    known = provider({domain for _, domain in bounced}) if bounced else {}
    found.update((BOUNCES, day, known.get(domain, domain)[:_LONGEST]) for day, domain in bounced)
    new = " ".join(map(str, after))
    if new == said:
        return False
    with store.write() as tx:
        if _advanced(tx, said, new, now):
            _upsert(tx, found, added=True)
    return place.done < after.done < after.seen


def _advanced(tx: Connection, old: str, new: str, now: datetime) -> bool:
    """False where another process has counted these meanwhile."""
    if not old:
        return insert_new(tx, schedule, {"name": _EVENTS, "slot": new, "at": now})
    mine = update(schedule).where(schedule.c.name == _EVENTS, schedule.c.slot == old)
    return bool(tx.execute(mine.values(slot=new, at=now)).rowcount)


def forgotten(tx: Connection) -> None:
    """Called where events were deleted: SQLite gives the highest ids out again, and they are to be counted.

    The number that SQLite has no other use for says to whoever is counting now that it happened.
    """
    if tx.dialect.name != "sqlite" or not (said := clock.remembered(tx, _EVENTS)):
        return
    place, newest = _Place(*map(int, said.split())), int(tx.scalar(select(func.max(events.c.id))) or 0)
    now = _Place(min(place.done, newest), min(place.seen, newest), place.horizon + 1)
    new = " ".join(map(str, now))
    tx.execute(update(schedule).where(schedule.c.name == _EVENTS).values(slot=new))


def _looked(tx: Connection, place: _Place, most: int) -> _Place:
    """Up to which event may be counted now, and what must be waited for then."""
    newest = int(tx.scalar(select(func.max(events.c.id))) or 0)
    if tx.dialect.name == "sqlite":
        return _Place(min(max(newest, place.done), place.done + most), newest, place.horizon)
    snapshot = "SELECT txid_snapshot_xmin(s), txid_snapshot_xmax(s) FROM txid_current_snapshot() AS s"
    oldest, next_ = map(int, tx.execute(text(snapshot)).one())
    if place.horizon > next_:
        # of another server: the store was moved, and whoever wrote there has ended
        return _Place(place.done, newest, next_)
    if place.horizon > oldest:
        return place
    done = min(place.seen, place.done + most)
    if done < place.seen or place.seen == newest:
        return place._replace(done=done)
    return _Place(done, newest, next_)


def _day(tx: Connection, column: ColumnElement[Any]) -> ColumnElement[str]:
    if tx.dialect.name == "sqlite":
        return func.substr(type_coerce(column, Text), 1, 10)
    return func.to_char(func.timezone("UTC", column), "YYYY-MM-DD")


def _outcomes(tx: Connection, after: int, upto: int) -> Counter[Key]:
    day, new = _day(tx, events.c.at), events.c.new
    query = (
        select(day, editions.c.newsletter, new, func.count())
        .join(deliveries, deliveries.c.id == events.c.delivery_id)
        .join(editions, editions.c.id == deliveries.c.edition_id)
        .where(events.c.id > after, events.c.id <= upto, new.in_(OUTCOMES))
        .group_by(day, editions.c.newsletter, new)
    )
    return Counter(
        {(DELIVERIES, at, f"{name}:{status}"): int(n) for at, name, status, n in tx.execute(query)}
    )


def _bounced(tx: Connection, after: int, upto: int) -> list[tuple[str, str]]:
    """(day, domain) of each bounce; not of people who were erased since."""
    query = (
        select(_day(tx, events.c.at), deliveries.c.address)
        .join(deliveries, deliveries.c.id == events.c.delivery_id)
        .where(events.c.id > after, events.c.id <= upto, events.c.new == "bounced")
    )
    parts = [(day, address.rpartition("@")) for day, address in tx.execute(query)]
    return [(day, domain.lower()) for day, (_, at, domain) in parts if at]


def _upsert(tx: Connection, found: Mapping[Key, int], *, added: bool) -> None:
    if not found:
        return
    dialect: Any = import_module(f"sqlalchemy.dialects.{tx.dialect.name}")
    query = dialect.insert(figures)
    given = query.excluded.count
    changed = {"count": _F.count + given if added else given}
    query = query.on_conflict_do_update(index_elements=[_F.kind, _F.day, _F.name], set_=changed)
    names = ("kind", "day", "name", "count")
    # in order: two processes must not wait for each other
    tx.execute(query, [dict(zip(names, (*key, n), strict=True)) for key, n in sorted(found.items())])


def follow(store: Store, today: date) -> None:
    """Write what is counted by day elsewhere: subscriptions that came and ended, and polls.

    Of the last month, and of all days before it that were never written. Raises StoreError.
    """
    month = (today - _MONTH).isoformat()
    with store.read() as tx:
        last = {kind: tx.scalar(select(func.max(_F.day)).where(_F.kind == kind)) for kind in KINDS}
        found = _polled(tx, min(month, last[POLLS] or ""))
        first = min(month, last[SUBSCRIBERS] or "")
        found |= _moved(tx, first) | _standing(tx, first, today.isoformat())
        since = min(day for _, day, _ in found) if found else ""
        there = {
            (kind, *figure[:2]): figure.number
            for kind in (POLLS, SUBSCRIPTIONS, SUBSCRIBERS)
            for figure in read(tx, kind, since, today)
        }
    new = {key: number for key, number in found.items() if there.get(key) != number}
    if new:
        with store.write() as tx:
            _upsert(tx, new, added=False)


def _polled(tx: Connection, since: str) -> dict[Key, int]:
    c = feed_polls.c
    query = select(c.day, c.program, func.sum(c.polls)).where(c.day >= since).group_by(c.day, c.program)
    return {(POLLS, day, program): int(polls) for day, program, polls in tx.execute(query)}


def _moved(tx: Connection, since: str) -> dict[Key, int]:
    sums = (func.sum(_M.came), func.sum(_M.went))
    query = select(_M.newsletter, _M.day, *sums).where(_M.status == "confirmed", _M.day >= since)
    found: dict[Key, int] = {}
    for newsletter, day, came, went in tx.execute(query.group_by(_M.newsletter, _M.day)):
        for status, number in (("confirmed", came), ("unsubscribed", went)):
            if number:
                found[SUBSCRIPTIONS, day, f"{newsletter}:{status}"] = int(number)
    return found


def _standing(tx: Connection, since: str, today: str) -> dict[Key, int]:
    """How many there were at the end of each day, also of those on which nothing moved."""
    query = select(_M.newsletter, _M.day, func.sum(_M.subscriptions)).where(_M.status == "confirmed")
    moved: dict[str, Counter[str]] = {}
    for newsletter, day, number in tx.execute(query.group_by(_M.newsletter, _M.day)):
        moved.setdefault(newsletter, Counter())[day] += int(number)
    found: dict[Key, int] = {}
    for newsletter, each in moved.items():
        level = sum(number for day, number in each.items() if day < since)
        for day in _days(max(since, min(each)), today):
            level += each[day]
            found[SUBSCRIBERS, day, newsletter] = level
    return found


def _days(since: str, until: str) -> Iterator[str]:
    day = date.fromisoformat(since)
    while (text_ := day.isoformat()) <= until:
        yield text_
        day += _A_DAY
