"""Pause, resume, cancel, approve, retry, acknowledge: judged by what a mail server kept and by the ledger."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from typing import Any

import pytest
from forking import Forked
from mail_sink import FINE

from publisher import cutting, delivering, scheduler, subscribing
from publisher.cutting import cancelling
from publisher.delivering import approving, controlling, opening, retrying, watching
from publisher.delivering.reputation import Reputation
from publisher.errors import NotAllowed, NotFound, Refused
from publisher.model.editors import COMMAND_LINE, Actor
from publisher.store import attempts, chunking, deeds, editions, ledger, subscribers, wishes
from publisher.store.schema import deliveries

FIRST, SECOND = "reader0@example.org", "reader1@example.org"
HOLD = {"newsletters": {"daily": {"approval": True}}}


def publisher(mailing: Any, *arguments: str) -> subprocess.Popen[str]:
    folder = mailing.publisher.store.folder.parent
    return Forked(arguments, cwd=folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def ended(process: subprocess.Popen[str], within: float = 30) -> tuple[int, str]:
    out, err = process.communicate(timeout=within)
    return process.returncode, out + err


@pytest.fixture
def today(clock: Any) -> None:
    """The time that other processes tell."""
    clock.now = datetime.now(UTC)


@pytest.mark.usefixtures("today")
@pytest.mark.parametrize("verb", ["pause", "cancel"])
def test_within_a_second_nothing_more_leaves_another_process(mailing: Callable[..., Any], verb: str) -> None:
    m = mailing(people=300, connections=2)
    m.sink.delay = 0.05
    process = publisher(m, "send", "daily/1")
    m.sink.wait_for(4)
    p = m.publisher
    (live,) = watching.standings(p.store, [m.edition], datetime.now(UTC))
    assert live.rate > 0
    assert live.estimated_end
    if verb == "pause":
        controlling.pause(p.store, m.edition, p.clock(), "a wrong headline")
    else:
        cancelling.cancel(p.store, m.edition, p.clock(), "by hand")
    stopped = time.monotonic()
    _code, said = ended(process)
    assert time.monotonic() - stopped < 10, "the sender ends when nothing is left to send"
    assert max(at for _, _, at in m.sink.kept) - stopped < 1
    left = len(m.sink.kept)
    assert 4 <= left < 100
    waits = "queued" if verb == "pause" else "cancelled"
    assert m.counts() == {"sent": left, waits: 300 - left}
    m.check_events()
    if verb == "cancel":
        assert m.state() == "cancelled"
        return
    assert "a wrong headline" in said
    m.sink.delay = 0
    controlling.resume(p.store, m.edition, p.clock())
    m.deliver()
    assert m.counts() == {"sent": 300}
    assert len(set(m.sink.recipients)) == len(m.sink.recipients) == 300
    assert m.state() == "done"


def test_what_was_paused_is_not_late_for_that(mailing: Callable[..., Any], clock: Any) -> None:
    m = mailing()
    store = m.publisher.store
    m.sink.answer = lambda r: "451 4.3.0 later" if r == FIRST else FINE
    m.sink.rcpt = lambda r: "450 later" if r == SECOND else "250 fine"
    m.deliver()
    controlling.pause(store, m.edition, clock())
    clock.move(days=5)
    m.deliver()
    assert m.counts() == {"deferred": 2, "sent": 1}, "a paused edition expires nothing"
    controlling.resume(store, m.edition, clock())
    m.sink.rcpt = lambda r: "250 fine"
    m.sink.answer = lambda r: FINE
    m.deliver()
    assert m.counts() == {"sent": 3}


def test_pausing_twice_is_once_and_a_scheduled_one_is_scheduled_again(
    mailing: Callable[..., Any], clock: Any
) -> None:
    m = mailing(opened=False)
    store, at = m.publisher.store, clock() + timedelta(hours=2)
    with pytest.raises(Refused, match="is held"):
        controlling.pause(store, m.edition, clock())
    opening.open_edition(store, m.edition, clock(), at=at)
    for reason in ("first", "second"):
        assert controlling.pause(store, m.edition, clock(), reason).reason == "first"
    clock.set(at.isoformat())
    assert opening.open_due(store, clock()) == []
    assert controlling.resume(store, m.edition, clock()).state == "scheduled"
    assert [e.name for e in opening.open_due(store, clock())] == ["daily/1"]
    m.deliver()
    with pytest.raises(Refused, match="is done"):
        controlling.resume(store, m.edition, clock())


def test_cancelling_before_anything_left_puts_everybody_back(mailing: Callable[..., Any]) -> None:
    m = mailing(opened=False)
    p = m.publisher
    cancelling.cancel(p.store, m.edition, p.clock(), "by hand")
    assert m.counts() == {}
    request = cutting.asked(p.config, "daily", "", p.clock(), everybody=True)
    again = cutting.cut(p.store, p.config, p.templates, request, p.clock())
    assert (again.edition.name, again.recipients) == ("daily/2", 3)  # type: ignore[union-attr]


def test_approval_opens_what_was_seen_at_each_ones_hour(
    mailing: Callable[..., Any], clock: Any, subscribe: Callable[..., str]
) -> None:
    m = mailing(opened=False, **HOLD)
    p = m.publisher
    with pytest.raises(Refused, match="waits for approval"):
        opening.open_edition(p.store, m.edition, clock())
    seen = approving.fingerprint(p.store, m.edition)
    with pytest.raises(Refused, match="has changed since"):
        approving.approve(p.store, m.edition, clock(), seen[::-1])
    subscribing.remove(p.store, FIRST, clock())  # a later unsubscribe voids nothing
    approved = approving.approve(p.store, m.edition, clock(), seen)
    assert (approved.state, approved.approved_hash) == ("sending", seen)
    assert {r.due_at.isoformat() for r in m.rows().values()} == {"2026-11-21T07:00:00+00:00"}
    opening.open_edition(p.store, approved, clock())
    m.deliver()
    assert m.sink.kept == []
    clock.move(hours=1)
    m.deliver()
    assert m.counts() == {"sent": 2, "suppressed": 1}
    assert m.state() == "done"
    with pytest.raises(Refused, match="cannot be approved: it is done"):
        approving.approve(p.store, m.edition, clock())


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE pieces SET html = html || ' ' WHERE id = (SELECT min(id) FROM pieces)",
        "UPDATE variants SET subject = 'Other'",
        "UPDATE deliveries SET address = 'else@example.org' WHERE id = (SELECT max(id) FROM deliveries)",
        "DELETE FROM deliveries WHERE id = (SELECT max(id) FROM deliveries)",
    ],
)
def test_what_changed_after_the_approval_is_refused_and_must_be_approved_anew(
    mailing: Callable[..., Any], clock: Any, change: str
) -> None:
    m = mailing(opened=False, **HOLD)
    store = m.publisher.store
    approving.approve(store, m.edition, clock())
    with store.write() as tx:
        tx.exec_driver_sql(change)
        approved = editions.get(tx, m.edition.id)
    with pytest.raises(Refused, match="not what was approved: approve it again"):
        opening.open_edition(store, approved, clock(), when="now")
    assert m.state() == "held"
    with pytest.raises(Refused, match="waits for approval"):
        opening.open_edition(store, opening.named(store, "daily/1"), clock())
    assert approving.approve(store, opening.named(store, "daily/1"), clock()).state == "sending"


def test_a_retry_of_bounces_is_a_new_message_and_one_of_unknowns_the_same_bytes(
    mailing: Callable[..., Any], clock: Any
) -> None:
    m = mailing()
    m.sink.answer = lambda r: {FIRST: "", SECOND: "554 5.6.0 no"}.get(r, FINE)
    m.deliver()
    assert m.counts() == {"sent": 1, "unknown": 1, "bounced": 1}
    m.sink.answer = lambda r: FINE
    clock.move(hours=30)
    store = m.publisher.store
    with pytest.raises(NotFound, match="no bounced delivery to reader0"):
        retrying.retry(store, COMMAND_LINE, m.edition, "bounced", clock(), FIRST)
    assert retrying.retry(
        store, COMMAND_LINE, m.edition, "bounced", clock(), SECOND.upper()
    ) == retrying.Retried(1)
    assert retrying.retry(store, COMMAND_LINE, m.edition, "unknown", clock()) == retrying.Retried(1)
    m.deliver()
    assert m.counts() == {"sent": 3}
    assert m.state() == "done"
    with store.read() as tx:
        done = [(d.actor, d.verb, d.object, d.data) for d in deeds.listed(tx, 9) if d.verb == "retry"]
    who = ("command line", "retry", "edition daily/1")
    one = {"status": "bounced", "count": 1, "delivery": m.rows()[SECOND].id}
    assert done == [(*who, {"status": "unknown", "count": 1}), (*who, one)]
    first, second = m.sink.copies(FIRST)
    assert first == second
    old, new = map(message_from_bytes, m.sink.copies(SECOND))
    assert old["Message-ID"] != new["Message-ID"]
    assert old["Date"] != new["Date"]
    assert old.get_payload()[0].as_bytes() == new.get_payload()[0].as_bytes()
    m.check_events()


def test_a_retry_opens_a_done_edition_and_names_those_it_must_not_mail(
    mailing: Callable[..., Any], clock: Any
) -> None:
    m = mailing(people=5)
    store = m.publisher.store
    m.sink.rcpt = lambda r: "550 5.1.1 no such user" if r == FIRST else "550 5.2.2 full"
    m.deliver()
    assert m.state() == "done"
    subscribing.remove(store, SECOND, clock())
    done = retrying.retry(store, COMMAND_LINE, opening.named(store, "daily/1"), "bounced", clock())
    assert done.again == 3
    assert dict(done.suppressed) == {FIRST: "hard bounce", SECOND: "unsubscribed"}
    assert m.state() == "sending"
    m.sink.rcpt = lambda r: "250 fine"
    m.deliver()
    assert m.counts() == {"sent": 3, "suppressed": 2}
    assert m.state() == "done"
    m.check_events()


def test_expired_and_deferred_ones_go_at_once_and_have_the_whole_time_again(
    mailing: Callable[..., Any], clock: Any
) -> None:
    m = mailing()
    store = m.publisher.store
    m.sink.rcpt = lambda r: "450 later" if r == FIRST else "250 fine"
    m.deliver()
    m.deliver()
    assert m.rows()[FIRST].attempt == 1
    retrying.retry(store, COMMAND_LINE, m.edition, "deferred", clock())
    m.deliver()
    assert m.rows()[FIRST].attempt == 2
    clock.move(days=4)
    m.deliver()
    assert m.counts() == {"sent": 2, "expired": 1}
    retrying.retry(store, COMMAND_LINE, m.edition, "expired", clock())
    m.deliver()
    row = m.rows()[FIRST]
    assert (row.status, row.attempt, row.generation) == ("deferred", 3, 2)
    m.check_events()


def test_what_a_retry_leaves_the_clock_goes_on_with_each_once(
    mailing: Callable[..., Any], clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    m = mailing(people=6)
    store = m.publisher.store
    m.sink.rcpt = lambda r: "550 5.2.2 full"
    m.deliver()
    monkeypatch.setattr(chunking, "_FIRST", 2)
    done = retrying.retry(store, COMMAND_LINE, m.edition, "bounced", clock(), seconds=0)
    assert (done.again, done.left) == (2, 4)
    clock.move(minutes=1)
    m.deliver()
    with store.read() as tx:
        (left,) = wishes.of(tx, m.edition.id)
        last = max(row.id for row in m.rows().values())
        deeds_ = [(d.verb, d.data["count"]) for d in deeds.listed(tx, 1)]
    assert deeds_ == [("retry", 6)]
    with store.write() as tx:  # as if it had bounced only since
        tx.execute(deliveries.update().where(deliveries.c.id == last).values(finished_at=clock()))
    said: list[str] = []
    with store.write() as tx:
        editions.set_state(tx, m.edition.id, ["done"], "paused")
    assert retrying.go_on(store, clock(), 9, said.append) == 0
    with store.write() as tx:
        assert wishes.of(tx, m.edition.id) == [left], "it waits for somebody who resumes it"
        editions.set_state(tx, m.edition.id, ["paused"], "sending")
    m.sink.rcpt = lambda r: "250 fine"
    scheduler.tick(m.publisher)
    m.deliver()
    assert m.counts() == {"sent": 3, "bounced": 3}, "nobody twice, and none that came later"
    with store.write() as tx:
        assert wishes.there(tx) == []
        wishes.note(tx, left)
        editions.set_state(tx, m.edition.id, ["sending", "done"], "cancelled")
    assert retrying.go_on(store, clock(), 9, said.append) == 0
    assert "is cancelled" in said[0]
    with store.read() as tx:
        assert wishes.there(tx) == []
    m.check_events()


def test_a_retry_that_was_killed_goes_on(
    mailing: Callable[..., Any], clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    m = mailing(people=6)
    m.sink.rcpt = lambda r: "550 5.2.2 full"
    m.deliver()
    monkeypatch.setattr(chunking, "_FIRST", 2)
    again, calls = ledger.again, list[int]()

    def dying(*given: Any, **more: Any) -> None:
        calls.append(1)
        again(*given, **more)
        if len(calls) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(ledger, "again", dying)
    with pytest.raises(KeyboardInterrupt):
        retrying.retry(m.publisher.store, COMMAND_LINE, m.edition, "bounced", clock(), seconds=9)
    assert m.counts() == {"bounced": 4, "deferred": 2}
    scheduler.tick(m.publisher)
    assert m.counts() == {"deferred": 6}
    assert {row.generation for row in m.rows().values()} == {2}


@pytest.mark.parametrize("role", ["viewer", "editor"])
def test_only_who_may_send_sends_again_or_takes_note(
    mailing: Callable[..., Any], clock: Any, role: Any
) -> None:
    m = mailing()
    m.sink.answer = lambda r: ""
    m.deliver()
    store, ann = m.publisher.store, Actor("Ann", 7, role)
    with pytest.raises(NotAllowed):
        retrying.retry(store, ann, m.edition, "unknown", clock())
    with pytest.raises(NotAllowed):
        retrying.acknowledge(store, ann, m.edition, clock())
    assert m.counts() == {"unknown": 3}
    bo = Actor("Bo", 8, "publisher")
    other = max(row.id for row in m.rows().values()) + 1
    with pytest.raises(NotFound, match="no unknown delivery"):
        retrying.acknowledge(store, bo, m.edition, clock(), one=other)
    assert retrying.acknowledge(store, bo, m.edition, clock(), one=m.rows()[FIRST].id) == 1
    assert retrying.retry(store, bo, m.edition, "unknown", clock(), one=m.rows()[SECOND].id).again == 1
    assert m.counts() == {"unknown": 2, "deferred": 1}


def test_a_retry_into_a_paused_edition_is_refused_and_changes_nothing(
    mailing: Callable[..., Any], clock: Any
) -> None:
    m = mailing()
    store = m.publisher.store
    m.sink.rcpt = lambda r: "550 no" if r == FIRST else "250 fine"
    m.deliver()
    with store.write() as tx:
        editions.set_state(tx, m.edition.id, ["done"], "paused")
    with pytest.raises(Refused, match="is paused"):
        retrying.retry(store, COMMAND_LINE, m.edition, "bounced", clock())
    assert m.counts() == {"sent": 2, "bounced": 1}


def test_an_acknowledged_unknown_lets_the_edition_be_done(mailing: Callable[..., Any], clock: Any) -> None:
    m = mailing()
    store = m.publisher.store
    m.sink.answer = lambda r: "" if r in (FIRST, SECOND) else FINE
    m.deliver()
    with pytest.raises(NotFound, match="no unknown delivery to nobody"):
        retrying.acknowledge(store, COMMAND_LINE, m.edition, clock(), "nobody@example.org")
    assert retrying.acknowledge(store, COMMAND_LINE, m.edition, clock(), FIRST) == 1
    delivering.finish(store, clock())
    assert m.state() == "sending"
    assert retrying.acknowledge(store, COMMAND_LINE, m.edition, clock()) == 1
    delivering.finish(store, clock())
    assert m.state() == "done"
    assert m.counts() == {"sent": 1, "unknown": 2}
    m.sink.answer = lambda r: ""
    retrying.retry(store, COMMAND_LINE, m.edition, "unknown", clock(), FIRST)
    m.deliver()
    assert m.state() == "sending", "what is unknown once more has been seen by nobody"


@pytest.mark.parametrize(("bad", "paused"), [(5, False), (6, True)])
def test_an_edition_pauses_itself_when_servers_refuse_us_and_says_so_in_their_words(
    mailing: Callable[..., Any], clock: Any, bad: int, paused: bool
) -> None:
    m = mailing(people=110, connections=2)
    store = m.publisher.store
    refused = {f"reader{n}@example.org" for n in range(bad)}
    m.sink.rcpt = lambda r: "550 5.7.1 your address has a bad name" if r in refused else "250 fine"
    for row in [r for a, r in m.rows().items() if a not in refused][100 - bad :]:
        with store.write() as tx:
            attempts.move(tx, row, "cancelled", clock(), finished_at=clock())
    m.deliver()
    heard = Reputation(store)
    for row in m.rows().values():
        heard.hear(m.edition.id, row.status, row.reply)
    with store.write() as tx:  # as in mid-send
        editions.set_state(tx, m.edition.id, ["done", "paused"], "sending", reason="")
    assert heard.look(clock()) == (["daily/1"] if paused else [])
    edition = opening.named(store, "daily/1")
    assert edition.state == ("paused" if paused else "sending")
    if paused:
        assert edition.reason.startswith("6 of 100")
        assert "5.7.1 your address has a bad name" in edition.reason
    with store.read() as tx:
        assert subscribers.suppressed(tx) == []


def test_a_standing_says_rate_and_end(mailing: Callable[..., Any], clock: Any) -> None:
    m = mailing(people=30)
    store = m.publisher.store
    (before,) = watching.standings(store, [m.edition], clock())
    assert (before.due, before.rate, before.estimated_end) == (30, 0, None)
    m.sink.rcpt = lambda r: "450 later" if r.endswith(("0@example.org", "1@example.org")) else "250 fine"
    m.deliver()
    clock.move(seconds=6)
    (after,) = watching.standings(store, [m.edition], clock())
    assert after.planned == 30
    assert after.ended == 24
    assert after.rate == pytest.approx(30 / 6)
    assert after.due == 0
    assert after.estimated_end == max(r.due_at for r in m.rows("deferred").values())
    clock.move(minutes=3)
    (later,) = watching.standings(store, [m.edition], clock())
    assert (later.due, later.rate, later.estimated_end) == (6, 0, None)
    assert watching.estimated_end(100, None, 20.0, clock()) == clock() + timedelta(seconds=5)


@pytest.mark.usefixtures("today")
def test_killed_in_an_approval_it_can_be_done_again(mailing: Callable[..., Any], clock: Any) -> None:
    m = mailing(people=40, opened=False, **HOLD)
    process = publisher(m, "approve", "daily/1")
    time.sleep(0.15)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    state = m.state()
    assert state in ("held", "sending")
    if state == "held":
        approving.approve(m.publisher.store, m.edition, clock())
    assert m.state() == "sending"
    assert all(timedelta(0) < r.due_at - clock() <= timedelta(hours=25) for r in m.rows().values())


@pytest.mark.usefixtures("today")
def test_the_log_of_a_worker_has_numbers_and_no_addresses(mailing: Callable[..., Any]) -> None:
    m = mailing(people=5)
    process = Forked(
        ["worker"],
        cwd=m.publisher.store.folder.parent,
        env=os.environ | {"PUBLISHER_LOG": "json"},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    m.sink.wait_for(5)
    until = time.monotonic() + 20
    while m.state() != "done" and time.monotonic() < until:
        time.sleep(0.05)
    time.sleep(0.3)
    process.send_signal(signal.SIGTERM)
    _code, said = ended(process)
    lines = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    (last,) = [line for line in lines if line["message"] == "sending" and line["state"] == "done"]
    assert {"level": "info", "edition": "daily/1", "sent": 5}.items() <= last.items()
    assert last["server"] == f"127.0.0.1:{m.sink.port}"
    assert "@" not in said
