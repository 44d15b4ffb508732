"""The page of all feeds, and the style of a feed in a browser."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from publisher import feeds
from publisher.config.public import Feed
from publisher.config.schema import Config
from publisher.feeds import derived
from publisher.model import addresses
from publisher.rendering import pages
from publisher.rendering.pages import FeedLink, Frame, ListedFeed

File = tuple[str, bytes]


def files(frame: Frame, config: Config, titles: Mapping[str, str]) -> Iterator[File]:
    """Both, by path. `titles` are those of derived feeds by name (`topics/SLUG`), without the paper's."""
    named = [_named(config, name, feed) for name, feed in config.feeds.items()]
    listed = {folder: _derived(config, folder, titles) for folder in (addresses.TOPICS, addresses.AUTHORS)}
    page = pages.feeds(frame, named, listed[addresses.TOPICS], listed[addresses.AUTHORS])
    yield f"{addresses.FEEDS}index.html", page.encode()
    yield feeds.STYLESHEET, pages.feed_stylesheet(frame).encode()


def links(config: Config, name: str, feed: Feed, title: str) -> tuple[FeedLink, ...]:
    """Where a feed is, by its format."""
    return tuple(
        FeedLink(title, feeds.MEDIA_TYPES[kind], feeds.address(config.publication, name, kind))
        for kind in feeds.paths(name, feed)
    )


def _named(config: Config, name: str, feed: Feed) -> ListedFeed:
    title = feed.title or config.publication.title
    return ListedFeed(title, links(config, name, feed, title), feed.description)


def _derived(config: Config, folder: str, titles: Mapping[str, str]) -> list[ListedFeed]:
    mine = sorted(
        (title.casefold(), title, name) for name, title in titles.items() if name.startswith(folder)
    )
    return [
        ListedFeed(
            title,
            links(config, name, derived.feed(config.feeds["main"], config.publication, title), title),
            page_url=addresses.url_of(config.publication.url, f"{name}/"),
        )
        for _, title, name in mine
    ]
