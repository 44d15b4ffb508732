"""What goes into a file, and where files may go."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from publisher.errors import Refused, StoreError
from publisher.output.manifest import RESERVED

Content = bytes | Path
_ODD = re.compile(r"(?:^|/)\.{0,2}(?:/|$)|[\\\0]")


def check_paths(paths: Iterable[str]) -> None:
    """Raises Refused for a path that is absolute, leaves the folder, is reserved, or is also a folder."""
    paths = set(paths)
    for path in paths:
        if _ODD.search(path) or path.partition("/")[0] in RESERVED or not _encodable(path):
            raise Refused(f"{path!r}: expected a relative path that stays inside the output folder")
    for clash in paths & folders_above(paths):
        inside = min(path for path in paths if path.startswith(f"{clash}/"))
        raise Refused(f"{clash}: both a file and the folder of {inside}")


def _encodable(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def folders_of(path: str) -> Iterator[str]:
    """The folders above a path, nearest first."""
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path


def folders_above(paths: Iterable[str]) -> set[str]:
    """The folders above any of these paths."""
    found = set[str]()
    for path in paths:
        folder = path.rpartition("/")[0]
        while folder and folder not in found:
            found.add(folder)
            folder = folder.rpartition("/")[0]
    return found


def in_the_way(obsolete: Iterable[str], paths: Iterable[str]) -> set[str]:
    """The obsolete files that must go first: a path needs a folder there, or is the folder they are in."""
    paths = set(paths)
    needed = folders_above(paths)
    return {old for old in obsolete if old in needed or not paths.isdisjoint(folders_of(old))}


def stamp(content: Content) -> str:
    """The key of a file to be copied: its size (bytes) and mtime (ns); empty for bytes. Raises StoreError."""
    if isinstance(content, bytes):
        return ""
    with named_errors(content):
        found = content.stat()
    return f"{found.st_size}:{found.st_mtime_ns}"


def digest(content: Content) -> str:
    """The SHA-256 in hex."""
    if isinstance(content, bytes):
        return hashlib.sha256(content).hexdigest()
    with content.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def holds(target: str, content: Content) -> bool:
    """Whether the file at `target` has exactly this content; raises OSError if it cannot be read."""
    size = len(content) if isinstance(content, bytes) else content.stat().st_size
    if os.lstat(target).st_size != size:
        return False
    if isinstance(content, bytes):
        with open(target, "rb", buffering=0) as handle:
            return handle.read() == content
    return digest(Path(target)) == digest(content)


@contextlib.contextmanager
def named_errors(place: Path) -> Iterator[None]:
    """Turn OSError into one line that names the place."""
    try:
        yield
    except OSError as error:
        raise StoreError(f"{place}: {error.strerror or error}") from error
