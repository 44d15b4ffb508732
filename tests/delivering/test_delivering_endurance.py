"""A run that goes on: past a store that fails for a moment, a server that is slow, a pace that is slow."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from mail_sink import FINE
from sqlalchemy import select, update

from publisher.delivering import ahead, controlling, copies, opening, workers
from publisher.delivering.messages import Composer
from publisher.errors import StoreError
from publisher.store import claims
from publisher.store import pacing as kept
from publisher.store.leases import Lease
from publisher.store.schema import deliveries, events
from publisher.store.sqlite import FileLock

ADA = "ada@elsewhere.example"


def copied(m: Any, *addresses: str) -> None:
    p = m.publisher
    copies.queue_copies(Composer(p.store, p.config, p.keys), m.edition, addresses, p.clock())


def delivering(m: Any) -> threading.Thread:
    thread = threading.Thread(target=m.deliver, daemon=True)
    thread.start()
    return thread


def died_in_mid_send(m: Any, now: Any) -> None:
    with m.publisher.store.write() as tx:
        began = {"status": "sending", "worker": "1-dead", "attempt": 1, "started_at": now, "dated_at": now}
        tx.execute(update(deliveries).values(began))
        for row in m.rows().values():
            event = {"delivery_id": row.id, "at": now, "old": "queued", "new": "sending", "attempt": 1}
            tx.execute(events.insert(), event)


def test_a_store_that_fails_for_a_moment_ends_neither_the_run_nor_the_process(
    mailing: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    m = mailing(people=6)
    m.sink.delay = 0.4
    real, looks = workers.tidy, []

    def tidy(*given: Any) -> None:
        looks.append(1)
        if len(looks) == 2:
            raise StoreError("the store cannot be used now: database is locked")
        real(*given)

    monkeypatch.setattr(workers, "tidy", tidy)
    of_the_process = threading.Event()
    m.deliver(stop=of_the_process)
    assert len(looks) > 2
    assert not of_the_process.is_set()
    assert m.counts() == {"sent": 6}


def test_what_comes_due_waits_for_no_slow_server(mailing: Callable[..., Any]) -> None:
    m = mailing(people=1, connections=3)
    slow = threading.Event()

    def answer(recipient: str) -> str:
        if recipient != ADA:
            slow.wait(20)
        return FINE

    m.sink.answer = answer
    thread = delivering(m)
    m.sink.wait_for(1)
    copied(m, ADA)
    m.sink.wait_for(2, seconds=10)
    assert m.counts() == {"sending": 1}
    slow.set()
    thread.join(10)
    assert m.sink.recipients[-1] == ADA


def test_a_throttled_provider_keeps_nobody_else_waiting(mailing: Callable[..., Any], clock: Any) -> None:
    m = mailing(people=8, connections=2)
    slow = {"rate": 0.5, "peak": 9.0, "since": clock.now.timestamp(), "reply": "421 slow down"}
    with m.publisher.store.write() as tx:
        kept.learn(tx, "provider:example.org", slow, clock.now)
    stop = threading.Event()
    thread = threading.Thread(target=lambda: m.deliver(stop=stop), daemon=True)
    thread.start()
    m.sink.wait_for(1)
    copied(m, ADA)
    before = len(m.sink.kept)
    m.sink.wait_for(before + 1, seconds=10)
    stop.set()
    thread.join(20)
    assert m.sink.recipients.index(ADA) <= 3


def test_more_of_a_throttled_provider_than_can_be_set_aside_keeps_nobody_else_waiting(
    mailing: Callable[..., Any], clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ahead, "_MOST_ASIDE", 3)
    m = mailing(people=12, connections=2)
    slow = {"rate": 0.5, "peak": 9.0, "since": clock.now.timestamp(), "reply": "421 slow down"}
    with m.publisher.store.write() as tx:
        kept.learn(tx, "provider:example.org", slow, clock.now)
        last = sorted(tx.scalars(select(deliveries.c.id)))[-4:]
        for id_ in last:
            address = f"reader{id_}@elsewhere.example"
            tx.execute(update(deliveries).where(deliveries.c.id == id_).values(address=address))
    stop = threading.Event()
    thread = threading.Thread(target=lambda: m.deliver(stop=stop), daemon=True)
    thread.start()
    until = time.monotonic() + 10
    while sum("elsewhere" in r for r in m.sink.recipients) < 4 and time.monotonic() < until:
        time.sleep(0.05)
    with m.publisher.store.read() as tx:
        waiting = deliveries.c.status == "queued"
        due = tx.execute(select(deliveries.c.due_at, deliveries.c.first_due_at).where(waiting)).all()
    stop.set()
    thread.join(20)
    assert sum("elsewhere" in r for r in m.sink.recipients) == 4
    assert len(m.sink.kept) < 9
    later = [row.due_at - clock.now for row in due if row.due_at > clock.now]
    assert later
    assert max(later) < timedelta(minutes=1), "about when it is their turn"
    assert all(row.first_due_at <= clock.now for row in due), "how late they are is counted as before"


def test_what_was_put_off_is_waited_for(
    mailing: Callable[..., Any], clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ahead, "_MOST_ASIDE", 3)
    began, at = time.monotonic(), clock.now
    m = mailing(people=40, connections=2)
    slow = {"rate": 20.0, "peak": 90.0, "since": clock.now.timestamp(), "reply": "421 slow down"}
    with m.publisher.store.write() as tx:
        kept.learn(tx, "provider:example.org", slow, clock.now)
    passing = lambda: at + timedelta(seconds=time.monotonic() - began)  # noqa: E731
    m.deliver(clock=passing)
    assert m.counts() == {"sent": 40}
    times = [at for _, _, at in m.sink.kept]
    assert 1.5 < times[-1] - times[0] < 6, "at the pace that the provider asked for, and not much slower"


def test_nobody_waits_for_what_was_put_off_in_an_edition_that_was_paused(
    mailing: Callable[..., Any], clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ahead, "_MOST_ASIDE", 1)
    m = mailing(people=60)
    slow = {"rate": 1.0, "peak": 9.0, "since": clock.now.timestamp(), "reply": "421 slow down"}
    with m.publisher.store.write() as tx:
        kept.learn(tx, "provider:example.org", slow, clock.now)
    thread = delivering(m)
    m.sink.wait_for(1)
    controlling.pause(m.publisher.store, m.edition, clock.now)
    thread.join(10)
    assert not thread.is_alive()
    assert m.counts() == {"sent": len(m.sink.kept), "queued": 60 - len(m.sink.kept)}


def test_answers_that_came_before_the_lease_was_lost_are_kept(
    mailing: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    m = mailing(people=30, connections=2)
    for lock in (FileLock, Lease):
        monkeypatch.setattr(lock, "alive", lambda _: len(m.sink.kept) < 10)
    with pytest.raises(StoreError, match="could not renew its lease"):
        m.deliver()
    assert 10 <= len(m.sink.kept) < 20, "nothing more is started"
    assert sorted(m.rows("sent")) == sorted(m.sink.recipients)


def test_a_store_that_cannot_be_read_at_the_start_is_said_at_once(
    mailing: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    m = mailing(people=3)

    def gone(*_: object) -> None:
        raise StoreError("the store cannot be used now: it is gone")

    monkeypatch.setattr(claims, "claim", gone)
    began = time.monotonic()
    with pytest.raises(StoreError, match="it is gone"):
        m.deliver()
    assert time.monotonic() - began < 5, "nothing was under way that would have to be waited for"


def test_a_notice_goes_first_at_a_slow_pace_too(mailing: Callable[..., Any], sink: Any) -> None:
    smtp = {"host": "127.0.0.1", "port": sink.port, "security": "none", "rate": "20/s", "connections": 2}
    m = mailing(people=100, mail={"transport": "smtp", "smtp": smtp})
    stop = threading.Event()
    thread = threading.Thread(target=lambda: m.deliver(stop=stop), daemon=True)
    thread.start()
    m.sink.wait_for(5)
    copied(m, ADA)
    m.sink.wait_for(70, seconds=30)
    stop.set()
    thread.join(20)
    assert m.sink.recipients.index(ADA) < 60


def test_a_budget_that_is_used_up_troubles_no_server(mailing: Callable[..., Any], sink: Any) -> None:
    smtp = {"host": "127.0.0.1", "port": sink.port, "security": "none"}
    warm_up = {"since": "2026-11-21", "first": 20}
    m = mailing(people=30, mail={"transport": "smtp", "smtp": smtp, "warm_up": warm_up})
    assert m.deliver().used_up
    assert m.counts() == {"sent": 20, "queued": 10}
    sessions = sink.sessions
    assert m.deliver().used_up
    assert sink.sessions == sessions
    copied(m, ADA)
    m.deliver()
    assert m.sink.recipients[-1] == ADA


def test_a_421_for_one_recipient_does_not_put_the_server_to_rest(mailing: Callable[..., Any]) -> None:
    m = mailing(people=30, connections=2)
    bad = {"reader3@example.org", "reader7@example.org", "reader11@example.org"}
    m.sink.rcpt = lambda r: "421 4.7.0 too many" if r in bad else "250 2.1.5 fine"
    assert m.deliver().unavailable == ""
    m.deliver()
    assert set(m.rows("deferred")) == bad
    assert len(m.rows("sent")) == 27


def test_what_would_expire_before_it_is_resent_is_unknown(mailing: Callable[..., Any], clock: Any) -> None:
    m = mailing(people=1, delivery={"on_unknown": "resend"})
    died_in_mid_send(m, clock.now)
    clock.move(hours=49)
    m.deliver()
    assert m.counts() == {"unknown": 1}
    m.check_events()


@pytest.mark.parametrize("when", ["now", "local"])
def test_nobody_is_resent_before_600_seconds_whatever_is_hastened(
    mailing: Callable[..., Any], clock: Any, when: str
) -> None:
    m = mailing(people=1, delivery={"on_unknown": "resend"})
    died_in_mid_send(m, clock.now)
    m.deliver()
    clock.move(seconds=1)
    opening.open_edition(m.publisher.store, m.edition, clock.now, when=when)
    m.deliver()
    assert m.counts() == {"deferred": 1}
    clock.move(seconds=600)
    m.deliver()
    assert m.counts() == {"sent": 1}
