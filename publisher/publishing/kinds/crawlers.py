"""What crawlers read of the articles: the sitemap, in parts by month."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from publisher.model import addresses
from publisher.output.session import Session
from publisher.publishing.kit import Kit
from publisher.publishing.planned import Planned
from publisher.publishing.standing import Standing
from publisher.rendering import pages
from publisher.rendering.pages import Address, sitemaps
from publisher.store.outlines import Outline

_LISTS, _INDEX = "lists", "index"


@dataclass(frozen=True, slots=True)
class _Part:
    name: str
    addresses: Sequence[Address]
    needs: Sequence[str] = ()

    def make(self, _kit: Kit) -> Mapping[str, bytes]:
        return dict(sitemaps.parts(self.name, self.addresses))


@dataclass(frozen=True, slots=True)
class _Index:
    parts: Mapping[str, datetime | None]
    needs: Sequence[str] = ()

    def make(self, kit: Kit) -> Mapping[str, bytes]:
        return {sitemaps.SITEMAP: pages.sitemap(kit.config.publication.url, self.parts)}


class Sitemaps:
    """A unit for each month, one for the lists, and the index of all."""

    name = "sitemap"
    many = False

    def units(self, standing: Standing) -> Iterable[str]:
        """Every part."""
        return [*standing.named(addresses.ARCHIVE), _LISTS, _INDEX]

    def around(self, standing: Standing, outline: Outline) -> Iterable[str]:
        """The article's month, and what names it."""
        months = (x for x in standing.lists_of(outline.article) if x.startswith(addresses.ARCHIVE))
        return [*months, _LISTS, _INDEX]

    def plan(self, standing: Standing, unit: str, _session: Session) -> Iterator[Planned]:
        """The files of a part, or the index."""
        if unit == _INDEX:
            parts = {path: at for name in self._parts(standing) for path, at in _files(standing, name)}
            yield Planned(standing.key(parts), (sitemaps.SITEMAP,), _Index(parts))
        elif unit in self._parts(standing):
            listed = _lists(standing) if unit == _LISTS else _articles(standing, unit)
            paths = tuple(path for path, _ in _files(standing, unit))
            yield Planned(standing.key(listed), paths, _Part(_name(unit), listed))

    def _parts(self, standing: Standing) -> list[str]:
        months = standing.named(addresses.ARCHIVE)
        return [*months, _LISTS] if months else []


def _name(unit: str) -> str:
    return unit if unit == _LISTS else unit.removeprefix(addresses.ARCHIVE).rstrip("/")


def _articles(standing: Standing, unit: str) -> list[Address]:
    return [Address(one.article.url, one.article.updated_at) for one in standing.members(unit)]


def _lists(standing: Standing) -> list[Address]:
    base = standing.config.publication.url
    return [Address(addresses.url_of(base, x), standing.updated(x)) for x in _collections(standing)]


def _collections(standing: Standing) -> list[str]:
    folders = (addresses.TOPICS, addresses.AUTHORS, addresses.ARCHIVE)
    return [name for folder in folders for name in standing.named(folder)]


def _files(standing: Standing, unit: str) -> Iterator[tuple[str, datetime]]:
    """The paths of a part, and when the last of what it lists changed."""
    names = _collections(standing) if unit == _LISTS else [unit]
    count = len(names) if unit == _LISTS else len(standing.lists[unit])
    changed = max(standing.updated(name) for name in names)
    for number in range(1, -(-count // sitemaps.MOST) + 1):
        yield sitemaps.part_path(_name(unit), number), changed
