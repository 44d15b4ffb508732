"""Feeds: the configured ones, with their history in archive documents, and those of topics and authors."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from publisher import feeds
from publisher.config.public import Feed
from publisher.feeds import derived, history
from publisher.model import addresses
from publisher.output.session import Session
from publisher.publishing.kinds import assets
from publisher.publishing.kit import Kit
from publisher.publishing.planned import Planned
from publisher.publishing.standing import Standing
from publisher.rendering.pages import FeedLink
from publisher.store.outlines import Outline

_FOLDERS = {"topic": addresses.TOPICS, "author": addresses.AUTHORS}


@dataclass(frozen=True, slots=True)
class _Entry:
    id: str
    key: str
    sizes: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class _Documents:
    """`pages` are at most the archive documents around this one: no other is named in it."""

    name: str
    feed: Feed
    entries: Sequence[_Entry]
    page: int
    pages: Sequence[int]

    @property
    def needs(self) -> Sequence[str]:
        return [entry.id for entry in self.entries]

    def make(self, kit: Kit) -> Mapping[str, bytes]:
        feed = self.feed
        pieces = [kit.piece(x.key, x.id, feed.content, tuple(feed.formats), x.sizes) for x in self.entries]
        made = feeds.documents(
            self.name,
            feed,
            kit.config.publication,
            pieces,
            hub=kit.config.websub,
            pages=self.pages,
            page=self.page,
        )
        return {document.path: document.body for document in made}


class FeedDocuments:
    """A unit for each feed, by its name, and one for each of its archive documents: `main 12`."""

    name = "feed"
    many = True

    def units(self, standing: Standing) -> Iterable[str]:
        """The configured feeds, and those of every topic and author if they are asked for."""
        folders = [_FOLDERS[kind] for kind in standing.config.derived_feeds]
        own = (name.rstrip("/") for folder in folders for name in standing.named(folder))
        past = (unit for name in standing.config.feeds for unit in archives(standing, name))
        return [*standing.config.feeds, *own, *past]

    def around(self, standing: Standing, outline: Outline) -> Iterable[str]:
        """The feeds that carry the article, its archive document, and those that this one links to."""
        folders = tuple(_FOLDERS[kind] for kind in standing.config.derived_feeds)
        for name in standing.lists_of(outline.article):
            if name.startswith("feed "):
                yield from self._of_feed(standing, name.removeprefix("feed "), outline)
            elif folders and name.startswith(folders):
                yield name.rstrip("/")

    def _of_feed(self, standing: Standing, name: str, outline: Outline) -> Iterator[str]:
        yield name
        feed = standing.config.feeds[name]
        if feed.history:
            page = history.page_of(outline.release or 0, feeds.page_size(feed))
            numbers = standing.pages(name)
            at = bisect_left(numbers, page)
            yield from (f"{name} {number}" for number in {page, *numbers[max(at - 1, 0) : at + 2]})

    def plan(self, standing: Standing, unit: str, _session: Session) -> Iterator[Planned]:
        """The documents that are subscribed to, or one archive document, in each format."""
        name, _, number = unit.partition(" ")
        feed = _feed(standing, name)
        if feed is None:
            return
        numbers = standing.pages(name) if feed.history else []
        if not number:
            newest = standing.members(_list(name), 0, feed.entries)
            yield _planned(standing, name, feed, newest, 0, numbers[-1:])
        elif (page := int(number)) in numbers[(at := bisect_left(numbers, page)) : at + 1]:
            around = numbers[max(at - 1, 0) : at + 2]
            yield _planned(standing, name, feed, _of_page(standing, feed, page), page, around)


def archives(standing: Standing, name: str) -> list[str]:
    """The units of the archive documents of a configured feed."""
    has = standing.config.feeds[name].history
    return [f"{name} {page}" for page in standing.pages(name)] if has else []


def shelf(standing: Standing, unit: str) -> int:
    """The archive document that a unit is, or that its article stands in; 0 where there is none."""
    if unit in standing.held:
        feed = next((one for one in standing.config.feeds.values() if one.history), None)
        return history.page_of(standing.held[unit].release or 1, feeds.page_size(feed)) if feed else 0
    return int(unit.partition(" ")[2] or 0)


def links_of(standing: Standing, name: str) -> tuple[FeedLink, ...]:
    """The feeds of the topic or author whose pages are in this folder."""
    folders = [_FOLDERS[kind] for kind in standing.config.derived_feeds]
    feed = _feed(standing, name.rstrip("/")) if name.startswith(tuple(folders)) else None
    if not feed:
        return ()
    paths, base = feeds.paths(name.rstrip("/"), feed), standing.config.publication.url
    return tuple(
        FeedLink(feed.title, feeds.MEDIA_TYPES[kind], addresses.url_of(base, p)) for kind, p in paths.items()
    )


def _list(unit: str) -> str:
    return f"{unit}/" if "/" in unit else f"feed {unit}"


def _feed(standing: Standing, unit: str) -> Feed | None:
    """The settings of a feed; None when there is no such feed (any more)."""
    if "/" not in unit:
        return standing.config.feeds.get(unit)
    if f"{unit}/" not in standing.lists:
        return None
    config = standing.config
    return derived.feed(config.feeds["main"], config.publication, standing.spelling(f"{unit}/"))


def _of_page(standing: Standing, feed: Feed, page: int) -> list[Outline]:
    """The articles of an archive document, the newest first."""
    size = feeds.page_size(feed)
    held = [one for _, one in standing.released((page - 1) * size + 1, page * size + 1)]
    carried = [one for one in held if any(feeds.carries(feed, (one.article,)))]
    return sorted(carried, key=lambda one: (-one.article.published_at.timestamp(), one.article.id))


def _planned(
    standing: Standing, unit: str, feed: Feed, held: Sequence[Outline], page: int, pages: Sequence[int]
) -> Planned:
    entries = [_Entry(x.article.id, x.key, assets.sizes(standing, x)) for x in held]
    key = standing.key(feed.title, page, pages, [(x.key, tuple(x.sizes.items())) for x in entries])
    paths = tuple(feeds.paths(unit, feed, page).values())
    return Planned(key, paths, _Documents(unit, feed, entries, page, pages))
