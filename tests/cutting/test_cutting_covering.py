"""After a restore: nothing is cut until a person says up to when its readers were served (rule 26)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from publisher import cutting, delivering, gathering, scheduler
from publisher.app import Publisher
from publisher.errors import Refused
from publisher.store import catalogue, editions, frozen, ledger, restores, subscribers

SEVEN = {"daily": {"default": {"cadence": "daily", "hour": 7}}}
ADA, BEN = "ada@example.org", "ben@example.org"


@pytest.fixture
def newsroom(publication: Callable[..., Publisher], post: Any, subscribe: Any, clock: Any) -> Publisher:
    """Two readers at seven, one of them since yesterday; what the ferry did was mailed this morning."""
    clock.set("2026-11-20T20:00")
    p = publication(articles={"a.md": post("The ferry", "2026-11-20T12:00Z")}, newsletters=SEVEN)
    scheduler.tick(p)
    subscribe(p, ADA, zone="UTC")
    subscribe(p, BEN, zone="America/New_York")
    clock.set("2026-11-21T07:00")
    tick(p)
    return p


def tick(p: Publisher) -> None:
    scheduler.tick(p, gather_always=True)
    delivering.deliver(p.store, p.config, p.keys, p.transport, p.clock)


def put_back(p: Publisher) -> None:
    """The store is one of an earlier time; what happened since, it does not know."""
    with p.store.write() as tx:
        restores.mark(tx, p.clock())


def write(p: Publisher, name: str, text: str) -> None:
    (p.config.sources[0].path / name).write_text(text)


def titles(p: Publisher) -> dict[str, list[list[str]]]:
    """Slot to the titles of each edition that was cut, and was not cancelled."""
    with p.store.read() as tx:
        found: dict[str, list[list[str]]] = {}
        for edition in reversed(editions.listed(tx)):
            ids = frozen.articles_of(tx, edition.id)
            named = {x.article.id: x.article.title for x in catalogue.listings(tx, ids=ids)}
            found.setdefault(edition.slot, []).append([named[a] for a in ids])
    return found


def person(p: Publisher, address: str) -> subscribers.Subscription:
    with p.store.read() as tx:
        known = subscribers.find(tx, address)
        assert known
        return subscribers.subscriptions_of(tx, known.id)[0]


def lost_day(p: Publisher, post: Any, clock: Any) -> None:
    """A day that the store does not know: one article was mailed in it, and one came after the mail."""
    put_back(p)
    write(p, "b.md", post("The bridge", "2026-11-21T12:00Z"))
    write(p, "c.md", post("The market", "2026-11-22T14:00Z"))
    clock.set("2026-11-22T18:00")


def test_what_was_released_by_then_is_covered_and_the_rest_comes_next(
    newsroom: Publisher, post: Any, clock: Any
) -> None:
    p = newsroom
    lost_day(p, post, clock)
    until = datetime.fromisoformat("2026-11-22T13:00Z")
    with pytest.raises(Refused, match="publisher gather"):
        cutting.acknowledge_restore(p.store, p.config, clock.now, until)
    scheduler.tick(p, gather_always=True)
    with p.store.read() as tx:
        dates = {x.article.title: x.released_at for x in catalogue.listings(tx)}
    assert dates["The bridge"] == datetime.fromisoformat("2026-11-21T12:00Z"), "as on a first gather"
    assert list(titles(p)) == ["2026-11-21"], "the clock cuts nothing"
    for refused in (
        lambda: cutting.cut(
            p.store, p.config, p.templates, cutting.asked(p.config, "daily", "", clock.now), clock.now
        ),
        lambda: delivering.deliver(p.store, p.config, p.keys, p.transport, p.clock),
        lambda: cutting.acknowledge_restore(p.store, p.config, clock.now, clock.now + timedelta(hours=1)),
    ):
        with pytest.raises(Refused):
            refused()
    cutting.acknowledge_restore(p.store, p.config, clock.now, until)
    assert person(p, ADA).next_due_at == datetime.fromisoformat("2026-11-23T07:00Z")
    assert person(p, BEN).next_due_at == datetime.fromisoformat("2026-11-23T12:00Z")
    for hour in ("2026-11-22T18:01", "2026-11-23T07:01", "2026-11-23T12:01"):
        clock.set(hour)
        tick(p)
    assert titles(p) == {"2026-11-21": [["The ferry"]], "2026-11-23": [["The market"]]}
    with pytest.raises(Refused, match="acknowledged already"):
        cutting.acknowledge_restore(p.store, p.config, clock.now)


def test_without_a_moment_everything_goes_on_as_it_stands(newsroom: Publisher, post: Any, clock: Any) -> None:
    p = newsroom
    lost_day(p, post, clock)
    gathering.gather(p.store, p.config, clock.now)
    done = cutting.acknowledge_restore(p.store, p.config, clock.now)
    assert (done.covered, done.cancelled) == (0, 0)
    tick(p)
    again = ["The bridge", "The ferry", "The market"]
    assert sorted(titles(p)["2026-11-22"][0]) == again, "the last one for Ben, whose hour had not come"


def test_who_waited_and_was_due_by_then_is_cancelled_with_the_reason(
    newsroom: Publisher, post: Any, clock: Any
) -> None:
    p = newsroom  # Ben's row of the 21st is not cut before his hour
    write(p, "b.md", post("The bridge", "2026-11-21T10:00Z"))
    clock.set("2026-11-21T11:00")
    scheduler.tick(p, gather_always=True)
    request = cutting.asked(p.config, "daily", "", clock.now, everybody=True)
    held = cutting.cut(p.store, p.config, p.templates, request, clock.now).edition
    put_back(p)
    clock.set("2026-11-22T18:00")
    gathering.gather(p.store, p.config, clock.now)
    done = cutting.acknowledge_restore(p.store, p.config, clock.now, clock.now)
    assert held
    with p.store.read() as tx:
        rows = [r for e in editions.listed(tx) for r in ledger.rows(tx, e.id) if r.status == "cancelled"]
    assert [(r.address, r.reply) for r in rows] == [(BEN, "restored")]
    assert done.cancelled == 1


def test_a_first_window_does_not_reach_back_behind_what_is_covered(
    publication: Callable[..., Publisher], post: Any, subscribe: Any, clock: Any
) -> None:
    """The first edition was sent in the time that was lost: to the store nothing was ever sent."""
    clock.set("2026-11-20T20:00")
    old = {f"old{n}.md": post(f"Old {n}", f"2026-11-0{n}T12:00Z") for n in range(1, 4)}
    p = publication(articles=old, newsletters=SEVEN)
    scheduler.tick(p)
    subscribe(p, ADA, zone="UTC")
    put_back(p)
    clock.set("2026-11-21T18:00")
    gathering.gather(p.store, p.config, clock.now)
    cutting.acknowledge_restore(p.store, p.config, clock.now, clock.now)
    write(p, "new.md", post("New", "2026-11-21T20:00Z"))
    clock.set("2026-11-22T07:01")
    tick(p)
    assert titles(p) == {"2026-11-22": [["New"]]}


def test_killed_on_its_way_it_goes_on_with_the_same_moment(
    newsroom: Publisher, post: Any, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    p = newsroom
    lost_day(p, post, clock)
    gathering.gather(p.store, p.config, clock.now)
    monkeypatch.setattr("publisher.cutting.covering._CHUNK", 1)
    until = datetime.fromisoformat("2026-11-22T13:00Z")

    def killed(_done: int, _total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cutting.acknowledge_restore(p.store, p.config, clock.now, until, killed)
    for other in (None, until + timedelta(hours=1)):
        with pytest.raises(Refused, match="2026-11-22T13:00:00"):
            cutting.acknowledge_restore(p.store, p.config, clock.now, other)
    cutting.acknowledge_restore(p.store, p.config, clock.now, until)
    assert {person(p, ADA).mark, person(p, BEN).mark} == {2}


def test_a_source_that_is_missing_keeps_the_store_from_being_acknowledged(
    newsroom: Publisher, clock: Any
) -> None:
    p = newsroom
    put_back(p)
    folder = p.config.sources[0].path
    away = folder.rename(folder.with_name("away"))
    assert gathering.gather(p.store, p.config, clock.now).kept
    with pytest.raises(Refused, match="accept-gone"):
        cutting.acknowledge_restore(p.store, p.config, clock.now)
    away.rename(folder)
    gathering.gather(p.store, p.config, clock.now)
    cutting.acknowledge_restore(p.store, p.config, clock.now)
