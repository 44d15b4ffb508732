"""The pictures and files that articles bring along."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from publisher.errors import ContentError
from publisher.model.articles import Asset
from publisher.output.content import stamp
from publisher.output.session import Session
from publisher.publishing.addresses import path_of
from publisher.publishing.planned import Planned
from publisher.publishing.standing import Standing
from publisher.sources import folder
from publisher.store.outlines import Outline


class Assets:
    """A unit for each article that has some."""

    name = "assets"
    many = False

    def units(self, standing: Standing) -> Iterable[str]:
        """Every article that refers to files."""
        held = (standing.held[id_] for _, id_ in standing.lists[""])
        return [one.article.id for one in held if one.article.assets]

    def around(self, _standing: Standing, outline: Outline) -> Iterable[str]:
        """Its own."""
        return [outline.article.id] if outline.article.assets else []

    def plan(self, standing: Standing, unit: str, session: Session) -> Iterator[Planned]:
        """Copies of its files; one that is gone is passed over."""
        if outline := standing.held.get(unit):
            for asset in outline.article.assets:
                if path := place_of(asset, standing):
                    yield from _copy(standing, outline.source, asset, path, session)


def place_of(asset: Asset, standing: Standing) -> str | None:
    """Where the copy of a file goes."""
    path = path_of(asset.url, standing.config)
    return path.removesuffix("/index.html") if path else None


def sizes(standing: Standing, outline: Outline) -> dict[str, int]:
    """Bytes by URL of the files that an article brings along."""
    found = {}
    for asset in outline.article.assets:
        if path := place_of(asset, standing):
            file, readable = _file(standing, outline.source, asset)
            copy = None if readable else standing.config.output.path / path
            if (there := file or copy) and there.is_file():
                found[asset.url] = there.stat().st_size
    return found


def _copy(standing: Standing, source: str, asset: Asset, path: str, session: Session) -> Iterator[Planned]:
    file, readable = _file(standing, source, asset)
    if file:
        yield Planned(stamp(file), (path,), file)
    elif not readable and session.ours(path):
        yield Planned(session.key(path), (path,), None)


def _file(standing: Standing, source: str, asset: Asset) -> tuple[Path | None, bool]:
    """The file to be copied, and whether its source can be read: if not, an earlier copy stays (rule 24)."""
    try:
        return folder.find(standing.config.named_sources[source], asset.file), True
    except (KeyError, ContentError):
        return None, False
