"""What a run learns about the pace outlives it, and is shown: on a real store."""

from __future__ import annotations

import json
import math
import threading
import time
from collections.abc import Callable, Collection
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from mail_sink import Sink

from publisher.delivering import learning
from publisher.delivering.learning import paced, standing
from publisher.delivering.pace import Pace
from publisher.errors import StoreError, TemporaryFailure
from publisher.model.mail import Envelope, Outcome, Outgoing
from publisher.store import pacing as kept
from publisher.transports.mailbox_providers import MailboxProviders

SLOW_DOWN = TemporaryFailure(421, "4.7.28 Our system has detected an unusual rate", "rcpt")
AT_MAIL = TemporaryFailure(454, "4.7.0 Maximum sending rate exceeded", "mail")
SMTP = {"transport": "smtp", "smtp": {"host": "127.0.0.1", "port": 25, "security": "none", "rate": "600/min"}}


def busy(pace: Pace, domain: str, seconds: int = 10) -> float:
    """A hundred messages a second until now; the time now."""
    now = time.monotonic()
    for n in range(seconds * 100):
        assert pace.admit(domain, now - seconds + n / 100) == 0.0
    return now


def test_what_was_learnt_survives_a_restart(publication: Callable[..., Any], clock: Any) -> None:
    p = publication()
    with paced(p.store, p.config, p.clock) as pace:
        pace.heard("gmail.com", SLOW_DOWN, busy(pace, "gmail.com"))
        assert pace.admit("example.org", time.monotonic()) == 0.0
    clock.move(minutes=5)
    (limit,) = standing(p.store, p.config, p.clock())["limits"]
    assert (limit["of"], limit["name"]) == ("provider", "google")
    assert limit["rate"] == pytest.approx(50 * 1.05**5, rel=0.02)
    assert abs(clock.now - timedelta(minutes=5) - limit["since"]) < timedelta(seconds=1)
    assert limit["reply"] == "421 4.7.28 Our system has detected an unusual rate"
    with paced(p.store, p.config, p.clock) as again:
        now = time.monotonic()
        assert again.throttles(now)["provider:google"].rate == pytest.approx(50, rel=0.02)
        assert [again.admit("googlemail.com", now) > 0 for _ in range(4)] == [False, False, True, True]
    clock.move(minutes=60)
    assert standing(p.store, p.config, p.clock())["limits"] == []
    with paced(p.store, p.config, p.clock) as later:
        assert later.throttles(time.monotonic()) == {}
    with p.store.read() as tx:
        assert kept.learnt(tx) == {}, "what binds no more is not kept"


def test_a_transport_keeps_its_own_limit_and_nobody_elses(publication: Callable[..., Any]) -> None:
    p = publication(mail=SMTP)
    with p.store.write() as tx:
        other = {"rate": 1.0, "peak": 9.0, "since": p.clock().timestamp(), "reply": "421 slow"}
        kept.learn(tx, "transport:elsewhere:587", other, p.clock())
    with paced(p.store, p.config, p.clock) as pace:
        now = time.monotonic()
        assert pace.admit("example.org", now) == 0.0
        pace.heard("example.org", AT_MAIL, now)
        assert pace.may_go(now) > 0
    told = standing(p.store, p.config, p.clock())
    assert told["transports"] == [{"name": "127.0.0.1:25", "rate": 10.0}]
    assert {one["name"]: one["rate"] for one in told["limits"]} == {"127.0.0.1:25": 0.5, "elsewhere:587": 1.0}
    with paced(p.store, p.config, p.clock) as again:
        now = time.monotonic()
        assert set(again.throttles(now)) == {"transport:127.0.0.1:25", "transport:elsewhere:587"}
        assert [again.admit("example.org", now) > 0 for _ in range(2)] == [False, True]


def test_nothing_is_written_where_nobody_complains(publication: Callable[..., Any]) -> None:
    p = publication()
    with p.store.read() as tx:
        before = kept.learnt(tx)
    with paced(p.store, p.config, p.clock) as pace:
        busy(pace, "example.org", 1)
        pace.heard("example.org", TemporaryFailure(451, "4.3.0 later", "rcpt"), time.monotonic())
    with p.store.read() as tx:
        assert kept.learnt(tx) == before == {}
    told = standing(p.store, p.config, p.clock())
    assert told == {"transports": [{"name": "files", "rate": None}], "limits": [], "warm_up": None}


