"""What a subscription's window holds: releases, topics, marks and corrections (rules 2 to 6 and 11)."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass
from datetime import datetime

FIRST_EDITION_ARTICLES = 10
Topics = frozenset[str] | None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A release that a window may hold; `first` is the article's first one.

    `public`, `revision` and `topics` are how the article stands at the cut.
    """

    release: int
    article_id: str
    revision: int
    first: bool
    public: bool
    topics: frozenset[str]
    published_at: datetime


def matches(topics: frozenset[str], chosen: Topics) -> bool:
    """Whether an article with these topics is for somebody who chose those; None stands for all."""
    return chosen is None or not chosen.isdisjoint(topics)


def reach(candidates: Sequence[Candidate], mark: int, hi: int, newsletter: Topics, chosen: Topics) -> int:
    """The lower end of a first window: at least the newest ten articles, of any age (rule 4)."""
    fitting = [
        c.release
        for c in candidates
        if c.first
        and c.public
        and c.release <= hi
        and matches(c.topics, newsletter)
        and matches(c.topics, chosen)
    ]
    newest = sorted(fitting, reverse=True)[:FIRST_EDITION_ARTICLES]
    return min(mark, newest[-1] - 1) if newest else mark


def select(
    candidates: Sequence[Candidate],
    lo: int,
    hi: int,
    newsletter: Topics,
    chosen: Topics,
    *,
    since: int = 0,
    mark: int = 0,
    named: Container[str] = (),
    corrections: Container[tuple[str, int]] = (),
) -> tuple[Candidate, ...]:
    """The articles of the window (lo, hi], newest first, each once.

    Where a first window reaches back, what lies in (`since`, `mark`] was decided by an earlier one. `named`
    are articles that a delivery of this subscription named already (rules 2 and 11); `corrections` are
    (article, revision) of corrections to what it got earlier (rule 6).
    """
    found: dict[str, Candidate] = {}
    for c in candidates:
        if not (lo < c.release <= hi and c.public):
            continue
        if c.first:
            decided = since < c.release <= mark or c.article_id in named
            fits = not decided and matches(c.topics, newsletter) and matches(c.topics, chosen)
        else:
            fits = c.release > mark and (c.article_id, c.revision) in corrections
        if fits:
            found[c.article_id] = c
    return tuple(sorted(found.values(), key=lambda c: (-c.published_at.timestamp(), c.article_id)))
