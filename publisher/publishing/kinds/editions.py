"""Past editions of newsletters with a public archive, and the list of each newsletter."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time

from publisher.freezing import variants
from publisher.output.session import Session
from publisher.publishing.kit import Kit
from publisher.publishing.planned import Planned
from publisher.publishing.standing import Standing
from publisher.rendering import pages
from publisher.rendering.pages import ArchiveEntry
from publisher.store.editions import Edition
from publisher.store.outlines import Outline


@dataclass(frozen=True, slots=True)
class _List:
    path: str
    title: str
    entries: Sequence[ArchiveEntry]
    needs: Sequence[str] = ()

    def make(self, kit: Kit) -> Mapping[str, bytes]:
        return {self.path: pages.archive(kit.frame, self.title, self.entries).encode()}


@dataclass(frozen=True, slots=True)
class _Page:
    path: str
    edition: Edition
    needs: Sequence[str] = ()
    # what was frozen is read from the store
    here: bool = True

    def make(self, kit: Kit) -> Mapping[str, bytes]:
        assert kit.store
        return {self.path: variants.archive_page(kit.store, self.edition).encode()}


class EditionPages:
    """A unit for each newsletter."""

    name = "editions"
    many = False

    def units(self, standing: Standing) -> Iterable[str]:
        """Every newsletter with a public archive."""
        return [name for name, one in standing.config.newsletters.items() if one.archive == "public"]

    def around(self, _standing: Standing, _outline: Outline) -> Iterable[str]:
        """None: an edition is frozen."""
        return []

    def plan(self, standing: Standing, unit: str, _session: Session) -> Iterator[Planned]:
        """Its list, and its editions."""
        title = standing.config.newsletters[unit].title
        mine = [(edition, count) for edition, count in standing.editions if edition.newsletter == unit]
        entries = [_entry(standing, edition, count) for edition, count in mine]
        path = f"archive/{unit}/index.html"
        yield Planned(standing.key(title, entries), (path,), _List(path, title, entries))
        for edition, _ in mine:
            path = f"archive/{unit}/{edition.number}/index.html"
            key = standing.key(edition.id, edition.created_at, edition.opened_at, dict(edition.archive))
            yield Planned(key, (path,), _Page(path, edition))


def _entry(standing: Standing, edition: Edition, count: int) -> ArchiveEntry:
    day = datetime.combine(datetime.fromisoformat(edition.day), time(), standing.zone)
    url = f"{standing.config.publication.url}/archive/{edition.newsletter}/{edition.number}/"
    return ArchiveEntry(edition.number, edition.archive["subject"], day, url, count)
