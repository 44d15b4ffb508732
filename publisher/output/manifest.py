"""Which files and folders under output.path are ours, such that a crash at any point leaves no doubt.

The manifest is a JSON document. While much is written, and where little changes, a journal beside it says
what is not in it yet: one JSON object a line. It belongs to one generation of the manifest, and is taken into
the next.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from publisher.errors import StoreError

try:
    import fcntl
except ImportError:  # not on Windows, where one program at a time must do
    fcntl = None  # type: ignore[assignment]

MANIFEST, JOURNAL = ".publisher-manifest.json", ".publisher-journal.jsonl"
LOCK, SCRATCH = ".publisher.lock", ".publisher.tmp"
_AT_ONCE = 2000
RESERVED = frozenset({MANIFEST, JOURNAL, LOCK, SCRATCH})


Entry = str
"""A file as we left it: what it was made of (its key, without spaces), its size in bytes, its mtime in ns.

One text, since there may be hundreds of thousands of them.
"""
# of a file that is ours, and that must be compared to know whether it is up to date
UNKNOWN: Entry = ""


def entry(key: str, found: os.stat_result) -> Entry:
    """What is kept of a file with this key as it is now."""
    return f"{key} {found.st_size} {found.st_mtime_ns}"


def key_of(kept: Entry) -> str:
    """What the file was made of; empty where that is unknown."""
    return kept.partition(" ")[0]


def is_left(kept: Entry, found: os.stat_result) -> bool:
    """Whether a file is as it was left."""
    return kept.endswith(f" {found.st_size} {found.st_mtime_ns}")


@dataclass
class Manifest:
    """What earlier publishes left behind, by path under the folder.

    `files` are ours. `pending` are about to be made or removed: ours only while the file there has this
    SHA-256. `folders` were made by us.
    """

    files: dict[str, Entry] = field(default_factory=dict)
    pending: dict[str, str] = field(default_factory=dict)
    folders: set[str] = field(default_factory=set)
    generation: int = 0

    def written(self) -> Iterator[bytes]:
        """The manifest as JSON, the same for the same content; in pieces, as it may be of many files."""
        files, folders = iter(sorted(self.files)), iter(sorted(self.folders))
        yield b'{"files":{'
        yield from _pieces({path: _plain(self.files[path]) for path in some} for some in _some(files))
        yield b'},"folders":['
        yield from _pieces(_some(folders))
        rest = {"generation": self.generation, "pending": dict(sorted(self.pending.items()))}
        yield b"]," + _json(rest)[1:]

    def apply(self, change: Mapping[str, Any]) -> None:
        """What a line of the journal says: files, gone, folders, left, pending, settled."""
        for path in change.get("gone", ()):
            self.files.pop(path, None)
        self.files.update((path, _entry(plain)) for path, plain in change.get("files", {}).items())
        self.folders.update(change.get("folders", ()))
        self.folders.difference_update(change.get("left", ()))
        if change.get("settled"):
            self.pending.clear()
        self.pending.update(change.get("pending", {}))


def line(
    *,
    files: Mapping[str, Entry] | None = None,
    gone: Iterable[str] = (),
    folders: Iterable[str] = (),
    left: Iterable[str] = (),
    pending: Mapping[str, str] | None = None,
    settled: bool = False,
) -> dict[str, Any]:
    """A change as a line of the journal says it: `left` are folders that are no longer there."""
    said = {
        "gone": sorted(gone),
        "files": {path: _plain(kept) for path, kept in (files or {}).items()},
        "folders": sorted(folders),
        "left": sorted(left),
        "pending": dict(pending or {}),
        "settled": settled,
    }
    return {name: value for name, value in said.items() if value}


def read(folder: Path) -> Manifest:
    """The folder's manifest, empty if it has none. Raises StoreError if it is damaged."""
    file = folder / MANIFEST
    try:
        found = _parse(json.loads(file.read_bytes()))
    except FileNotFoundError:
        found = Manifest()
    except (ValueError, KeyError, TypeError, AttributeError, IndexError):
        raise _damaged(file) from None
    file = folder / JOURNAL
    try:
        for change in _journal(file, found.generation):
            found.apply(change)
    except (ValueError, TypeError, AttributeError):
        raise _damaged(file) from None
    return found


Signature = tuple[tuple[int, int, int] | None, ...]
"""What tells whether a manifest and its journal are still the ones that were read."""


def signature(folder: Path) -> Signature:
    """That of the folder's manifest and journal as they are now."""
    found: list[tuple[int, int, int] | None] = []
    for name in (MANIFEST, JOURNAL):
        try:
            one = os.stat(folder / name)
            found.append((one.st_ino, one.st_size, one.st_mtime_ns))
        except FileNotFoundError:
            found.append(None)
    return tuple(found)


def begin_journal(folder: Path, generation: int) -> bool:
    """An empty journal, unless there is one of this generation already; whether there is."""
    file = folder / JOURNAL
    if next(iter(_lines(file)), {}).get("generation") != generation:
        file.write_bytes(_line({"generation": generation}))
        return False
    # a kill may have left half a line, which must not become one with the next
    with file.open("rb+") as handle:
        handle.truncate(handle.read().rfind(b"\n") + 1)
    return True


def append(folder: str, change: Mapping[str, Any]) -> None:
    """Add a line to the journal, whole, whoever else adds one at this moment."""
    handle = os.open(os.path.join(folder, JOURNAL), os.O_WRONLY | os.O_APPEND)
    try:
        os.write(handle, _line(change))
    finally:
        os.close(handle)


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the folder for one publish; another process or thread waits. The kernel frees it if we die."""
    with (folder / LOCK).open("ab") as handle:
        if fcntl:
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _damaged(file: Path) -> StoreError:
    return StoreError(f"{file}: damaged; remove it to have every file compared anew")


def _plain(kept: Entry) -> Any:
    key, *numbers = kept.split(" ")
    return [key, *map(int, numbers)] if numbers else None


def _entry(plain: Any) -> Entry:
    # earlier versions kept size and time of what was copied
    return f"{plain[0]} {int(plain[1])} {int(plain[2])}" if plain and len(plain) == 3 else UNKNOWN


def _parse(document: Any) -> Manifest:
    files = {path: _entry(plain) for path, plain in document["files"].items()}
    pending, folders = dict(document["pending"].items()), set(document["folders"])
    return Manifest(files, pending, folders, int(document.get("generation", 0)))


def _journal(file: Path, generation: int) -> Iterator[dict[str, Any]]:
    lines = iter(_lines(file))
    if next(lines, {}).get("generation") == generation:
        yield from lines


def _lines(file: Path) -> Iterator[dict[str, Any]]:
    with contextlib.suppress(FileNotFoundError), file.open("rb") as handle:
        # only a kill leaves a line without an end, and then what it announced has not begun
        yield from (json.loads(text) for text in handle if text.endswith(b"\n"))


def _line(change: Mapping[str, Any]) -> bytes:
    return _json(change) + b"\n"


def _some(each: Iterator[str]) -> Iterator[list[str]]:
    while some := list(islice(each, _AT_ONCE)):
        yield some


def _pieces(parts: Iterable[Any]) -> Iterator[bytes]:
    """Mappings or lists as the inside of one."""
    for number, part in enumerate(parts):
        yield (b"," if number else b"") + _json(part)[1:-1]


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
