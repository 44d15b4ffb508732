"""Which entries of a remote feed are articles already, and which of the others are taken."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from publisher.sources.entries import title_of
from publisher.sources.identity import NOTHING, Known, link_sign


class Remembered(NamedTuple):
    """An article as it came from a feed: its path there, and the signs that it had last."""

    path: str
    guid: str
    link: str
    title: str
    body: str


@dataclass(frozen=True, slots=True)
class Chosen:
    """What of a feed is taken. `passed` are the signs of what is left out, now and as long as it is there.

    `old` were left out for their age, and `over` because they were too many at once, at this look.
    """

    taken: tuple[Known, ...]
    passed: frozenset[str]
    old: int
    over: int


def match(entries: Iterable[Known], remembered: Sequence[Remembered]) -> dict[str, str]:
    """The path of an entry to that of the article that it is.

    By its guid, else its page, else what it says under which headline; each article once. What an earlier
    sign decided for any entry, no later sign takes away.
    """
    found: dict[str, str] = {}
    entries = list(entries)

    def claim(of_article: Callable[[Remembered], Hashable], of_entry: Callable[[Known], Hashable]) -> None:
        by_sign = {of_article(each): each.path for each in remembered}
        counted = Counter(map(of_article, remembered))
        claimed = set(found.values())
        for entry in entries:
            sign = of_entry(entry) if entry.path not in found else None
            path = by_sign.get(sign) if sign and counted[sign] == 1 else None
            if path is not None and path not in claimed:
                found[entry.path] = path
                claimed.add(path)

    claim(lambda r: r.guid, lambda k: k.guid)
    claim(lambda r: r.path, lambda k: k.path)
    claim(lambda r: link_sign(r.link), lambda k: k.path)
    claim(lambda r: (r.title, r.body), lambda k: (title_of(k.entry), k.body) if k.body != NOTHING else None)
    return found


def choose(
    new: Sequence[Known],
    before: Collection[str],
    present: Iterable[Known],
    now: datetime,
    max_age: timedelta,
    most: int,
) -> Chosen:
    """Of the entries that are no articles yet the newest, at most so many, and none that is too old.

    `before` are the signs of what was left out; those of entries that are still `present` are kept.
    """
    before = frozenset(before)
    unseen = [one for one in new if before.isdisjoint(one.signs)]
    young = [one for one in unseen if not one.entry.published or one.entry.published >= now - max_age]
    # without a date it is as new as it is first seen; a stable sort leaves the feed's order
    ranked = sorted(young, key=lambda one: min(one.entry.published or now, now), reverse=True)
    taken = {one.path for one in ranked[:most]}
    here = frozenset[str]().union(*(one.signs for one in present))
    left = frozenset[str]().union(*(one.signs for one in unseen if one.path not in taken))
    return Chosen(
        tuple(one for one in young if one.path in taken),
        (before & here) | left,
        len(unseen) - len(young),
        len(young) - len(taken),
    )
