"""Searches find what a look at every row would find, page by page, and go along an index."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select, text, update

from publisher import gathering
from publisher.app import Publisher
from publisher.store import catalogue, compacting, searching
from publisher.store import subscribers as people
from publisher.store.schema import articles, deliveries, editions, subscribers, variants
from publisher.store.subscribers import address_key

NAMES = ("", "Ada Lovelace", "ada", "Émile Ézard", "Bob <script>", "100% Bob", "Zoë")
DOMAINS = ("example.org", "exa.example", "bücher.example", "ada.example")
STATUSES = ("sent", "sent", "sent", "queued", "bounced", "unknown")


@pytest.fixture
def town(publication: Callable[..., Publisher]) -> Publisher:
    """300 people, and an edition of which some is compacted."""
    p, dice = publication(), random.Random(5)
    local = [*itertools.product("abz", "abcdeé_%", range(14))]
    some = [(f"{a}{b}{n}@{dice.choice(DOMAINS)}", dice.choice(NAMES), {}) for a, b, n in local][:300]
    with p.store.write() as tx:
        ids = people.add(tx, some, p.clock())
        chosen = {"newsletter": "daily", "status": "confirmed", "topics": None, "cadence": "daily"}
        chosen |= {"weekday": 0, "day": 1, "hour": 7, "zone": "UTC", "language": "en", "mark": 0, "since": 0}
        people.subscribe(tx, [(id_, {**chosen, "created_at": p.clock()}) for id_ in ids])
        row = {"newsletter": "daily", "number": 1, "cadence": "hand", "slot": "1", "archive": {}}
        row |= {"day": "2026-11-21", "state": "done", "by_hand": True, "needs_approval": False}
        tx.execute(editions.insert().values(**row, everybody=True, created_at=p.clock(), done_at=p.clock()))
        frozen = {"edition_id": 1, "key": "k", "language": "en", "subject": "", "preheader": ""}
        tx.execute(variants.insert().values(**frozen, pieces={}, sha256="", size=1))
        each = {"edition_id": 1, "variant_id": 1, "fields": {}, "lo": 0, "hi": 1, "due_at": p.clock()}
        each |= {"first_due_at": p.clock(), "finished_at": p.clock()}
        tx.execute(
            deliveries.insert(),
            [
                each
                | {"subscriber_id": i, "subscription_id": i, "address": a, "status": dice.choice(STATUSES)}
                for i, (a, _, _) in zip(ids[20:], some[20:], strict=True)
            ],
        )
    return p


def found(p: Publisher, typed: str, most: int = 7) -> list[str]:
    after, pages = "", list[str]()
    with p.store.read() as tx:
        while page := searching.subscribers(tx, typed, after, most):
            assert len(page) <= most
            after = address_key(page[-1].address)
            pages += [address_key(one.address) for one in page]
    return pages


TYPED = ("", "a", "ab1", "ab1@", "ADA", "ada L", "émile", "@", "@exa", "@bücher.example", "zo", "%", "_")


def test_subscribers_are_found_by_address_name_and_domain(town: Publisher) -> None:
    def small(value: str) -> str:
        return "".join(c.lower() if c.isascii() else c for c in value)

    def fits(row: Any, typed: str) -> bool:
        if typed.startswith("@"):
            return bool(row.address_key.partition("@")[2].startswith(address_key(f"x{typed}")[2:]))
        key = address_key(typed)
        if "@" in typed or not typed:
            return bool(row.address_key.startswith(key))
        parts = row.address_key, row.address_key.partition("@")[2]
        return any(part.startswith(key) for part in parts) or bool(
            row.name and small(row.name).startswith(small(typed))
        )

    with town.store.read() as tx:
        rows = tx.execute(select(subscribers)).all()
    for typed in TYPED:
        expected = sorted(row.address_key for row in rows if fits(row, typed))
        assert sorted(found(town, typed)) == expected, typed
        assert found(town, typed, 60) == found(town, typed)
        addresses = [key for key in found(town, typed) if key.startswith(address_key(typed))]
        assert addresses == sorted(addresses)


@pytest.mark.parametrize("few", [searching._FEW, 2])
@pytest.mark.parametrize("kept", [True, False], ids=["rows", "compacted"])
def test_deliveries_are_found_by_address_and_status(
    town: Publisher, few: int, kept: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "_FEW", few)
    monkeypatch.setattr(searching, "_LOOKED", 30)
    monkeypatch.setattr(searching, "_CHUNK", 10)
    with town.store.write() as tx:
        every = {row.subscriber_id: row for row in tx.execute(select(deliveries)).all()}
        if not kept:
            assert compacting.compact(tx, 1, 0)
    for begins, status in itertools.product(
        ("", "a", "AB1", "zz", "bé"), ("", "sent", "queued", "bounced", "expired")
    ):
        after, ids = 0, list[int]()
        with town.store.read() as tx:
            while page := searching.deliveries(tx, 1, begins, status, after, 7):
                after = page[-1].subscriber_id
                ids += [row.subscriber_id for row in page]
        fit = {
            id_
            for id_, row in every.items()
            if address_key(row.address).startswith(address_key(begins)) and status in ("", row.status)
        }
        assert len(ids) == len(set(ids))
        assert set(ids) == fit, (begins, status)


def test_articles_are_found_by_their_words(publication: Any, post: Any) -> None:
    files = {
        "a.md": post("Fähren im Sturm", "2026-11-20T12:00Z", "World", authors=["Åsa Öberg"]),
        "b.md": post("The 100% ferry <script>", "2026-11-20T13:00Z", "World", "Sports"),
        "c.md": post("Kitchen", "2026-11-20T14:00Z", "Sports and more", draft=True),
    }
    p = publication(articles=files)
    gathering.gather(p.store, p.config, p.clock())

    def titles(*what: str, **more: Any) -> list[str]:
        with p.store.read() as tx:
            return [one.title for one in searching.articles(tx, *what, **more)]

    every = ["Kitchen", "The 100% ferry <script>", "Fähren im Sturm"]
    assert titles() == every
    assert titles("FÄHREN sturm") == titles("öberg") == titles("Åsa") == every[2:]
    assert titles("100%") == titles("ferry world") == titles("", "published", topic="sports") == [every[1]]
    assert titles("", "draft") == titles("more") == every[:1]
    assert titles("%a%") == titles("", source="elsewhere") == titles("", topic="sport") == []
    with p.store.read() as tx:
        (first,) = searching.articles(tx, most=1)
    assert titles(before=(first.published_at, first.id)) == every[1:]
    assert first.topics == ["sports-and-more"]
    p = publication(articles={"a.md": post("Another title"), "b.md": "", "c.md": ""})
    gathering.gather(p.store, p.config, p.clock(), accept_gone=True)
    assert titles("sturm") == []
    assert titles("another") == ["Another title"]
    with p.store.write() as tx:
        catalogue.set_status(tx, {first.id: "gone"})
    assert titles("", "gone") == ["Kitchen"]
    with p.store.write() as tx:
        tx.execute(update(articles).values(status="draft"))
    assert len(titles("", "draft")) == len(every)


@pytest.mark.sqlite
def test_every_search_goes_along_an_index(town: Publisher) -> None:
    said: list[str] = []
    with town.store.read() as tx:
        driver: Any = tx.connection.driver_connection
        driver.set_trace_callback(said.append)
        for typed in ("a", "ada", "@exa"):
            searching.subscribers(tx, typed, "ab1@example.org", 5)
        driver.set_trace_callback(None)
        for statement in [one for one in said if "FROM subscribers" in one]:
            plan = [row[3] for row in tx.execute(text(f"EXPLAIN QUERY PLAN {statement}".replace(":", "\\:")))]
            assert all(step.startswith("SEARCH") and "USING" in step for step in plan), plan
