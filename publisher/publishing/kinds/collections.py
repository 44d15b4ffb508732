"""The pages of topics, authors and months, and the lists of these."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from publisher.languages import month
from publisher.model import addresses
from publisher.model.articles import Article
from publisher.output.session import Session
from publisher.publishing.kinds.feed_documents import links_of
from publisher.publishing.kit import Kit
from publisher.publishing.planned import Listing, Planned
from publisher.publishing.standing import Standing
from publisher.rendering import pages
from publisher.rendering.pages import Collection, Frame, paging
from publisher.rendering.pages.paging import Stretch
from publisher.store.outlines import Outline

_KINDS: dict[str, Literal["topic", "author", "month"]] = {
    addresses.TOPICS: "topic",
    addresses.AUTHORS: "author",
    addresses.ARCHIVE: "month",
}


def collection_of(standing: Standing, name: str) -> Collection:
    """The topic, author or month whose pages are in this folder."""
    folder = f"{name.partition('/')[0]}/"
    kind, count = _KINDS[folder], len(standing.lists[name])
    called = _month(standing, name) if kind == "month" else standing.spelling(name)
    note = standing.title(name) if kind == "author" else ""
    return Collection(kind, called, name, count, links_of(standing, name), note)


def _month(standing: Standing, name: str) -> str:
    (newest,) = standing.members(name, 0, 1)
    return month(newest.article.published_at.astimezone(standing.zone), standing.config.publication.language)


@dataclass(frozen=True, slots=True)
class _Page(Listing):
    path: str
    collection: Collection
    stretch: Stretch
    articles: Sequence[tuple[str, Article | None]]
    needs: Sequence[str] = ()

    def with_lines(self, lines: Mapping[str, str]) -> _Page:
        """Without the articles of which there are lines."""
        held = [(key, None if key in lines else article) for key, article in self.articles]
        return replace(self, articles=held)

    def make(self, kit: Kit) -> Mapping[str, bytes]:
        lines = [kit.line(key, one) if one else kit.lines[key] for key, one in self.articles]
        return {self.path: pages.collection(kit.frame, self.collection, self.stretch, lines).encode()}


class CollectionPages:
    """A unit for each topic, author and month."""

    name = "collection"
    many = True

    def units(self, standing: Standing) -> Iterable[str]:
        """All that have articles."""
        return [name for folder in _KINDS for name in standing.named(folder)]

    def around(self, standing: Standing, outline: Outline) -> Iterable[str]:
        """Those that the article stands in."""
        return [name for name in standing.lists_of(outline.article) if name.startswith(tuple(_KINDS))]

    def plan(self, standing: Standing, unit: str, _session: Session) -> Iterator[Planned]:
        """Its pages, from the front to the oldest."""
        if unit not in standing.lists:
            return
        collection, members = collection_of(standing, unit), standing.members(unit)
        for at in paging.stretches(len(members)):
            held = [(one.key, one.article) for one in members[at.start : at.stop]]
            path = f"{addresses.page_path(unit, at.number)}index.html"
            # how many there are in all is said on every page
            key = standing.key(collection, at.number, at.newer, at.older, [key for key, _ in held])
            yield Planned(key, (path,), _Page(path, collection, at, held))


@dataclass(frozen=True, slots=True)
class _Directory:
    paths: Sequence[str]
    folder: str
    every: Sequence[Collection]
    needs: Sequence[str] = ()

    def make(self, kit: Kit) -> Mapping[str, bytes]:
        if self.folder == addresses.ARCHIVE:
            return {self.paths[0]: pages.months(kit.frame, self.every).encode()}
        make: Callable[[Frame, Sequence[Collection], int], str]
        make = pages.topics if self.folder == addresses.TOPICS else pages.authors
        return {path: make(kit.frame, self.every, n).encode() for n, path in enumerate(self.paths, 1)}


class Directories:
    """Three units: the lists of topics, of authors and of months."""

    name = "directory"
    many = False

    def units(self, _standing: Standing) -> Iterable[str]:
        """All three."""
        return list(_KINDS)

    def around(self, _standing: Standing, _outline: Outline) -> Iterable[str]:
        """They are looked at whenever any article changes."""
        return list(_KINDS)

    def plan(self, standing: Standing, unit: str, _session: Session) -> Iterator[Planned]:
        """The pages of the list."""
        every = [collection_of(standing, name) for name in sorted(standing.named(unit))]
        folders = [unit] if unit == addresses.ARCHIVE else pages.directory_paths(unit, len(every))
        paths = tuple(f"{folder}index.html" for folder in folders)
        yield Planned(standing.key(every), paths, _Directory(paths, unit, every))
