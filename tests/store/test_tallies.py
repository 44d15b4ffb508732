"""Tallies and figures: after whatever happened, what was counted is what is there."""

from __future__ import annotations

import itertools
import random
import time
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import recount
from sqlalchemy import Connection, select, update

from publisher.app import Publisher
from publisher.delivering import figuring
from publisher.store import Store, compacting, copying, figures, ledger, open_store, subscribers, tallies
from publisher.store.schema import deliveries, editions, events, feed_polls, subscriptions, triggers, variants

STATUSES = [*ledger.STATUSES]


class Book:
    """A store whose ledger is changed at random, by many sessions."""

    def __init__(self, p: Publisher, seed: int) -> None:
        self.p, self.store, self.random, self.moved = p, p.store, random.Random(seed), 0
        now, self.next = p.clock(), itertools.count(1)
        with self.store.write() as tx:
            for number in (1, 2):
                row = {"newsletter": "daily", "number": number, "cadence": "hand", "slot": str(number)}
                row |= {"day": "2026-11-21", "state": "done", "by_hand": True, "needs_approval": False}
                row |= {"everybody": True, "archive": {}, "created_at": now, "done_at": now}
                tx.execute(editions.insert().values(row))
                frozen = {"edition_id": number, "key": "k", "language": "en", "subject": "", "preheader": ""}
                tx.execute(variants.insert().values(**frozen, pieces={}, sha256="", size=1))

    def add(self, tx: Connection) -> None:
        now, many = self.p.clock(), self.random.randint(1, 4)
        people = [(f"r{next(self.next)}@example.org", "", {}) for _ in range(many)]
        ids = subscribers.add(tx, people, now)
        each = {"newsletter": "daily", "status": self.random.choice(["confirmed", "pending"]), "topics": None}
        each |= {"cadence": self.random.choice(["daily", "weekly"]), "weekday": 0, "day": 1, "hour": 7}
        each |= {"zone": "UTC", "language": "en", "mark": 0, "since": 0, "created_at": now}
        subscribers.subscribe(tx, [(id_, each) for id_ in ids])
        for edition in (1, 2):
            row = {
                "edition_id": edition,
                "variant_id": edition,
                "fields": {},
                "lo": 0,
                "hi": 1,
                "due_at": now,
            }
            row |= {"first_due_at": now, "status": self.random.choice(STATUSES), "finished_at": now}
            tx.execute(
                deliveries.insert(),
                [row | {"subscriber_id": i, "subscription_id": i, "address": f"r{i}@GMail.com"} for i in ids],
            )

    def move(self, tx: Connection) -> None:
        now = self.p.clock()
        rows = tx.execute(select(deliveries).where(deliveries.c.id.in_(self.some(tx, deliveries)))).all()
        status: Any = self.random.choice(STATUSES)
        moved = ledger.move_all(
            tx, [row for row in rows if row.status != status], status, now, finished_at=now
        )
        self.moved += len(moved) if status in figures.OUTCOMES else 0

    def touch(self, tx: Connection) -> None:
        mine = deliveries.c.id.in_(self.some(tx, deliveries))
        tx.execute(update(deliveries).where(mine).values(worker=f"w{self.random.random()}", reply="x"))

    def acknowledge(self, tx: Connection) -> None:
        ledger.acknowledge(tx, self.some(tx, deliveries), self.p.clock())

    def forget(self, tx: Connection) -> None:
        ledger.forget(tx, self.some(tx, deliveries)[:2])

    def compact(self, tx: Connection) -> None:
        compacting.compact(tx, self.random.choice((1, 2)), 0)

    def choose(self, tx: Connection) -> None:
        changes: list[dict[str, Any]] = [{"cadence": "weekly"}, {"status": "confirmed", "ended_at": None}]
        changes += [{"status": "unsubscribed", "ended_at": self.p.clock()}, {"mark": 7}, {"hour": 9}]
        for id_ in self.some(tx, subscriptions):
            subscribers.change(tx, id_, self.random.choice(changes))

    def undo(self, tx: Connection) -> None:
        moved, point = self.moved, tx.begin_nested()
        self.add(tx)
        self.move(tx)
        point.rollback()
        self.moved = moved

    def some(self, tx: Connection, table: Any) -> list[int]:
        ids = list(tx.scalars(select(table.c.id)))
        return self.random.sample(ids, min(len(ids), self.random.randint(1, 6)))

    def live(self, steps: int) -> None:
        verbs = (self.add, self.move, self.move, self.touch, self.acknowledge, self.forget, self.compact)
        for _ in range(steps):
            with self.store.write() as tx:
                for verb in self.random.sample((*verbs, self.choose, self.undo), 2):
                    verb(tx)
            if self.store.dialect == "postgresql" and self.random.random() < 0.2:
                # the next session is another process of the database
                self.store.engine.dispose()
                tallies.fold(self.store)
            with self.store.read() as tx:
                recount.check(tx)


@pytest.mark.parametrize("seed", range(3))
def test_whatever_happens_the_tallies_are_the_rows(publication: Callable[..., Publisher], seed: int) -> None:
    Book(publication(), seed).live(40)


def test_a_store_that_is_copied_or_migrated_counts_the_same(
    publication: Callable[..., Publisher], new_store: Callable[[Path], str], tmp_path: Path
) -> None:
    book = Book(publication(), 7)
    book.live(30)
    with book.store.write() as tx:
        triggers.drop(tx)
        triggers.count_anew(tx)
        triggers.make(tx)
        recount.check(tx)
    (tmp_path / "other").mkdir()
    url = new_store(tmp_path / "other").replace("var/", "other/var/")
    book.p.close()
    copying.copy(book.p.config.store, url, tmp_path, book.p.clock(), lambda *_: None)
    book.store = open_store(url, tmp_path)
    try:
        with book.store.read() as tx:
            recount.check(tx)
        book.live(10)
    finally:
        book.store.close()


