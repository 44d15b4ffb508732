"""The authors whom the profiles of a folder tell about."""

from __future__ import annotations

from pathlib import Path

from publisher.articles import profiles
from publisher.errors import ContentError
from publisher.model.articles import Author
from publisher.sources import folder
from publisher.sources.folder import Scan


def people(where: Path, scan: Scan) -> tuple[dict[str, Author], list[ContentError]]:
    """Who is who, by key and name, and what is wrong with any of the files."""
    found: dict[str, Author] = {}
    errors: list[ContentError] = []
    for path in sorted(scan.profiles):
        try:
            found = profiles.read(folder.load(where, path), path) | found
        except ContentError as error:
            errors.append(error)
    return found, errors
