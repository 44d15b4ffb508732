"""When refusals are about us, and when they are too many."""

from __future__ import annotations

import pytest

from publisher import retries


@pytest.mark.parametrize(
    ("blaming", "tried", "bad"),
    [(99, 99, False), (5, 100, False), (6, 100, True), (50, 1000, False), (51, 1000, True), (0, 100, False)],
)
def test_more_than_a_twentieth_of_at_least_a_hundred_is_bad(blaming: int, tried: int, bad: bool) -> None:
    assert retries.reputation_is_bad(blaming, tried) is bad


def test_only_policy_replies_blame_us() -> None:
    blaming = ["5.7.1 blocked", "#5.7.26 unauthenticated", "550 5.7.606 banned"]
    others = ["5.1.1 no such user", "see 5.7.1", "4.7.1 slow down", "5.71.1 odd", ""]
    assert [retries.blames_us(reply) for reply in blaming + others] == [True] * 3 + [False] * 5
