"""The laws of pace: no second over the rate, halving and recovery, and nobody slowed down for another."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from publisher.delivering.pace import Pace
from publisher.errors import OutcomeUnknown, PermanentFailure, Phase, TemporaryFailure, TransportError
from publisher.model.mail import Outcome, Receipt
from publisher.pacing import rates, throttling, warming
from publisher.pacing.throttling import FLOOR

SLOW_DOWN = TemporaryFailure(421, "4.7.28 Our system has detected an unusual rate", "rcpt")
FINE = Receipt(250, "2.0.0 queued")


def worst_second(times: list[float]) -> int:
    """The most that left in any second."""
    most = first = 0
    for last, at in enumerate(times):
        while at - times[first] >= 1.0:
            first += 1
        most = max(most, last - first + 1)
    return most


def limited(rate: float) -> Pace:
    pace = Pace()
    pace.through("relay:587", rate)
    return pace


def sent(pace: Pace, domain: str, begin: float, seconds: float, step: float = 0.001) -> list[float]:
    """When messages leave where somebody asks every `step` seconds."""
    return [now for n in range(int(seconds / step)) if pace.admit(domain, now := begin + n * step) == 0.0]


@settings(deadline=None)
@given(rate=st.floats(0.2, 5000), gaps=st.lists(st.floats(0, 0.3), min_size=1, max_size=400))
def test_no_second_exceeds_the_rate_however_messages_come(rate: float, gaps: list[float]) -> None:
    pace, now, left = limited(rate), 1000.0, []
    for gap in gaps:
        now += gap
        while (wait := pace.admit("example.org", now)) == 0.0:
            left.append(now)
            assert left[-200:].count(now) <= rate * rates.ALLOWANCE + 2
        assert pace.may_go(now) == wait > 0
        now += wait if gap > 0.15 else 0.0
    assert worst_second(left) <= rate * (1 + rates.ALLOWANCE) + 1


@pytest.mark.parametrize("rate", [5, 50, 333, 2000])
def test_the_rate_is_reached_and_is_even(rate: float) -> None:
    left = sent(limited(rate), "example.org", 50.0, 5, step=1 / 4096)
    assert len(left) == pytest.approx(5 * rate, rel=0.02, abs=1)
    longest = max(b - a for a, b in pairwise(left))
    assert longest <= 1 / rate + 2 / 4096


STEPS = st.lists(
    st.tuples(st.floats(0.0, 40), st.sampled_from(["complaint", "success", "idle"]), st.integers(0, 200)),
    max_size=15,
)


@settings(deadline=None)
@given(STEPS)
def test_whatever_is_heard_a_throttled_provider_gets_no_more_than_its_limit(
    steps: list[tuple[float, str, int]],
) -> None:
    pace, now = Pace(), 1000.0
    left: list[float] = []
    limits: list[float] = []
    for gap, event, asks in steps:
        now += gap
        for _ in range(asks):
            limit = pace.throttles(now).get("provider:gmail.com")
            if pace.admit("gmail.com", now) == 0.0:
                left.append(now)
                limits.append(throttling.rate_at(limit, now) if limit else math.inf)
            assert pace.admit("elsewhere.example", now) == 0.0, "nobody else waits"
            now += 0.01
        if event != "idle":
            pace.heard("gmail.com", SLOW_DOWN if event == "complaint" else FINE, now)
        if throttle := pace.throttles(now).get("provider:gmail.com"):
            assert FLOOR <= throttling.rate_at(throttle, now) <= 2 * throttle.peak
        assert set(pace.throttles(now)) <= {"provider:gmail.com"}
    for n, at in enumerate(left):
        window = [m for m in range(n + 1) if at - left[m] < 1.0 and left[m] <= at]
        assert len(window) <= max(limits[m] for m in window) * (1 + rates.ALLOWANCE) + 1


def test_a_complaint_halves_what_was_observed_and_once_for_a_burst() -> None:
    pace = Pace()
    assert len(sent(pace, "gmail.com", 0.0, 10, step=0.01)) == 1000
    for n in range(20):
        pace.heard("gmail.com", SLOW_DOWN, 10.0 + n * 0.01)
    assert pace.throttles(10.2)["provider:gmail.com"].rate == pytest.approx(50, rel=0.02)
    assert len(sent(pace, "gmail.com", 10.2, 10)) == pytest.approx(500, rel=0.05)
    pace.heard("gmail.com", SLOW_DOWN, 20.2)
    assert pace.throttles(20.2)["provider:gmail.com"].rate == pytest.approx(25, rel=0.05)
    for minute in range(30):
        pace.heard("gmail.com", SLOW_DOWN, 60.0 * (1 + minute))
    assert pace.throttles(1800.0)["provider:gmail.com"].rate == FLOOR
    assert 0 < pace.admit("gmail.com", 1800.0) <= 1 / FLOOR


def test_without_complaints_the_limit_grows_and_is_let_go() -> None:
    pace = Pace()
    sent(pace, "gmail.com", 0.0, 10, step=0.1)
    pace.heard("gmail.com", SLOW_DOWN, 10.0)
    speeds = [len(sent(pace, "gmail.com", 10.0 + 60 * m, 60, step=0.05)) / 60 for m in range(0, 25, 6)]
    assert speeds == sorted(speeds)
    assert speeds[0] == pytest.approx(5, rel=0.1)
    assert speeds[1] / speeds[0] == pytest.approx(1.05**6, rel=0.05)
    # from the half to the double, at 5 % a minute: less than half an hour
    assert pace.throttles(10 + 60 * 28)
    assert not pace.throttles(10 + 60 * 29)
    assert len(sent(pace, "gmail.com", 2000, 2, step=0.001)) == 2000


@pytest.mark.parametrize(
    ("outcome", "slows"),
    [
        (SLOW_DOWN, "provider:example.org"),
        (
            TemporaryFailure(454, "Throttling failure: Maximum sending rate exceeded", "dot"),
            "provider:example.org",
        ),
        (TemporaryFailure(451, "4.7.1 Too many messages", "dot"), "provider:example.org"),
        (TemporaryFailure(421, "4.7.0 too many messages from you", "mail"), "transport:relay:587"),
        (TemporaryFailure(451, "4.3.0 try again later", "rcpt"), None),
        (TemporaryFailure(452, "4.2.2 mailbox full", "rcpt"), None),
        (PermanentFailure(550, "5.7.1 we do not like you", "dot"), None),
        (TransportError(421, "too many connections", "greeting"), None),
        (TransportError(454, "4.7.0 TLS not available", "tls"), None),
        (OutcomeUnknown(421, "lost", "dot"), None),
        (FINE, None),
    ],
)
def test_what_counts_as_a_complaint_and_about_whom(outcome: Outcome, slows: str | None) -> None:
    pace = Pace()
    pace.through("relay:587", None)
    pace.admit("example.org", 5.0)
    pace.heard("example.org", outcome, 5.1)
    assert list(pace.throttles(5.1)) == ([] if slows is None else [slows])
    assert (pace.may_go(5.1) > 0) == (slows == "transport:relay:587")
    assert (pace.admit("other.example", 5.1) > 0) == (slows == "transport:relay:587")


@pytest.mark.parametrize("phase", ["connect", "auth"])
def test_a_transport_that_cannot_be_reached_is_no_complaint(phase: Phase) -> None:
    pace = Pace()
    pace.heard("example.org", TransportError(421, "4.7.0 busy", phase), 5.0)
    assert pace.admit("example.org", 5.0) == 0.0


def test_domains_share_the_limit_of_their_provider() -> None:
    pace = Pace(known={"gmail.com": "google"})
    for domain in ("Gmail.com", "school.org", "club.org"):
        assert pace.admit(domain, 1.0) == 0.0
    assert sorted(pace.strangers()) == ["club.org", "school.org"]
    assert pace.strangers() == []
    pace.heard("club.org", SLOW_DOWN, 1.1)
    assert pace.provider("club.org") == "club.org"
    pace.learn({"club.org": "google"})
    assert list(pace.throttles(1.2)) == ["provider:google"], "what one of them learnt counts for all"
    assert pace.admit("gmail.com", 1.2) > 0
    assert pace.admit("school.org", 1.2) == 0.0
    pace.learn({"school.org": "google"})
    assert pace.admit("school.org", 1.2) > 0
    pace.refresh(1.3)
    assert pace.admit("school.org", 1.3) > 0, "still its provider's, until it is asked for again"
    assert pace.strangers() == ["school.org"]


def test_a_warm_up_allows_so_many_a_day() -> None:
    since = date(2026, 11, 22)
    days = [since.replace(day=d) for d in (20, 22, 23, 24, 25)]
    assert [warming.budget(since, 500, 1.5, day) for day in days] == [500, 500, 750, 1125, 1687]
    assert warming.budget(since, 500, 1.5, date(2026, 12, 10)) == int(500 * 1.5**18)
    assert warming.budget(since, 500, 1.5, date(2026, 12, 11)) is None, "a million a day is no limit"
    assert warming.budget(since, 500, 1.0, date(9999, 1, 1)) == 500
    assert warming.budget(since, 500, 10.0, date(9999, 1, 1)) is None
    lisbon = ZoneInfo("Europe/Lisbon")
    day, began = warming.day_of(datetime(2026, 7, 1, 23, 30, tzinfo=UTC), lisbon)
    assert (day, began) == (date(2026, 7, 2), datetime(2026, 7, 1, 23, 0, tzinfo=UTC))


def test_beyond_the_budget_nothing_goes_until_there_is_more() -> None:
    pace = Pace()
    assert pace.admit("example.org", 0.0) == 0.0
    since = pace.admitted
    assert pace.admit("example.org", 0.0) == 0.0, "while it was being counted"
    pace.allow(3, since)
    assert [pace.admit("example.org", 1.0) for _ in range(3)] == [0.0, 0.0, math.inf]
    assert pace.may_go(1.0) == math.inf
    pace.allow(math.inf)
    pace.refresh(2.0)
    assert pace.may_go(2.0) == pace.admit("example.org", 2.0) == 0.0


def test_each_server_has_a_rate_and_limits_of_its_own() -> None:
    pace = limited(5)
    assert pace.admit("example.org", 1.0) == 0.0
    pace.heard("example.org", TemporaryFailure(421, "4.7.0 too many", "mail"), 1.0)
    assert pace.may_go(1.5) > 0
    pace.through("backup:587", None)
    assert len(sent(pace, "example.org", 1.5, 1)) == 1000
    pace.through("relay:587", 5)
    assert pace.may_go(2.5) > 0
    assert list(pace.throttles(2.5)) == ["transport:relay:587"]
