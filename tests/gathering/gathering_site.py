"""A publication whose files a test writes, renames and removes, on a real file system and a real store."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from publisher import gathering
from publisher.app import Publisher
from publisher.gathering import Gathered
from publisher.store import catalogue
from publisher.store.catalogue import Listing, Release

LONG_AGO = 1_500_000_000


class Site:
    """An open publication; files are written long ago unless a test says when (seconds since 1970)."""

    def __init__(self, make: Callable[..., Publisher], **sections: Any) -> None:
        self.make, self.sections = make, sections
        self.publisher = make(**sections)
        self.content = self.publisher.config.sources[0].path

    def again(self, **sections: Any) -> None:
        """Open the same publication with another configuration."""
        self.sections |= sections
        self.publisher = self.make(**self.sections)

    def write(self, path: str, text: str, at: float = LONG_AGO) -> Path:
        file = self.content / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        os.utime(file, (at, at))
        return file

    def move(self, old: str, new: str) -> None:
        (self.content / new).parent.mkdir(parents=True, exist_ok=True)
        (self.content / old).rename(self.content / new)

    def remove(self, *paths: str) -> None:
        for path in paths:
            (self.content / path).unlink()

    def gather(self, **options: Any) -> Gathered:
        p = self.publisher
        return gathering.gather(p.store, p.config, p.clock(), **options)

    @property
    def all(self) -> list[Listing]:
        with self.publisher.store.read() as tx:
            return catalogue.listings(tx)

    def at(self, path: str) -> Listing:
        """The one article at a path that is not gone, else the one that was there."""
        found = [x for x in self.all if x.article.path == path]
        here = [x for x in found if x.status not in ("gone", "withdrawn")] or found
        assert len(here) == 1, (path, here)
        return here[0]

    def releases(self) -> list[Release]:
        with self.publisher.store.read() as tx:
            return catalogue.releases_between(tx, 0, 1 << 30)

    def released(self) -> list[str]:
        """The titles in the order of their releases, corrections too."""
        titles = {x.article.id: x.article.title for x in self.all}
        return [titles[r.article_id] for r in self.releases()]


def counts(report: Gathered) -> dict[str, int]:
    """The counts that are not zero."""
    found = {name: getattr(report, name) for name in gathering.report.COUNTS}
    return {name: count for name, count in found.items() if count}
