"""Which articles a feed carries, and in which order."""

from __future__ import annotations

from collections.abc import Iterable

from publisher.config.public import Feed
from publisher.model.articles import Article


def select(feed: Feed, articles: Iterable[Article]) -> list[Article]:
    """The newest articles of the feed's topics, at most `feed.entries`; equal dates go by id."""
    by_id = sorted(carries(feed, articles), key=lambda article: article.id)
    return sorted(by_id, key=lambda article: article.published_at, reverse=True)[: feed.entries]


def carries(feed: Feed, articles: Iterable[Article]) -> Iterable[Article]:
    """The articles of the feed's topics, which may be named by key or by label, in any case."""
    if feed.topics == "all":
        return articles
    wanted = {_key(topic) for topic in feed.topics}
    return (a for a in articles if not wanted.isdisjoint(map(_key, (*a.topics, *a.labels))))


def _key(topic: str) -> str:
    return "-".join(topic.casefold().replace("_", " ").replace("-", " ").split())
