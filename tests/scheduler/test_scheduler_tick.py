"""The clock: however often it is looked at, each slot has one edition, and nothing waits for ever."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from publisher import cutting, delivering, gathering, publishing, scheduler
from publisher.app import Publisher, open_publisher
from publisher.publishing import Press
from publisher.store import clock as clocks
from publisher.store import editions, ledger

HOUR = {"daily": {"default": {"cadence": "daily", "hour": 7}}}


@pytest.fixture
def newsroom(publication: Callable[..., Publisher], post: Any, subscribe: Any, clock: Any) -> Publisher:
    """Two readers of a daily newsletter at seven, in Lisbon and in New York."""
    clock.set("2026-11-20T20:00")
    p = publication(articles={"a.md": post("The ferry", "2026-11-20T12:00Z")}, newsletters=HOUR)
    subscribe(p, "ada@example.org", zone="Europe/Lisbon")
    subscribe(p, "ben@example.org", zone="America/New_York")
    return p


def slots(p: Publisher) -> list[tuple[str, int]]:
    """(slot, deliveries) of every edition."""
    with p.store.read() as tx:
        found = editions.listed(tx)
        return sorted((e.slot, sum(ledger.counts(tx, e.id).values())) for e in found)


def write(p: Publisher, name: str, text: str) -> None:
    (p.store.folder.parent / "content" / name).write_text(text)


def deliver(p: Publisher) -> int:
    return delivering.deliver(p.store, p.config, p.keys, p.transport, p.clock).settled


def test_a_day_of_ticks_makes_one_edition_and_one_mail_each(newsroom: Publisher, clock: Any) -> None:
    mails = 0
    for _ in range(24):
        scheduler.tick(newsroom)
        scheduler.tick(newsroom)
        mails += deliver(newsroom)
        clock.move(minutes=60)
    assert slots(newsroom) == [("2026-11-21", 2)]
    assert mails == 2
    clock.set("2026-11-22T12:01")
    scheduler.tick(newsroom)
    deliver(newsroom)
    with newsroom.store.read() as tx:
        assert [e.state for e in editions.listed(tx)] == ["done"]


def test_two_at_once_make_one(newsroom: Publisher, clock: Any) -> None:
    clock.set("2026-11-21T13:00")
    file = newsroom.store.folder.parent / "config.yaml"
    several = [newsroom, newsroom, open_publisher(file, clock), open_publisher(file, clock)]
    together, failures = threading.Barrier(4), []

    def fire(p: Publisher) -> None:
        together.wait()
        try:
            scheduler.tick(p)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=fire, args=(p,)) for p in several]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for p in several[2:]:
        p.close()
    assert not failures
    assert slots(newsroom) == [("2026-11-21", 2)]


def test_a_machine_that_slept_two_days_makes_one_cut(newsroom: Publisher, post: Any, clock: Any) -> None:
    scheduler.tick(newsroom)
    write(newsroom, "b.md", post("The tide", "2026-11-21T12:00Z"))
    clock.set("2026-11-23T13:00")
    scheduler.tick(newsroom)
    assert slots(newsroom) == [("2026-11-23", 2)]


@pytest.mark.parametrize(
    ("day", "zone"),
    [("2026-03-29", "Europe/Lisbon"), ("2026-10-25", "Europe/Lisbon"), ("2026-11-01", "America/New_York")],
)
def test_both_changes_of_the_clocks(
    publication: Any, post: Any, subscribe: Any, clock: Any, day: str, zone: str
) -> None:
    """Whoever chose the hour that is skipped, or repeated, gets one mail that day as everybody does."""
    clock.set(f"{day}T00:00")
    clock.move(hours=-3)
    p = publication(articles={"a.md": post("The ferry", clock.now.isoformat())})
    for hour in (1, 2, 3):
        subscribe(p, f"at{hour}@example.org", zone=zone, hour=hour)
    for n in range(14):
        if n % 2 == 0:
            write(p, f"{n}.md", post(f"Story {n}", clock.now.isoformat()))
        scheduler.tick(p)
        clock.move(minutes=60)
    assert slots(p) == [(day, 3)]


def test_a_clock_set_back_stalls_nothing_and_repeats_nothing(
    newsroom: Publisher, post: Any, clock: Any
) -> None:
    clock.set("2026-11-21T13:00")
    scheduler.tick(newsroom)
    assert deliver(newsroom) == 2
    clock.move(hours=-9)
    write(newsroom, "b.md", post("The tide", "2026-11-21T03:00Z"))
    done = scheduler.tick(newsroom)
    assert done.gathered is not None, "the sources are looked at, although the last time was later"
    assert done.gathered.changed
    clock.set("2026-11-21T13:00")
    scheduler.tick(newsroom)
    assert slots(newsroom) == [("2026-11-21", 2)]
    assert deliver(newsroom) == 0
    clock.set("2026-11-22T13:00")
    scheduler.tick(newsroom)
    assert slots(newsroom) == [("2026-11-21", 2), ("2026-11-22", 2)]


def test_gather_keeps_its_distance(newsroom: Publisher, clock: Any) -> None:
    seen = []
    for _ in range(10):
        seen.append(scheduler.tick(newsroom).gathered is not None)
        clock.move(minutes=1)
    assert seen == [True, False, False, False, False] * 2


def test_what_a_person_left_held_is_reported_and_stays(newsroom: Publisher, clock: Any) -> None:
    gathering.gather(newsroom.store, newsroom.config, clock())
    request = cutting.asked(newsroom.config, "daily", "", clock(), everybody=True)
    cutting.cut(newsroom.store, newsroom.config, newsroom.templates, request, clock())
    done = scheduler.tick(newsroom)
    assert done.held == {"daily/1": 2}
    assert not done.opened
    assert deliver(newsroom) == 0


def test_a_step_that_fails_keeps_no_other_from_being_done(
    newsroom: Publisher, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    scheduler.tick(newsroom)
    clock.set("2026-11-21T13:00")

    def fail(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError("the source")

    monkeypatch.setattr(gathering, "gather", fail)
    with pytest.raises(ZeroDivisionError):
        scheduler.tick(newsroom)
    assert deliver(newsroom) == 2


def test_pages_that_could_not_be_written_are_written_by_the_next_tick(
    newsroom: Publisher, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    scheduler.tick(newsroom)
    written: list[int] = []

    def full(*_: Any) -> None:
        written.append(0)
        if len(written) == 1:
            raise OSError("disk full")

    monkeypatch.setattr(Press, "_write", full)
    clock.set("2026-11-21T13:00")
    with pytest.raises(OSError, match="disk full"):
        scheduler.tick(newsroom)
    for _ in range(3):
        clock.move(seconds=5)
        scheduler.tick(newsroom)
    assert len(written) == 2


def test_a_schedule_moves_once_whoever_looks(publication: Any, clock: Any) -> None:
    with publication().store.write() as tx:
        assert not clocks.advance_slot(tx, "a slot", "2026-11-21", clock()), "the first look only remembers"
        assert clocks.advance_slot(tx, "a slot", "2026-11-22", clock())
        assert not clocks.advance_slot(tx, "a slot", "2026-11-22", clock())
        assert not clocks.advance_slot(tx, "a slot", "2026-11-21", clock())
        assert clocks.due(tx, "look", timedelta(minutes=5), clock())
        assert not clocks.due(tx, "look", timedelta(minutes=5), clock.move(minutes=4))
        assert clocks.due(tx, "look", timedelta(minutes=5), clock.move(minutes=1))


def test_what_waits_for_approval_is_not_said_to_want_a_send(publication: Any) -> None:
    p = publication(newsletters={"daily": {}, "board": {"approval": True}})
    assert "publisher send daily/1" in scheduler.reminder(p.config, "daily/1", 2)
    assert scheduler.reminder(p.config, "board/1", 2) == (
        "board/1 waits for approval, and 2 of its deliveries have come due"
    )


def test_what_a_command_gathered_reaches_the_pages_with_the_next_tick(
    publication: Any, post: Any, clock: Any, tmp_path: Path
) -> None:
    p = publication(articles={"a.md": post("Old")})
    scheduler.tick(p)
    (tmp_path / "content/b.md").write_text(post("Brand new", "2026-11-21T05:00Z"))
    gathering.gather(p.store, p.config, clock())
    clock.move(seconds=5)
    scheduler.tick(p)
    assert "Brand new" in (p.config.output.path / "index.html").read_text()


def test_an_older_look_is_never_written_over_a_newer_one(
    publication: Any, post: Any, clock: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    p = publication(articles={"a.md": post("Old")})
    scheduler.tick(p)
    read = Press._read
    newer: list[threading.Thread] = []

    def late(*arguments: Any) -> Any:
        if not newer:  # the first has read; before it writes, another wants to publish something newer
            (tmp_path / "content/b.md").write_text(post("Brand new", "2026-11-21T05:00Z"))
            gathering.gather(p.store, p.config, clock())
            newer.append(threading.Thread(target=publishing.publish, args=(p.store, p.config, p.templates)))
            newer[0].start()
            newer[0].join(0.5)
        return read(*arguments)

    monkeypatch.setattr(Press, "_read", late)
    publishing.publish(p.store, p.config, p.templates)
    newer[0].join()
    assert "Brand new" in (p.config.output.path / "index.html").read_text()
