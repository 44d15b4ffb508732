"""Notes for a hub, on both databases."""

from __future__ import annotations

from collections.abc import Callable

from publisher.app import Publisher
from publisher.store import announcements


def test_a_change_while_the_hub_is_told_is_told_too(publication: Callable[..., Publisher]) -> None:
    p = publication()
    now = p.clock()
    # the longest name that a feed can have
    longest = f"authors/{'ü' * 80}"
    with p.store.write() as tx:
        announcements.note(tx, {longest: {"json"}, "main": {"rss"}})
    with p.store.read() as tx:
        other, first = announcements.due(tx, now)
    assert (other.feed, other.formats, first.feed) == (longest, ("json",), "main")
    with p.store.write() as tx:
        announcements.note(tx, {"main": {"rss", "atom"}})
    with p.store.write() as tx:
        announcements.settle(tx, first)
        announcements.settle(tx, other)
        (second,) = announcements.due(tx, now)
        assert (second.feed, second.formats, second.attempts) == ("main", ("rss", "atom"), 0)
        announcements.settle(tx, second, ["atom"], now)
        (third,) = announcements.due(tx, now)
        assert (third.formats, third.attempts) == (("atom",), 1)
        announcements.note(tx, {"main": {"json"}})
        (fourth,) = announcements.due(tx, now)
        assert (fourth.formats, fourth.attempts) == (("atom", "json"), 0)