def counted(store: Store, kind: str) -> dict[tuple[str, str], int]:
    with store.read() as tx:
        return {
            (day, name): number for day, name, number in figures.read(tx, kind, "2020-01-01", "2999-01-01")
        }


def known(domains: set[str]) -> dict[str, str]:
    return {domain: "google" for domain in domains if domain == "gmail.com"}


def test_every_outcome_is_in_the_figures_once(publication: Callable[..., Publisher], clock: Any) -> None:
    book, expected = Book(publication(), 3), Counter[str]()
    for day in ("2026-11-20", "2026-11-21", "2026-11-22"):
        clock.set(f"{day}T23:59:59.999999")
        before = book.moved
        for _ in range(12):
            with book.store.write() as tx:
                book.add(tx)
                book.move(tx)
        expected[day] = book.moved - before
        killed(book.store, clock())
        count(book.store, clock())
    found = Counter[str]()
    for (day, _), number in counted(book.store, figures.DELIVERIES).items():
        found[day] += number
    assert found == expected
    with book.store.read() as tx:
        there = tx.execute(select(events.c.at, events.c.new).where(events.c.new == "bounced")).all()
    assert there
    bounced = Counter((f"{at:%Y-%m-%d}", "google") for at, _ in there)
    assert counted(book.store, figures.BOUNCES) == bounced


def count(store: Store, now: Any) -> None:
    for _ in range(3):
        while figures.add_events(store, known, 7, now):
            pass


def killed(store: Store, now: Any) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(figures, "_upsert", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            count(store, now)


def test_an_event_that_becomes_visible_late_is_counted(publication: Callable[..., Publisher]) -> None:
    book = Book(publication(), 1)
    store, now = book.store, book.p.clock()
    with store.write() as tx:
        book.add(tx)
    with store.read() as tx:
        rows = tx.execute(select(deliveries).where(deliveries.c.edition_id == 1).limit(1)).all()
        others = tx.execute(select(deliveries).where(deliveries.c.edition_id == 2).limit(1)).all()
    if store.dialect == "sqlite":  # nobody writes beside another there
        with store.write() as tx:
            ledger.move_all(tx, [*rows, *others], "deferred", now)
    else:
        with store.write() as early:
            ledger.move_all(early, rows, "deferred", now)
            with store.write() as tx:
                ledger.move_all(tx, others, "deferred", now)
            count(store, now)
            assert not counted(store, figures.DELIVERIES)
    deadline = time.monotonic() + 30
    while not counted(store, figures.DELIVERIES) and time.monotonic() < deadline:
        count(store, now)  # any transaction in the same server, of other tests too, is waited for
    assert counted(store, figures.DELIVERIES) == {(f"{now:%Y-%m-%d}", "daily:deferred"): 2}


def test_growth_churn_and_polls_by_day(
    publication: Callable[..., Publisher], subscribe: Any, clock: Any
) -> None:
    p = publication()
    clock.set("2026-11-18T09:00")
    for n in range(3):
        subscribe(p, f"a{n}@example.org")
    clock.set("2026-11-20T09:00")
    with p.store.write() as tx:
        mine = tx.scalars(select(subscriptions.c.id)).first()
        subscribers.change(tx, mine or 0, {"status": "unsubscribed", "ended_at": clock()})
        tx.execute(
            feed_polls.insert(),
            [
                {"day": "2026-11-19", "path": path, "program": "Reader", "polls": 5, "subscribers": 1}
                for path in ("feed.xml", "atom.xml")
            ],
        )
    for _ in range(2):
        assert figuring.fill(p.store, p.config, clock(), 10)
        clock.move(minutes=2)
    daily = "daily"
    assert counted(p.store, figures.SUBSCRIPTIONS) == {
        ("2026-11-18", "daily:confirmed"): 3,
        ("2026-11-20", "daily:unsubscribed"): 1,
    }
    assert counted(p.store, figures.SUBSCRIBERS) == {
        ("2026-11-18", daily): 3,
        ("2026-11-19", daily): 3,
        ("2026-11-20", daily): 2,
    }
    assert counted(p.store, figures.POLLS) == {("2026-11-19", "Reader"): 10}
    with p.store.read() as tx:
        assert figures.read(tx, figures.POLLS, date(2026, 11, 20), date(2026, 11, 20) + timedelta(1)) == []


def test_what_comes_after_deleted_events_is_in_the_figures(
    publication: Callable[..., Publisher], clock: Any
) -> None:
    """SQLite gives the ids of the newest events out again when these are deleted."""
    p = publication()
    book = Book(p, 3)
    with book.store.write() as tx:
        for _ in range(9):
            book.add(tx)
    with book.store.write() as tx:
        rows = tx.execute(select(deliveries).where(deliveries.c.status != "cancelled")).all()
        ledger.cancel(tx, rows, clock())
    count(book.store, clock())
    before = sum(counted(book.store, figures.DELIVERIES).values())
    with book.store.write() as tx:
        ledger.forget(tx, [row.id for row in rows[1:]])
    with book.store.write() as tx:
        rest = tx.execute(select(deliveries)).all()
        ledger.move_all(tx, rest, "expired", clock())
    count(book.store, clock())
    assert rest
    assert sum(counted(book.store, figures.DELIVERIES).values()) == before + len(rest)