def test_while_a_run_lasts_it_learns_providers_and_keeps_what_it_hears(
    publication: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(learning, "_LOOK_SECONDS", 0.01)
    monkeypatch.setattr(learning, "_KEEP_SECONDS", 0.0)

    class Told(MailboxProviders):
        def of(self, domains: Collection[str]) -> dict[str, str]:
            return {d: "hosting.net" for d in domains if told.is_set()}

    told = threading.Event()
    p = publication(mail=SMTP)
    with paced(p.store, p.config, p.clock, providers=Told()) as pace:
        pace.admit("club.org", time.monotonic())
        time.sleep(0.05)
        assert pace.provider("club.org") == "club.org"
        told.set()
        _until(lambda: pace.provider("club.org") == "hosting.net")
        pace.heard("club.org", SLOW_DOWN, time.monotonic())
        _until(lambda: standing(p.store, p.config, p.clock())["limits"])


def test_a_store_that_fails_meanwhile_keeps_nothing_from_being_sent(
    publication: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(learning, "_LOOK_SECONDS", 0.01)
    monkeypatch.setattr(learning, "_KEEP_SECONDS", 0.0)
    tried = []

    def full(*_: object) -> None:
        tried.append(1)
        raise StoreError("the disk is full")

    p = publication()
    with monkeypatch.context() as broken:
        broken.setattr(kept, "learn", full)
        with paced(p.store, p.config, p.clock) as pace:
            pace.heard("example.org", SLOW_DOWN, time.monotonic())
            _until(lambda: len(tried) > 2)
            assert pace.admit("elsewhere.example", time.monotonic()) == 0.0


class InTurn:
    """Work whose next message is the first that the pace admits; over when nobody of `fast.org` is left."""

    def __init__(self, pace: Pace, recipients: list[str]) -> None:
        self.pace, self.waiting, self.turn = pace, recipients, threading.Lock()
        self.outcomes: list[tuple[str, Outcome]] = []

    def take(self, wait: bool = True) -> Outgoing | None:
        while True:
            with self.turn:
                if not any(r.endswith("fast.org") for r in self.waiting):
                    return None
                for place, recipient in enumerate(self.waiting):
                    if self.pace.admit(recipient.partition("@")[2], time.monotonic()) == 0.0:
                        envelope = Envelope("us@courier.example", self.waiting.pop(place))
                        return Outgoing(len(self.waiting), envelope, b"Subject: news\r\n\r\nNews.\r\n")
            if not wait:
                return None
            time.sleep(0.002)

    def may_leave(self, outgoing: Outgoing) -> bool:
        return True

    def settle(self, outgoing: Outgoing, outcome: Outcome) -> None:
        recipient = outgoing.envelope.recipient
        self.pace.heard(recipient.partition("@")[2], outcome, time.monotonic())
        self.outcomes.append((recipient, outcome))


@pytest.mark.sqlite
@pytest.mark.parametrize("offers", [(), ("PIPELINING",)])
def test_a_provider_that_complains_is_slowed_down_and_nobody_else(
    publication: Callable[..., Any], sink: Sink, offers: tuple[str, ...]
) -> None:
    sink.offers = offers
    sink.rcpt = lambda r: "451 4.7.28 too fast" if r.endswith("slow.org") else "250 fine"
    smtp = {"host": "127.0.0.1", "port": sink.port, "security": "none", "rate": "400/s"}
    p = publication(mail={"transport": "smtp", "smtp": smtp, "mx_lookup": False})
    recipients = [f"r{n}@{domain}" for n in range(400) for domain in ("slow.org", "fast.org")]
    began = time.monotonic()
    with paced(p.store, p.config, p.clock, p.transport) as pace:
        work = InTurn(pace, recipients)
        senders = [threading.Thread(target=p.transport.drain, args=(work,)) for _ in range(3)]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join(30)
        lasted = time.monotonic() - began
    heard = [recipient.partition("@")[2] for recipient, _ in work.outcomes]
    arrived = [at for recipient, message, at in sink.kept if recipient.endswith("fast.org") and message]
    assert heard.count("fast.org") == len(arrived) == 400
    # asked without a limit, both would have got as many; at most some were under way when it complained
    assert heard.count("slow.org") <= 3 * 2 + lasted * 3
    assert worst_second(arrived) <= 400 * 1.02 + 1 + 3 * 2
    (limit,) = standing(p.store, p.config, p.clock())["limits"]
    assert (limit["name"], limit["reply"]) == ("slow.org", "451 4.7.28 too fast")


def worst_second(times: list[float]) -> int:
    """The most that came in any second."""
    ordered = sorted(times)
    return max(sum(1 for at in ordered if first <= at < first + 1) for first in ordered)


def _until(true: Callable[[], object]) -> None:
    end = time.monotonic() + 10
    while not true():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_a_warm_up_counts_what_the_ledger_says_has_left_today(
    mailing: Callable[..., Any], clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    smtp = {"host": "127.0.0.1", "port": 25, "security": "none"}
    plan = {"since": "2026-11-21", "first": 4, "growth": 1.5}
    zone = {"url": "https://courier.example", "timezone": "Pacific/Auckland"}
    clock.set("2026-11-21T09:00")
    m = mailing(people=6, publication=zone, mail={"transport": "smtp", "smtp": smtp, "warm_up": plan})
    p = m.publisher
    with p.store.write() as tx:
        ids = [row.id for row in m.rows().values()]
        for id_, status, at in [
            (ids[0], "sent", clock.now),
            (ids[1], "unknown", clock.now),
            (ids[2], "bounced", clock.now),
            (ids[3], "sent", datetime(2026, 11, 20, 10, 59, tzinfo=UTC)),  # yesterday, in Auckland
            (ids[4], "sent", datetime(2026, 11, 20, 11, 1, tzinfo=UTC)),
        ]:
            rows = kept.deliveries
            changed = rows.update().where(rows.c.id == id_).values(status=status, started_at=at)
            tx.execute(changed)
    assert standing(p.store, p.config, clock.now)["warm_up"] == {"day": "2026-11-21", "budget": 4, "used": 3}
    monkeypatch.setattr(learning, "_LOOK_SECONDS", 0.01)
    monkeypatch.setattr(learning, "_COUNT_SECONDS", 0.0)
    with paced(p.store, p.config, p.clock) as pace:
        assert pace.admit("example.org", time.monotonic()) == 0.0
        clock.set("2026-11-21T12:00")  # the next day, in Auckland
        _until(lambda: pace.may_go(time.monotonic()) == 0.0)
        assert standing(p.store, p.config, clock.now)["warm_up"] == {
            "day": "2026-11-22",
            "budget": 6,
            "used": 0,
        }
    clock.set("2026-11-21T09:00")
    with paced(p.store, p.config, p.clock) as pace:
        pace.allow(1)
        assert [pace.admit("example.org", time.monotonic()) for _ in range(2)] == [0.0, math.inf]


@pytest.mark.sqlite
def test_status_tells_what_holds_mail_up_and_nothing_where_nothing_does(
    publication: Callable[..., Any], capsys: pytest.CaptureFixture[str], tmp_path: Any
) -> None:
    from publisher.cli import main

    def status(*options: str) -> str:
        with pytest.raises(SystemExit):
            main(["--config", str(tmp_path / "config.yaml"), "status", *options])
        return capsys.readouterr().out

    publication()
    assert "at most" not in status()
    p = publication(mail={**SMTP, "warm_up": {"since": "2026-11-22", "first": 1200}})
    with p.store.write() as tx:
        now = datetime.now(UTC)
        state = {"rate": 0.7, "peak": 9.0, "since": now.timestamp(), "reply": "421 4.7.0 too fast"}
        kept.learn(tx, "provider:google", state, now)
    transport, provider, warm_up = status().splitlines()[1:]
    assert transport == "transport 127.0.0.1:25: at most 10 messages a second"
    assert provider.startswith("provider google: at most 42 messages a minute since 20")
    assert provider.endswith("for it said: 421 4.7.0 too fast")
    assert warm_up.startswith("warm-up: 0 of ")
    assert json.loads(status("--json")) == []
