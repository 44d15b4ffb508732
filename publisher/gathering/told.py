"""Files of which somebody says that they changed: read alone, where no other file can matter."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from sqlalchemy import Connection

from publisher.articles import is_profile
from publisher.gathering import crediting
from publisher.gathering.ongoing import Ongoing
from publisher.gathering.source import Look, stamp_of
from publisher.sources import folder
from publisher.store import traces
from publisher.store.traces import Key, Trace


class OnDisk:
    """The files of a source that are no articles: looked for when they are asked for."""

    def __init__(self, at: Path) -> None:
        self.at = at

    def __contains__(self, path: object) -> bool:
        return isinstance(path, str) and folder.find(self.at, path) is not None


def looks(
    ongoing: Ongoing, tx: Connection, reading: str, paths: Iterable[Path]
) -> tuple[dict[str, Look], list[Trace]] | None:
    """The sources as far as these files are concerned, and the articles that they are.

    None where only a look at everything can tell: at what is new, or gone, or no article.
    """
    keys: list[Key] = []
    for path in paths:
        key = _key(ongoing.config.named_sources, path)
        if key is None or is_profile(key[1]) or crediting.has_profiles(tx, key[0]):
            return None
        keys.append(key)
    known = traces.traces(tx, keys)
    if {one.key for one in known if not one.gone} != set(keys) or len(known) != len(set(keys)):
        return None
    found: dict[str, Look] = {}
    for source in {source for source, _ in keys}:
        look = _look(ongoing, source, reading, [path for name, path in keys if name == source])
        if look is None:
            return None
        found[source] = look
    return found, known


def _key(sources: Mapping[str, Path], path: Path) -> Key | None:
    for name, at in sources.items():
        if path.is_relative_to(at):
            return name, path.relative_to(at).as_posix()
    return None


def _look(ongoing: Ongoing, name: str, reading: str, paths: list[str]) -> Look | None:
    at, stamps, unsettled = ongoing.config.named_sources[name], dict[str, str](), dict[str, folder.Stamp]()
    for path in paths:
        glance = folder.glance(at, path)
        if glance is None:
            return None
        stamp, settled = glance
        stamps[path] = stamp_of(reading, stamp) if settled else ""
        if not settled:
            unsettled[path] = stamp
    highlight = ongoing.config.look.highlight
    return Look(name, at, stamps, unsettled, OnDisk(at), tuple(sorted(stamps)), highlight=highlight)


def absolute(path: Path) -> Path:
    """As the configuration names its folders."""
    return Path(os.path.abspath(path))
