"""The numbers for Prometheus: in its grammar, true of the store on both databases, and of nobody by name."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_text import parsed
from sqlalchemy import update

from publisher import cutting, delivering, gathering, scheduler
from publisher.app import Publisher
from publisher.delivering import opening, workers
from publisher.store import ledger, pacing
from publisher.store.schema import deliveries, editions
from publisher.web import exposition
from publisher.web.exposition import Gauge
from publisher.web.metrics import Collector

BOTH = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)
NAMES = st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_]*", fullmatch=True)
WORDS = st.text(st.characters(exclude_categories=["Cs"]))


@given(NAMES, WORDS, st.lists(st.tuples(st.dictionaries(NAMES, WORDS, max_size=3), st.floats())))
def test_whatever_the_words_are_the_format_holds(
    name: str, said: str, samples: list[tuple[dict[str, str], float]]
) -> None:
    gauge, expected = Gauge(name, said), {}
    for labels, value in samples:
        key = name, tuple(sorted(labels.items()))
        if key not in expected:
            expected[key] = value
            gauge.samples.append((labels, value))
    found = parsed(exposition.text([gauge, Gauge(f"{name}_2", "")]))
    assert found.keys() == expected.keys()
    for key, value in expected.items():
        assert found[key] == value or (math.isnan(value) and math.isnan(found[key]))


@pytest.fixture
def newsroom(publication: Callable[..., Publisher], post: Any, subscribe: Any) -> Publisher:
    """Three readers of a daily newsletter, one of whom has left, and a board that nobody reads."""
    p = publication(
        articles={"a.md": post("The ferry")},
        newsletters={"daily": {}, "board": {"approval": True}},
        mail={"warm_up": {"since": "2026-11-21", "first": 500}},
    )
    for name, status in (("ada", "confirmed"), ("ben", "confirmed"), ("cy", "unsubscribed")):
        subscribe(p, f"{name}@example.org", status=status)
    gathering.gather(p.store, p.config, p.clock())
    return p


def cut(p: Publisher) -> Any:
    asked = cutting.asked(p.config, "daily", "", p.clock(), everybody=True)
    made = cutting.cut(p.store, p.config, p.templates, asked, p.clock())
    assert made.edition
    return made.edition


class Scrape:
    """The numbers by name, and one of several by the values of its labels."""

    def __init__(self, p: Publisher | Collector) -> None:
        collector = p if isinstance(p, Collector) else Collector(p)
        text = exposition.text(collector.gauges())
        assert "@" not in text
        self.samples = parsed(text)

    def __call__(self, name: str, *labels: str) -> float | None:
        for (full, pairs), value in self.samples.items():
            if full == f"publisher_{name}" and set(labels) <= {value for _, value in pairs}:
                return value
        return None


@BOTH
def test_the_numbers_are_those_of_the_store(newsroom: Publisher, clock: Any) -> None:
    p = newsroom
    new = Scrape(p)
    assert new("subscriptions", "daily", "confirmed") == 2
    assert new("subscriptions", "daily", "unsubscribed") == 1
    assert new("subscriptions", "board", "confirmed") == 0
    assert new("deliveries", "board", "sent") == new("deliveries_due") == 0
    assert new("clock_tick_age_seconds") is None
    assert new("build_info") == 1
    assert (new("warm_up_budget"), new("warm_up_used")) == (500, 0)
    size = new("store_bytes")
    assert size
    assert size > 50_000

    edition = cut(p)
    held = Scrape(p)
    assert held("editions_open", "daily", "held") == 1
    assert held("deliveries", "daily", "queued") == 2
    assert held("deliveries_due") == held("deliveries_due_age_seconds") == 0, "it may not leave"

    opening.open_edition(p.store, edition, clock())
    clock.move(seconds=90)
    going = Scrape(p)
    assert going("editions_open", "daily", "sending") == 1
    assert (going("deliveries_due"), going("deliveries_due_age_seconds")) == (2, 90)

    delivering.deliver(p.store, p.config, p.keys, p.transport, p.clock)
    sent = Scrape(p)
    assert sent("deliveries", "daily", "sent") == 2
    assert sent("deliveries", "daily", "queued") == sent("deliveries_due") == 0
    assert sent("messages_per_second") == 2, "two within the first second"
    assert sent("warm_up_used") == 2
    clock.move(seconds=30)
    assert Scrape(p)("messages_per_second") == 0
    clock.move(days=7)
    assert Scrape(p)("deliveries", "daily", "sent") == 0, "it is older than a week"


@BOTH
def test_what_waits_for_a_person_and_who_is_slowed_down(newsroom: Publisher, clock: Any) -> None:
    p = newsroom
    opening.open_edition(p.store, cut(p), clock())
    state = {"rate": 2.5, "since": clock().timestamp(), "peak": 100.0, "reply": "421 ada@example.org"}
    with p.store.write() as tx:
        tx.execute(update(deliveries).where(deliveries.c.address.like("ada%")).values(status="unknown"))
        pacing.learn(tx, "provider:mail.example", state, clock())
    found = Scrape(p)
    assert found("deliveries_unacknowledged") == found("deliveries", "daily", "unknown") == 1
    assert found("limit_messages_per_second", "provider", "mail.example") == 2.5


@BOTH
def test_who_works_and_when_the_clock_ticked(newsroom: Publisher) -> None:
    p = newsroom
    scheduler.tick(p)
    assert Scrape(p)("workers_alive") == 0
    with workers.working(p.store):
        found = Scrape(p)
    assert (found("workers_alive"), found("workers_dead")) == (1, 0)
    age = found("clock_tick_age_seconds")
    assert age is not None
    assert 0 <= age < 10
    assert found("gather_age_seconds") == 0


@BOTH
def test_a_done_edition_is_counted_once_until_somebody_sends_it_again(
    newsroom: Publisher, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    p, counted = newsroom, []
    edition = opening.open_edition(p.store, cut(p), clock())
    delivering.deliver(p.store, p.config, p.keys, p.transport, p.clock)
    with p.store.write() as tx:
        done = {"state": "done", "done_at": clock()}
        tx.execute(update(editions).where(editions.c.id == edition.id).values(**done))
    clock.move(minutes=1)
    count = ledger.counts
    monkeypatch.setattr(ledger, "counts", lambda tx, id_: counted.append(id_) or count(tx, id_))
    collector = Collector(p)
    for _ in range(3):
        assert Scrape(collector)("deliveries", "daily", "sent") == 2
    assert counted == [edition.id]
    with p.store.write() as tx:
        tx.execute(update(deliveries).where(deliveries.c.address.like("ada%")).values(status="queued"))
        tx.execute(update(editions).where(editions.c.id == edition.id).values(state="sending"))
    assert Scrape(collector)("deliveries", "daily", "queued") == 1


def test_subscriptions_are_read_once_a_minute(newsroom: Publisher, subscribe: Any) -> None:
    collector = Collector(newsroom)
    assert Scrape(collector)("subscriptions", "daily", "confirmed") == 2
    subscribe(newsroom, "dee@example.org")
    assert Scrape(collector)("subscriptions", "daily", "confirmed") == 2
    collector._people_until -= timedelta(minutes=1).total_seconds()
    assert Scrape(collector)("subscriptions", "daily", "confirmed") == 3
