"""Soft bounces: three editions over fourteen days, and none between them that arrived."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.bounces import Verdict, policy
from publisher.bounces.policy import Sending
from publisher.delivering import compacting

ADA, BEN = "ada@example.org", "ben@example.org"
FIRST = datetime(2026, 11, 2, tzinfo=UTC)


def sendings(days: Sequence[float]) -> list[Sending]:
    """Editions on these days, the newest first; a negative day is one that arrived."""
    found = [Sending(n, FIRST + timedelta(days=abs(day)), day >= 0) for n, day in enumerate(days)]
    return found[::-1]


@pytest.mark.parametrize(
    ("days", "enough"),
    [
        ([0, 7, 14], True),
        ([0, 7, 13.9], False),
        ([0, 14], False),
        ([0, 1, 2, 3, 14], True),
        ([0, 7, -10, 14], False),
        ([0, 7, 14, -15], False),
        ([-1, 2, 9, 16], True),
        ([0, 7, -8, 9, 16, 23], True),
        ([], False),
    ],
)
def test_when_soft_bounces_are_enough(days: list[float], enough: bool) -> None:
    assert policy.goes_on(sendings(days)) is enough


@given(st.lists(st.booleans(), max_size=12), st.integers(1, 20))
def test_the_law_of_soft_bounces(came_back: list[bool], gap: int) -> None:
    days = [n * gap if back else -n * gap - 1e-9 for n, back in enumerate(came_back)]
    run = 0
    for back in came_back:
        run = run + 1 if back else 0
    assert policy.goes_on(sendings(days)) is (run >= 3 and (run - 1) * gap >= 14)


@pytest.mark.parametrize(
    ("kind", "status", "decision"),
    [
        ("hard", "5.1.1", ("hard bounce", True, False)),
        ("hard", "5.1.2", ("hard bounce", True, False)),
        ("hard", "5.1.6", ("hard bounce", True, False)),
        ("hard", "5.1.10", ("hard bounce", True, False)),
        ("hard", "5.1.0", ("", True, True)),
        ("hard", "5.7.26", ("", True, False)),
        ("hard", "", ("", True, True)),
        ("soft", "5.2.2", ("", True, True)),
        ("soft", "4.4.7", ("", True, True)),
        ("soft", "4.7.0", ("", True, True)),
        ("complaint", "", ("complaint", False, False)),
        ("reply", "", ("", False, False)),
        ("nothing", "4.4.1", ("", False, False)),
    ],
)
def test_the_policy(kind: Any, status: str, decision: tuple[str, bool, bool]) -> None:
    assert tuple(policy.decide(Verdict(kind, status))) == decision


def test_three_editions_over_fourteen_days(newsroom: Any, report: Callable[..., str], clock: Any) -> None:
    for number, status in enumerate(("5.2.2", "4.4.7", "5.3.0")):
        assert newsroom.suppressed() == {}
        mail = newsroom.send()[ADA]
        assert newsroom.hear(report(mail, status)).outcome == "done"
        assert newsroom.status(ADA) == "bounced"
        clock.move(days=7) if number < 2 else None
    assert newsroom.suppressed() == {ADA: "soft bounces"}
    assert newsroom.reports() == [("soft", ADA), ("soft", ADA), ("hard", ADA)]


def test_one_that_arrived_in_between_begins_anew_and_our_reputation_does_not_count(
    newsroom: Any, report: Callable[..., str], clock: Any
) -> None:
    for status in ("5.2.2", "4.4.7", "", "5.2.2", "5.7.1", "5.2.2"):
        mail = newsroom.send()[ADA]
        if status:
            assert newsroom.hear(report(mail, status)).outcome == "done"
        clock.move(days=10)
    assert newsroom.suppressed() == {}
    mail = newsroom.send()[ADA]
    newsroom.hear(report(mail, "5.2.2"))
    assert newsroom.suppressed() == {ADA: "soft bounces"}
    assert newsroom.status(BEN) == "sent"


def test_one_that_arrived_counts_when_it_is_compacted_too(
    newsroom: Any, report: Callable[..., str], clock: Any
) -> None:
    p = newsroom.p
    for status in ("5.2.2", "5.2.2", ""):
        mail = newsroom.send()[ADA]
        if status:
            newsroom.hear(report(mail, status))
        clock.move(days=1)
    clock.move(days=45)
    old, mail = mail, newsroom.send()[ADA]
    policy_ = p.config.delivery.model_copy(update={"compact_after": timedelta(days=40)})
    moved, _ = compacting.compact(p.store, policy_, clock(), 10.0)
    assert moved
    newsroom.hear(report(mail, "5.2.2"))
    assert newsroom.suppressed() == {}
    assert newsroom.hear(report(old)).outcome == "unmatched", "its address is not kept"
