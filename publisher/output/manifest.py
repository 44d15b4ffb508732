"""Which files and folders under output.path are ours, such that a crash at any point leaves no doubt."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from publisher.errors import StoreError

try:
    import fcntl
except ImportError:  # not on Windows, where one program at a time must do
    fcntl = None  # type: ignore[assignment]

MANIFEST, LOCK, SCRATCH = ".publisher-manifest.json", ".publisher.lock", ".publisher.tmp"
RESERVED = frozenset({MANIFEST, LOCK, SCRATCH})
Stamp = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Manifest:
    """What earlier publishes left behind, by path under the folder.

    `files` are ours; for a copy, with size (bytes) and mtime (ns) of the file that it was made from.
    `pending` are about to be made or removed: ours only while the file there has this SHA-256.
    `folders` were made by us.
    """

    files: Mapping[str, Stamp | None] = field(default_factory=dict)
    pending: Mapping[str, str] = field(default_factory=dict)
    folders: frozenset[str] = frozenset()

    def to_bytes(self) -> bytes:
        """The manifest as JSON, the same for the same content."""
        document = {
            "files": dict(sorted(self.files.items())),
            "folders": sorted(self.folders),
            "pending": dict(sorted(self.pending.items())),
        }
        return json.dumps(document, separators=(",", ":")).encode()


def read(folder: Path) -> Manifest:
    """The folder's manifest, empty if it has none. Raises StoreError if it is damaged."""
    file = folder / MANIFEST
    try:
        return _parse(json.loads(file.read_bytes()))
    except FileNotFoundError:
        return Manifest()
    except (ValueError, KeyError, TypeError, AttributeError):
        raise StoreError(f"{file}: damaged; remove it to have every file compared anew") from None


def _parse(document: Any) -> Manifest:
    files = {
        path: None if stamp is None else (stamp[0], stamp[1]) for path, stamp in document["files"].items()
    }
    return Manifest(files, dict(document["pending"].items()), frozenset(document["folders"]))


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the folder for one publish; another process or thread waits. The kernel frees it if we die."""
    with (folder / LOCK).open("ab") as handle:
        if fcntl:
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
