"""What stands at one moment: the public articles without their texts, in every order that files have them."""

from __future__ import annotations

import hashlib
from bisect import bisect_left, insort
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from publisher import feeds
from publisher.config.schema import Config
from publisher.feeds import history
from publisher.model import addresses
from publisher.model.articles import Article
from publisher.model.naming import commonest, slug_of
from publisher.store.editions import Edition
from publisher.store.outlines import Outline

EVERY = ""
Place = tuple[float, str]
"""Where an article stands in a list: the newest first, equal dates by id."""


class Change(NamedTuple):
    """An article before and after; None where it was not, or is no longer, public."""

    before: Outline | None
    after: Outline | None


class Standing:
    """The articles by id, and lists of them: of each topic, author and month by the folder of its pages.

    The list `EVERY` holds all, `feed NAME` those of a configured feed. `newest_release` is the highest of
    the whole catalogue. `withdrawn` are those that were mailed and are no longer public. `digest` is one
    number for all that stands, and `changes` are those since it was `digest_before`.
    """

    def __init__(self, config: Config, made_with: str = "") -> None:
        self.config, self.zone, self.made_with = config, config.publication.zone, made_with
        self.held: dict[str, Outline] = {}
        self.lists: defaultdict[str, list[Place]] = defaultdict(list)
        # ids, each at the place of its release's number; the numbers have few gaps
        self._by_release: list[str] = []
        self.spelled: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.changes: list[Change] = []
        self.digest = self.digest_before = 0
        self.newest_release = 0
        self.withdrawn: dict[str, Outline] = {}
        self.editions: Sequence[tuple[Edition, int]] = ()
        self._updated: dict[str, datetime] = {}
        self._titles: dict[str, str] = {}
        # how many articles each archive document of a feed holds; and their numbers, sorted
        self._in_page: defaultdict[str, Counter[int]] = defaultdict(Counter)
        self._pages: dict[str, list[int]] = {}

    def fill(self, outlines: Iterable[Outline]) -> None:
        """Take in all articles at once."""
        for outline in outlines:
            place = self._enter(outline)
            for name in self.lists_of(outline.article):
                self.lists[name].append(place)
        for held in self.lists.values():
            held.sort()

    def put(self, outline: Outline) -> None:
        """An article that is new."""
        place = self._enter(outline)
        for name in self.lists_of(outline.article):
            insort(self.lists[name], place)
            self._forget(name)

    def drop(self, outline: Outline) -> None:
        """An article that stands here goes."""
        article = outline.article
        del self.held[article.id]
        self.digest ^= _digest(outline)
        self._count(outline, -1)
        self._by_release[outline.release or 0] = ""
        place = place_of(article)
        for name in self.lists_of(article):
            held = self.lists[name]
            del held[bisect_left(held, place)]
            if not held:
                del self.lists[name]
            self._forget(name)
        for name, spelling in self._spellings(article):
            self.spelled[name][spelling] -= 1

    def released(self, start: int = 0, stop: int | None = None) -> Iterator[tuple[int, Outline]]:
        """The articles by the numbers of their releases, from `start` and before `stop`."""
        for number, id_ in enumerate(self._by_release[start:stop], start):
            if id_:
                yield number, self.held[id_]

    def pages(self, feed: str) -> list[int]:
        """The archive documents that a configured feed has, oldest first (RFC 5005)."""
        found = self._pages.get(feed)
        if found is None:
            full = self.newest_release // feeds.page_size(self.config.feeds[feed])
            found = self._pages[feed] = sorted(page for page in self._in_page[feed] if page <= full)
        return found

    def set_newest(self, release: int) -> bool:
        """The highest release of the whole catalogue, which fills ranges; whether it is another one."""
        self._pages.clear()
        before, self.newest_release = self.newest_release, release
        return before != release

    def _count(self, outline: Outline, by: int) -> None:
        """In the archive documents that hold the article."""
        for name, feed in self.config.feeds.items():
            if feed.history and any(feeds.carries(feed, (outline.article,))):
                page = history.page_of(outline.release or 0, feeds.page_size(feed))
                self._in_page[name][page] += by
                if not self._in_page[name][page]:
                    del self._in_page[name][page]
                if self._in_page[name].get(page, 0) in (0, by):
                    self._pages.pop(name, None)

    def _enter(self, outline: Outline) -> Place:
        self.held[outline.article.id] = outline
        self.digest ^= _digest(outline)
        self._count(outline, 1)
        number = outline.release or 0
        if number >= len(self._by_release):
            self._by_release += [""] * (number + 1 - len(self._by_release))
        self._by_release[number] = outline.article.id
        for name, spelling in self._spellings(outline.article):
            self.spelled[name][spelling] += 1
        return place_of(outline.article)

    def key(self, *parts: object) -> str:
        """16 hexadecimal digits that change with any of these plain values, and with `made_with`."""
        said = repr((self.made_with, *parts)).encode(errors="surrogatepass")
        return hashlib.blake2b(said, digest_size=8).hexdigest()

    def change(self, changes: Iterable[Change]) -> None:
        """Articles come, go and change."""
        self.digest_before, self.changes = self.digest, []
        for one in changes:
            if one.before:
                self.drop(one.before)
            if one.after:
                self.put(one.after)
            self.changes.append(one)

    def lists_of(self, article: Article) -> list[str]:
        """The lists that an article stands in."""
        local = article.published_at.astimezone(self.zone)
        names = [EVERY, addresses.month_path(local.year, local.month)]
        names += dict.fromkeys(addresses.topic_path(key) for key in article.topics)
        names += dict.fromkeys(addresses.author_path(author.name) for author in article.authors)
        for name, feed in self.config.feeds.items():
            if any(feeds.carries(feed, (article,))):
                names.append(f"feed {name}")
        return names

    def named(self, prefix: str) -> list[str]:
        """The lists whose name begins so."""
        return [name for name in self.lists if name.startswith(prefix)]

    def members(self, name: str, start: int = 0, stop: int | None = None) -> list[Outline]:
        """The articles of a list, the newest first; those at these places."""
        return [self.held[id_] for _, id_ in self.lists.get(name, ())[start:stop]]

    def neighbours(self, article: Article) -> tuple[Outline | None, Outline | None]:
        """The next older one and the next newer one of all articles."""
        every = self.lists[EVERY]
        at = bisect_left(every, place_of(article))
        older = self.held[every[at + 1][1]] if at + 1 < len(every) else None
        return older, self.held[every[at - 1][1]] if at else None

    def spelling(self, name: str) -> str:
        """What most call the topic or author whose pages are in this folder."""
        slug = name.rstrip("/").rpartition("/")[2]
        return commonest(slug, +self.spelled.get(name, Counter()))

    def updated(self, name: str) -> datetime:
        """When the last of a list's articles changed."""
        found = self._updated.get(name)
        if found is None:
            ids = (id_ for _, id_ in self.lists[name])
            found = self._updated[name] = max(self.held[id_].article.updated_at for id_ in ids)
        return found

    def title(self, name: str) -> str:
        """As what the author whose pages are in this folder wrote last; empty where no article says it."""
        found = self._titles.get(name)
        if found is None:
            slug = name.rstrip("/").rpartition("/")[2]
            every = (author for _, id_ in self.lists[name] for author in self.held[id_].article.authors)
            titles = (one.title for one in every if one.title and slug_of(one.name) == slug)
            found = self._titles[name] = next(titles, "")
        return found

    def _forget(self, name: str) -> None:
        """A list is another."""
        self._updated.pop(name, None)
        self._titles.pop(name, None)

    def _spellings(self, article: Article) -> Iterator[tuple[str, str]]:
        for author in article.authors:
            yield addresses.author_path(author.name), " ".join(author.name.split())
        # topics of the configuration are called by their keys
        for label in () if self.config.topics else article.labels:
            if (slug := slug_of(label)) in article.topics:
                yield addresses.topic_path(slug), " ".join(label.split())


def _digest(outline: Outline) -> int:
    said = f"{outline.article.id} {outline.key} {outline.release}".encode(errors="surrogatepass")
    return int.from_bytes(hashlib.blake2b(said, digest_size=8).digest())


def place_of(article: Article) -> Place:
    """Where the article stands among others."""
    return -article.published_at.timestamp(), article.id
