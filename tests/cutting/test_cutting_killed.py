"""Rules 9 and 10: a cut that is killed anywhere goes on with its own `hi`, and ends as if it had not been."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Connection, select

from publisher import cutting, gathering
from publisher.app import Publisher
from publisher.cutting import cancelling
from publisher.store import Store, editions
from publisher.store.schema import articles, cuts, metadata, releases

TABLES = ("editions", "pieces", "variants", "variant_articles", "deliveries", "subscriptions", "schedule")
Act = Callable[[Publisher], object]


class Killed(BaseException):
    """The process ends here."""


@contextmanager
def killed_after(store: Store, commits: int) -> Iterator[list[int]]:
    """Ends everything right after so many transactions (0: never); counts them."""
    write, done = store.write, [0]

    @contextmanager
    def dying() -> Iterator[Connection]:
        with write() as tx:
            yield tx
        done[0] += 1
        if done[0] == commits:
            raise Killed

    store.write = dying  # type: ignore[method-assign]
    try:
        yield done
    except Killed:
        pass
    finally:
        store.write = write  # type: ignore[method-assign]


def dump(store: Store) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    with store.read() as tx:
        for name in TABLES:
            table = metadata.tables[name]
            columns = [c for c in table.c if c.name != "revision" or name != "subscriptions"]
            found[name] = [tuple(r) for r in tx.execute(select(*columns).order_by(*table.primary_key))]
    return found


def request(p: Publisher, **asked: Any) -> cutting.Request:
    return cutting.asked(p.config, "daily", "", p.clock(), **asked)


def do(p: Publisher, **asked: Any) -> object:
    return cutting.cut(p.store, p.config, p.templates, request(p, **asked), p.clock())


def tick(p: Publisher) -> object:
    return cutting.cut_due(p.store, p.config, p.templates, p.clock())


def everybody(p: Publisher) -> object:
    return do(p, everybody=True)


def by_hand(p: Publisher) -> object:
    with p.store.read() as tx:
        return do(p, articles=tuple(tx.scalars(select(articles.c.id).order_by(articles.c.id).limit(2))))


def cancel(p: Publisher) -> None:
    with p.store.read() as tx:
        first = editions.listed(tx)[-1]
    if first.state != "cancelled":
        cancelling.cancel(p.store, first, p.clock(), "by an editor")
    cutting.resume(p.store, p.config, p.templates, p.clock())


def release_another(p: Publisher) -> None:
    """An article that comes out between the kill and the next start."""
    with p.store.write() as tx:
        old = tx.execute(select(articles).limit(1)).one()._asdict()
        row = {**old, "id": "late", "slug": "late", "path": "late.md", "release": 99}
        tx.execute(articles.insert().values(row))
        values = {"release": 99, "article_id": "late", "revision": 1, "released_at": p.clock()}
        tx.execute(releases.insert().values(values))


@pytest.mark.parametrize(
    ("act", "approval"),
    [(tick, False), (tick, True), (everybody, False), (by_hand, False), (cancel, False)],
    ids=["tick", "approval", "now", "hand", "cancel"],
)
def test_killed_after_every_transaction(
    publication: Any,
    post: Any,
    subscribe: Any,
    clock: Any,
    monkeypatch: pytest.MonkeyPatch,
    twin: Callable[[Publisher], Store],
    act: Act,
    approval: bool,
) -> None:
    """A held edition of the day before; people in chunks of two or three, some with nothing for them."""
    monkeypatch.setattr("publisher.cutting.chunks.CHUNK", 3)
    monkeypatch.setattr("publisher.cutting.cancelling._CHUNK", 2)
    files = {f"{n}.md": post(f"Article {n}", "2026-11-20T12:00Z", "AB"[n % 2]) for n in range(4)}
    made = publication(articles=files, newsletters={"daily": {"approval": approval}})
    gathering.gather(made.store, made.config, clock.now)
    for n in range(6):
        topics = (None, ("a",), ("b",), ("c",))[n % 4]
        zone = "Pacific/Auckland" if n == 5 else "UTC"
        subscribe(made, f"p{n}@example.org", topics=topics, hour=7, zone=zone)
        subscribe(made, f"w{n}@example.org", topics=topics, hour=7, cadence="weekly")
    tick(made)
    do(made, everybody=True)
    clock.set("2026-11-22T07:00")
    made.store.close()

    def again(number: int) -> Publisher:
        run = replace(made, store=twin(made))
        run.__dict__["templates"] = made.templates  # compiled once for all runs
        return run

    undisturbed = again(0)
    with killed_after(undisturbed.store, 0) as commits:
        act(undisturbed)
    expected = dump(undisturbed.store)
    undisturbed.store.close()
    assert commits[0] >= 3
    for number in range(1, commits[0] + 1):
        p = again(number)
        with p.store.read() as tx:
            before = len(tx.execute(select(cuts)).all())
        with killed_after(p.store, number):
            act(p)
        with p.store.read() as tx:
            started = len(tx.execute(select(cuts)).all()) > before
        if started:
            release_another(p)
            cutting.resume(p.store, p.config, p.templates, p.clock())
        else:
            act(p)
        assert dump(p.store) == expected, f"killed after transaction {number} of {commits[0]}"
        with p.store.read() as tx:
            assert not tx.execute(select(cuts).where(cuts.c.finished_at.is_(None))).all()
        p.store.close()
