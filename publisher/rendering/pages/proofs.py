"""One of every page, so that a fault in a template comes to light before anybody reads it."""

from __future__ import annotations

from collections.abc import Sequence

from publisher.model.articles import Article
from publisher.rendering.pages import articles as single
from publisher.rendering.pages import feeds_page, front_page, lists, notes, search_page, sitemaps
from publisher.rendering.pages.editions import archive
from publisher.rendering.pages.lists import Collection
from publisher.rendering.pages.paging import Stretch
from publisher.rendering.pages.site import Frame, stylesheet


def prove(frame: Frame, articles: Sequence[Article]) -> None:
    """Render every kind of page, and that of each article. Raises ContentError for a fault in a template."""
    held = [
        Collection("topic", "Topic", "topics/topic/", 1),
        Collection("author", "Author", "authors/author/", 1, note="Staff"),
        lists.month(frame, 2026, 11, 1),
    ]
    for one in held:
        lists.collection(frame, one, Stretch(1, 0, 1, 0, 2), [single.line(frame, a) for a in articles[:1]])
    lists.topics(frame, held[:1])
    lists.authors(frame, held[1:2])
    lists.months(frame, held[2:])
    search_page.search(frame, held[:1])
    search_page.script(frame.templates, frame.language)
    stylesheet(frame.templates, frame.site.look)
    feeds_page.feeds(frame, [], [], [])
    feeds_page.feed_stylesheet(frame)
    sitemaps.robots(frame)
    notes.not_found(frame)
    archive(frame, "Newsletter", [])
    front_page.index(frame, articles[: front_page.LOOKED_AT])
    for article in articles:
        single.article(frame, article, None, None)
    for article in articles[:1]:
        single.withdrawn(frame, article)
