"""The front page: the newest days, and below them what there is by topic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from publisher.model.articles import Article
from publisher.rendering.pages.lists import Collection
from publisher.rendering.pages.presenting import present
from publisher.rendering.pages.site import Frame

FRONT, SECTIONS, IN_SECTION = 24, 6, 4


@dataclass(frozen=True, slots=True)
class Section:
    """A topic on the front page, and its newest articles that do not stand above."""

    topic: Collection
    articles: Sequence[Article]


def index(
    frame: Frame, articles: Sequence[Article], sections: Sequence[Section] = (), more: bool = False
) -> str:
    """The front page: the newest day first, its newest article as the lead. Articles come in any order.

    `more` says that there are others, which the archive lists.
    """
    newest = sorted(articles, key=lambda a: (a.published_at, a.id), reverse=True)
    shown = [present(frame, a) for a in newest]
    days = [(day, list(group)) for day, group in groupby(shown, key=lambda s: s.published.date())]
    below = [(s.topic, frame.url(s.topic.path), [present(frame, a) for a in s.articles]) for s in sections]
    return frame.render("index", days=days, sections=below, more=more)


def choose_front(
    newest: Sequence[Article], topics: Sequence[Collection]
) -> tuple[list[Article], list[Section]]:
    """What the front page shows of the newest few hundred articles (newest first).

    Above stand the newest ones. Below stand the topics that most of these articles have, of which at least
    two are left, each article once; no sections while the newest are all there is.
    """
    above, rest = list(newest[:FRONT]), list(newest[FRONT:])
    counts: dict[str, int] = {}
    for article in newest:
        for key in article.topics:
            counts[key] = counts.get(key, 0) + 1
    named = {held.path.removeprefix("topics/").rstrip("/"): held for held in topics}
    sections, seen = list[Section](), set[str]()
    for key in sorted(counts, key=lambda key: (-counts[key], key)):
        held = [t for t in rest if key in t.topics and t.id not in seen][:IN_SECTION]
        if key in named and len(held) > 1 and len(sections) < SECTIONS:
            sections.append(Section(named[key], held))
            seen.update(t.id for t in held)
    return above, sections
