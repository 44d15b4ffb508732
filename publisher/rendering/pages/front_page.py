"""The front page: the newest days, and below them the topics that there is most about."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from publisher.model.articles import Article
from publisher.rendering.pages.presenting import Link, Presented, present
from publisher.rendering.pages.site import Frame

# how many of the newest articles it is made of, and how many stand there by day
LOOKED_AT = 300
_BY_DAY, _SECTIONS, _IN_SECTION = 24, 6, 4


@dataclass(frozen=True, slots=True)
class Section:
    """A topic, and its newest articles that do not stand elsewhere on the page."""

    topic: Link
    articles: Sequence[Presented]


def index(frame: Frame, articles: Sequence[Article]) -> str:
    """The front page: the newest day first, its newest article as the lead. Articles come in any order.

    Made of the newest 300. Where they are more than a few days hold, those with most articles among the
    topics follow, and the way to the archive.
    """
    newest = sorted(articles, key=lambda a: (a.published_at, a.id), reverse=True)
    shown = [present(frame, a) for a in newest[:LOOKED_AT]]
    days = [(day, list(group)) for day, group in groupby(shown[:_BY_DAY], key=lambda s: s.published.date())]
    sections = list(_sections(shown))
    return frame.render("index", days=days, sections=sections, more=len(shown) > _BY_DAY)


def _sections(shown: Sequence[Presented]) -> Iterator[Section]:
    """At most six topics of which at least two articles are left, each article in one."""
    links = {topic.url: topic for one in reversed(shown) for topic in one.topics}
    counts = Counter(topic.url for one in shown for topic in one.topics)
    left, made = list(shown[_BY_DAY:]), 0
    for url in sorted(counts, key=lambda url: (-counts[url], url)):
        held = [one for one in left if any(topic.url == url for topic in one.topics)][:_IN_SECTION]
        if len(held) > 1 and made < _SECTIONS:
            taken = {one.article.id for one in held}
            left = [one for one in left if one.article.id not in taken]
            made += 1
            yield Section(links[url], held)
