"""Who polls our feeds, by day and program: how often, and how many subscribers they say they have."""

from __future__ import annotations

from importlib import import_module
from typing import Any, NamedTuple

from sqlalchemy import Connection, case, func, select

from publisher.store import Store
from publisher.store.schema import feed_polls

Key = tuple[str, str, str]  # day (UTC), path, program
_AT_ONCE = 500


class Polled(NamedTuple):
    """A program's polls of a feed in one day; `subscribers` is 0 where it states none."""

    day: str
    path: str
    program: str
    polls: int
    subscribers: int


def add(store: Store, rows: dict[Key, tuple[int, int]]) -> None:
    """Add polls to those that are there, and keep the larger number of subscribers.

    One short transaction for some hundred rows; what is written leaves `rows`. Raises StoreError.
    """
    while some := sorted(rows)[:_AT_ONCE]:  # in order: two processes must not wait for each other
        with store.write() as tx:
            _add(tx, [(*key, *rows[key]) for key in some])
        for key in some:
            del rows[key]


def _add(tx: Connection, rows: list[tuple[str, str, str, int, int]]) -> None:
    dialect: Any = import_module(f"sqlalchemy.dialects.{tx.dialect.name}")
    query, c = dialect.insert(feed_polls), feed_polls.c
    larger = case(
        (query.excluded.subscribers > c.subscribers, query.excluded.subscribers), else_=c.subscribers
    )
    changed = {"polls": c.polls + query.excluded.polls, "subscribers": larger}
    query = query.on_conflict_do_update(index_elements=[c.day, c.path, c.program], set_=changed)
    names = [column.name for column in c]
    tx.execute(query, [dict(zip(names, row, strict=True)) for row in rows])


def since(tx: Connection, day: str) -> list[Polled]:
    """The polls of a day and all later ones, by day."""
    found = select(feed_polls).where(feed_polls.c.day >= day)
    return [Polled(*row) for row in tx.execute(found.order_by(*feed_polls.primary_key))]


def by_program(tx: Connection, day: str) -> dict[str, int]:
    """How often each program asked on a day, whatever it asked for."""
    c = feed_polls.c
    found = select(c.program, func.sum(c.polls)).where(c.day == day).group_by(c.program)
    return {program: int(polls) for program, polls in tx.execute(found)}


def forget(tx: Connection, day: str) -> None:
    """Drop what is older than a day."""
    tx.execute(feed_polls.delete().where(feed_polls.c.day < day))
