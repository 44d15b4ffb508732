"""What becomes of each delivery, judged by what a real SMTP server kept and by the ledger."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from email import message_from_bytes
from typing import Any

import pytest
from mail_sink import FINE, free_port
from sqlalchemy import event

from publisher import cutting, subscribing
from publisher.delivering import opening, workers
from publisher.errors import NotFound, Refused, StoreError, Unavailable
from publisher.model.mail import Receipt, Work
from publisher.store import editions

FIRST = "reader0@example.org"


def test_everybody_gets_one_message_of_their_own(mailing: Callable[..., Any]) -> None:
    m = mailing(people=20, connections=4)
    assert m.deliver().settled == 20
    assert sorted(m.sink.recipients) == sorted(m.rows())
    assert len({message_from_bytes(b)["Message-ID"] for _, b, _ in m.sink.kept}) == 20
    assert m.counts() == {"sent": 20}
    assert m.state() == "done"
    m.check_events()
    assert m.deliver().settled == 0
    assert len(m.sink.kept) == 20


def test_nothing_due_means_no_connection_and_no_worker(mailing: Callable[..., Any]) -> None:
    m = mailing(opened=False)
    assert m.deliver().settled == 0
    assert m.sink.sessions == 0
    assert not (m.publisher.store.folder / "workers").exists()


def test_a_temporary_failure_is_tried_again_later_with_the_same_bytes(
    mailing: Callable[..., Any], clock: Any
) -> None:
    m = mailing()
    m.sink.answer = lambda r: "451 4.3.0 later" if r == FIRST else FINE
    m.deliver()
    row = m.rows()[FIRST]
    assert (row.status, row.attempt, row.code, row.finished_at) == ("deferred", 1, 451, None)
    assert timedelta(seconds=40) < row.due_at - clock.now < timedelta(seconds=80)
    m.deliver()
    assert len(m.sink.copies(FIRST)) == 1, "it was not due yet"
    assert m.state() == "sending"
    m.sink.answer = lambda r: FINE
    clock.move(minutes=2)
    m.deliver()
    first, second = m.sink.copies(FIRST)
    assert first == second
    assert m.counts() == {"sent": 3}
    assert m.state() == "done"
    m.check_events()


def test_permanent_failures_bounce_and_a_missing_mailbox_is_never_mailed_again(
    mailing: Callable[..., Any], subscribe: Callable[..., str]
) -> None:
    m = mailing()
    answers = {FIRST: "550 5.1.1 no such user", "reader1@example.org": "550 5.7.1 we do not like you"}
    m.sink.rcpt = lambda r: answers.get(r, "250 fine")
    m.deliver()
    assert m.counts() == {"sent": 1, "bounced": 2}
    assert m.sql("SELECT address_key FROM suppressions") == [(FIRST,)]
    with pytest.raises(Refused, match="suppressed"):
        subscribe(m.publisher, FIRST)


def test_no_server_leaves_everything_as_it_was(mailing: Callable[..., Any]) -> None:
    m = mailing()
    for broken in (
        {"greeting": "421 too busy"},
        {"greeting": "554 not you"},
    ):
        m.sink.greeting = broken["greeting"]
        done = m.deliver()
        assert broken["greeting"][:3] in done.unavailable
    assert {(r.status, r.attempt, r.finished_at) for r in m.rows().values()} == {("queued", 0, None)}


def test_a_server_that_says_421_takes_no_attempt_and_the_row_waits(mailing: Callable[..., Any]) -> None:
    m = mailing()

    class Closing:
        connections = 1

        def drain(self, work: Work) -> None:
            outgoing = work.take()
            assert outgoing
            error = Unavailable(421, "closing", "mail")
            work.settle(outgoing, error)
            raise error

    assert "closing" in m.deliver(transport=Closing()).unavailable
    assert {(r.status, r.attempt, r.finished_at) for r in m.rows().values()} == {("queued", 0, None)}
    m.check_events()


def test_one_refused_connection_of_several_is_no_failure_when_the_others_send_all(
    mailing: Callable[..., Any],
) -> None:
    m = mailing(people=10, connections=3)
    real, turn = m.publisher.transport, iter([False, True, True])

    class Limited:
        connections = 3

        def drain(self, work: Work) -> None:
            if not next(turn):
                raise Unavailable(421, "too many connections", "greeting")
            real.drain(work)

    assert m.deliver(transport=Limited()).unavailable == ""
    assert m.counts() == {"sent": 10}


def test_lost_after_the_dot_is_unknown_and_holds_the_edition_open(
    mailing: Callable[..., Any], clock: Any
) -> None:
    m = mailing()
    m.sink.answer = lambda r: "" if r == FIRST else FINE
    m.deliver()
    assert m.counts() == {"sent": 2, "unknown": 1}
    clock.move(days=3)
    m.deliver()
    assert len(m.sink.copies(FIRST)) == 1
    assert m.state() == "sending"
    with m.publisher.store.write() as tx:  # the command that acknowledges sets this
        tx.exec_driver_sql(
            "UPDATE deliveries SET acknowledged_at = '2026-11-25 00:00:00' WHERE status = 'unknown'"
        )
    m.deliver()
    assert m.state() == "done"


def test_resend_sends_the_same_bytes_not_before_600_seconds(mailing: Callable[..., Any], clock: Any) -> None:
    m = mailing(delivery={"on_unknown": "resend"})
    m.sink.answer = lambda r: "" if r == FIRST else FINE
    m.deliver()
    m.sink.answer = lambda r: FINE
    clock.move(seconds=599)
    m.deliver()
    assert len(m.sink.copies(FIRST)) == 1
    clock.move(seconds=61)
    m.deliver()
    first, second = m.sink.copies(FIRST)
    assert first == second
    assert m.counts() == {"sent": 3}


def test_rows_that_are_too_late_expire_but_not_for_a_person_who_held_them(
    mailing: Callable[..., Any], clock: Any
) -> None:
    m = mailing(opened=False)
    clock.move(hours=30)
    opening.open_edition(m.publisher.store, m.edition, clock())
    m.sink.answer = lambda r: "451 4.3.0 later" if r == FIRST else FINE
    clock.move(hours=23)
    m.deliver()
    assert m.counts() == {"sent": 2, "deferred": 1}
    for _ in range(60):
        clock.move(hours=1)
        m.deliver()
    assert m.counts() == {"sent": 2, "expired": 1}
    assert m.rows()[FIRST].due_at - m.edition.created_at < timedelta(hours=30 + 48)
    assert m.state() == "done"
    m.check_events()


def test_rows_never_tried_expire_a_day_after_the_opening(mailing: Callable[..., Any], clock: Any) -> None:
    m = mailing()
    clock.move(hours=24, seconds=1)
    m.deliver()
    assert m.counts() == {"expired": 3}
    assert not m.sink.kept


def test_leaving_and_suppression_stop_the_very_next_message(mailing: Callable[..., Any], clock: Any) -> None:
    m = mailing(people=6)
    p = m.publisher

    def leave(recipient: str) -> str:
        if len(m.sink.kept) == 2:
            left = set(m.rows()) - set(m.sink.recipients)
            first, second = sorted(left)[:2]
            subscribing.remove(p.store, first, clock())
            subscribing.suppress(p.store, second.upper(), "complaint", clock())
        return FINE

    m.sink.answer = leave
    m.deliver()
    assert m.counts() == {"sent": 4, "suppressed": 2}
    assert sorted(r.reply for r in m.rows("suppressed").values()) == ["complaint", "unsubscribed"]
    m.check_events()


def test_a_paused_edition_starts_nothing_more(mailing: Callable[..., Any], clock: Any) -> None:
    m = mailing(people=6)

    def pause(recipient: str) -> str:
        if len(m.sink.kept) == 2:
            subscribing.remove(m.publisher.store, "reader5@example.org", clock())
            with m.publisher.store.write() as tx:
                editions.set_state(tx, m.edition.id, ["sending"], "paused")
        return FINE

    m.sink.answer = pause
    m.deliver()
    assert m.counts() == {"sent": 2, "queued": 4}


def test_at_every_instant_the_counts_add_up(mailing: Callable[..., Any]) -> None:
    m = mailing(people=120, connections=3)
    m.sink.rcpt = lambda r: {"0": "450 later", "1": "550 never"}.get(r.split("@")[0][-1], "250 fine")
    over, seen, wrong = threading.Event(), set(), []

    def look() -> None:
        while not over.is_set():
            found = dict(m.sql("SELECT status, count(*) FROM deliveries GROUP BY status"))
            seen.add(tuple(sorted(found)))
            if sum(found.values()) != 120 or found.get("sending", 0) > 3:
                wrong.append(found)

    watcher = threading.Thread(target=look)
    watcher.start()
    m.deliver()
    over.set()
    watcher.join()
    assert not wrong
    assert len(seen) > 3
    assert m.counts() == {"sent": 96, "deferred": 12, "bounced": 12}
    m.check_events()


@pytest.mark.parametrize("place", ["verp", "message_id"])
def test_a_fault_while_a_message_is_made_stops_nobody_else(
    mailing: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    from publisher import links

    m = mailing()
    whole, first = getattr(links, place), m.rows()[FIRST].id

    def failing(*arguments: Any) -> Any:
        if arguments[2] == first:
            raise ZeroDivisionError("a fault")
        return whole(*arguments)

    monkeypatch.setattr(links, place, failing)
    with pytest.raises(ZeroDivisionError):
        m.deliver()
    assert m.counts() == {"sent": 2, "deferred": 1}
    assert "a fault" in m.rows()[FIRST].reply


def test_an_edition_that_is_not_what_was_frozen_waits_and_the_others_go(
    mailing: Callable[..., Any], subscribe: Callable[..., str]
) -> None:
    m = mailing(newsletters={"daily": {}, "other": {}})
    p = m.publisher
    subscribe(p, FIRST, "other")
    request = cutting.asked(p.config, "other", "", p.clock(), everybody=True)
    other = cutting.cut(p.store, p.config, p.templates, request, p.clock()).edition
    assert other
    opening.open_edition(p.store, other, p.clock())
    with p.store.write() as tx:
        tx.exec_driver_sql(f"UPDATE pieces SET html = html || ' ' WHERE edition_id = {m.edition.id}")
    with pytest.raises(StoreError, match="not what was frozen"):
        m.deliver()
    assert m.sink.recipients == [FIRST]
    assert {(r.status, r.attempt) for r in m.rows().values()} == {("queued", 0)}
    assert opening.counts(p.store, other)["state"] == "done"


def test_nobody_bounces_because_of_our_own_configuration(
    mailing: Callable[..., Any], publication: Callable[..., Any]
) -> None:
    m = mailing()
    m.publisher = publication(newsletters={"weekly": {}}, mail={"transport": "files"})
    with pytest.raises(NotFound, match="not in the configuration"):
        m.deliver()
    assert m.counts() == {"queued": 3}
    assert m.sql("SELECT count(*) FROM events") == [(0,)]


def test_a_fault_in_a_transport_leaves_its_message_unknown_and_starts_no_more(
    mailing: Callable[..., Any],
) -> None:
    m = mailing()

    class Faulty:
        connections = 1

        def drain(self, work: Work) -> None:
            leaving, _waiting = work.take(), work.take()
            assert leaving
            assert work.may_leave(leaving)
            raise ZeroDivisionError("a fault")

    with pytest.raises(ZeroDivisionError):
        m.deliver(transport=Faulty())
    assert m.counts() == {"unknown": 1, "queued": 2}
    m.check_events()


def test_a_transport_may_take_the_next_before_it_settles_this_one(mailing: Callable[..., Any]) -> None:
    m = mailing(people=5)
    seen: list[int] = []

    class Pipelined:
        connections = 1

        def drain(self, work: Work) -> None:
            before = work.take()
            while before:
                after = work.take()
                assert work.may_leave(before)
                seen.append(m.counts().get("sending", 0))
                work.settle(before, Receipt(250, "fine"))
                before = after

    m.deliver(transport=Pipelined())
    assert m.counts() == {"sent": 5}
    assert max(seen) == 2


def test_no_more_than_two_are_under_way_on_one_connection(mailing: Callable[..., Any]) -> None:
    m = mailing(people=5)

    class Greedy:
        connections = 1

        def drain(self, work: Work) -> None:
            for _ in range(3):
                work.take()

    with pytest.raises(RuntimeError, match="third"):
        m.deliver(transport=Greedy())
    assert m.counts() == {"queued": 5}, "nothing of them has left"


def test_a_row_that_another_process_deferred_meanwhile_is_not_tried_at_once(
    mailing: Callable[..., Any],
) -> None:
    """Two processes read the same rows ahead; the second must respect what the first was told."""
    m = mailing(people=4)
    m.sink.answer = lambda r: "451 4.3.0 later"
    real = m.publisher.transport
    met = []

    class Second:
        connections = 1

        def drain(self, work: Work) -> None:
            if not met:
                met.append(True)
                m.deliver()
            real.drain(work)

    m.deliver(transport=Second())
    assert len(m.sink.kept) == 4
    assert {r.attempt for r in m.rows().values()} == {1}


def test_a_stop_waits_for_the_answer_and_starts_nothing_more(mailing: Callable[..., Any]) -> None:
    m = mailing(people=5)
    stop = threading.Event()

    def stopping(recipient: str) -> str:
        stop.set()
        threading.Event().wait(0.3)
        return FINE

    m.sink.answer = stopping
    m.deliver(stop=stop)
    assert m.counts() == {"sent": 1, "queued": 4}


def test_an_answer_that_does_not_come_keeps_no_other_connection_waiting(
    mailing: Callable[..., Any],
) -> None:
    m = mailing(people=20, connections=2)
    others: list[bool] = []

    def slow(recipient: str) -> str:
        if recipient == FIRST:
            m.sink.wait_for(20)  # this one, and everybody else
            others.append(len(m.sink.kept) == 20)
        return FINE

    m.sink.answer = slow
    m.deliver()
    assert others == [True]
    assert m.counts() == {"sent": 20}


def test_what_is_not_answered_within_stop_timeout_is_unknown(mailing: Callable[..., Any]) -> None:
    m = mailing(people=5, delivery={"stop_timeout": "1s"})
    stop, late = threading.Event(), threading.Event()

    def never(recipient: str) -> str:
        stop.set()
        late.wait(10)
        return FINE

    m.sink.answer = never
    m.deliver(stop=stop)
    late.set()
    assert m.counts() == {"unknown": 1, "queued": 4}
    assert set(m.rows("unknown")) == set(m.sink.recipients)


def test_only_a_dead_worker_is_buried(mailing: Callable[..., Any], clock: Any) -> None:
    m = mailing()
    p = m.publisher
    with workers.working(p.store) as held:
        with p.store.write() as tx:
            tx.exec_driver_sql(
                f"UPDATE deliveries SET status='sending', worker='{held.worker}' WHERE address='{FIRST}'"
            )
        m.deliver()
        assert m.counts() == {"sent": 2, "sending": 1}
        assert m.state() == "sending"
    m.deliver()
    assert m.counts() == {"sent": 2, "unknown": 1}


def test_a_done_edition_with_new_rows_sends_again(mailing: Callable[..., Any], clock: Any) -> None:
    m = mailing()
    m.deliver()
    with m.publisher.store.write() as tx:
        tx.exec_driver_sql("UPDATE deliveries SET status = 'queued' WHERE id = 1")
        editions.set_state(tx, m.edition.id, ["done"], "sending", done_at=None)
    m.deliver()
    assert len(m.sink.kept) == 4
    assert m.state() == "done"


def test_a_port_where_nobody_listens(mailing: Callable[..., Any]) -> None:
    smtp = {"host": "127.0.0.1", "port": free_port(), "security": "none"}
    m = mailing(mail={"transport": "smtp", "smtp": smtp})
    assert "cannot be reached" in m.deliver().unavailable
    assert m.counts() == {"queued": 3}


@pytest.mark.sqlite
def test_a_disk_that_fills_up_in_mid_send_loses_nobody(mailing: Callable[..., Any]) -> None:
    m = mailing(people=80)
    full = [False]

    def limit(connection: Any) -> None:
        driver = connection.connection.driver_connection
        pages = driver.execute("PRAGMA page_count").fetchone()[0] if full[0] else 1 << 30
        driver.execute(f"PRAGMA max_page_count = {pages}")

    event.listen(m.publisher.store.engine, "begin", limit)
    m.sink.answer = lambda r: full.__setitem__(0, len(m.sink.kept) >= 5) or FINE  # type: ignore[func-returns-value]
    with pytest.raises(StoreError, match="full"):
        m.deliver()
    assert 5 <= len(m.sink.kept) < 80
    m.sink.answer = lambda r: FINE
    full[0] = False
    m.deliver()
    assert len(m.sink.recipients) == len(set(m.sink.recipients)) == 80
    assert m.counts().get("unknown", 0) <= 1
    assert sum(m.counts().values()) == 80
    assert set(m.counts()) <= {"sent", "unknown"}
    m.check_events()


def test_a_sender_without_room_for_a_token_is_no_recipients_fault(mailing: Callable[..., Any]) -> None:
    m = mailing(people=2, newsletters={"daily": {"from": f"{'d' * 60}@courier.example"}})
    with pytest.raises(Refused, match="no room for a token"):
        m.deliver()
    assert m.counts() == {"queued": 2}
