"""A folder of articles: what is in it, and the bytes of one file."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from publisher.articles import MAX_BYTES, SUFFIXES, is_profile
from publisher.articles.decoding import decode
from publisher.articles.header_lines import positional
from publisher.errors import ContentError, Problem

_META = ".meta"
_READ = SUFFIXES | {_META}
# the coarsest clock that a file system stamps its files with (FAT)
_GRAIN_NS = 2 * 10**9


class Stamp(NamedTuple):
    """What tells a changed file from an unchanged one without reading it."""

    mtime_ns: int
    size: int


@dataclass(frozen=True, slots=True)
class Scan:
    """What a folder holds; paths are POSIX and count from the folder.

    `files` is everything that is no article. `unsettled` are articles written so shortly before the look that
    they could change again under the same stamp. `unreadable` names what was passed over; the place of a
    folder ends with a slash, and what was known below it is neither there nor gone. `missing` says why the
    folder itself cannot be read, else it is empty. `profiles` are those of authors.
    """

    articles: Mapping[str, Stamp] = field(default_factory=dict)
    files: frozenset[str] = frozenset()
    unsettled: frozenset[str] = frozenset()
    unreadable: tuple[Problem, ...] = ()
    missing: str = ""
    profiles: frozenset[str] = frozenset()


def scan(folder: Path) -> Scan:
    """Look through the folder once. Hidden files are passed over, and links that lead out of it are named."""
    root = os.path.realpath(folder)
    try:
        os.scandir(root).close()
    except OSError as error:
        return Scan(missing=_reason(error))
    found = _Walk(root)
    found.walk("")
    # a folder that fails half way has lost nothing
    failed = next((problem.message for problem in found.problems if not problem.place), "")
    return Scan(missing=failed) if failed else found.result()


def glance(folder: Path, path: str) -> tuple[Stamp, bool] | None:
    """The stamp of one article as a scan would have it, and whether it is settled.

    None where only a scan can tell: of what is not there, is no article, hidden or a link, or has metadata
    beside it.
    """
    parts = path.split("/")
    if any(part.startswith(".") for part in parts) or _suffix(path) not in SUFFIXES:
        return None
    started = time.time_ns()
    try:
        found = _lstat_unless_linked(folder, path)
    except OSError:
        return None
    if found is None or not stat.S_ISREG(found.st_mode) or os.path.lexists(folder / _meta_of(path)):
        return None
    return Stamp(found.st_mtime_ns, found.st_size), found.st_mtime_ns <= started - _GRAIN_NS


def load(folder: Path, path: str) -> bytes:
    """The bytes of one article, at most one more than an article may have.

    Metadata in a `.meta` file of the same name beside it (Nikola) is put above them. Raises ContentError for
    what cannot be read, is no file, or lies outside the folder.
    """
    data = _bytes(folder, path)
    meta = _meta_of(path)
    if meta == path or not os.path.isfile(os.path.join(folder, meta)):
        return data
    head = decode(_bytes(folder, meta), meta)[0].strip()
    if not head.startswith((".. ", "---", "+++")):
        head = positional(head)
    if head:
        return f"{head}\n\n{decode(data, path)[0]}".encode()
    raise ContentError(meta, 1, "", "expected `.. key: value` lines")


def find(folder: Path, path: str) -> Path | None:
    """The picture or other file at a path; None when there is none that a scan would list.

    Raises ContentError when the folder, or the way to the file, cannot be looked into.
    """
    if any(part.startswith(".") for part in path.split("/")) or _suffix(path) in _READ:
        return None
    try:
        folder.resolve(strict=True)
    except OSError as error:
        raise ContentError(path, 0, "", _reason(error)) from None
    try:
        return _inside(folder, path)[0]
    except (FileNotFoundError, NotADirectoryError, ContentError):
        return None
    except (OSError, ValueError) as error:
        raise ContentError(path, 0, "", _reason(error)) from None


def _bytes(folder: Path, path: str) -> bytes:
    try:
        file, size = _inside(folder, path)
        with open(file, "rb", buffering=0) as stream:
            # as much room as it needs; the most that it may have would be taken and given back for each file
            data = stream.read(min(size, MAX_BYTES) + 1)
            return data if len(data) <= size else data + stream.read(MAX_BYTES + 1 - len(data))
    except (OSError, ValueError) as error:
        raise ContentError(path, 0, "", _reason(error)) from None


def _inside(folder: Path, path: str) -> tuple[Path, int]:
    """The file at a path, and its size. Raises OSError, and ContentError for what may not be read."""
    file = folder / path
    found = _lstat_unless_linked(folder, path)
    if found is None:
        file = file.resolve(strict=True)
        if not file.is_relative_to(folder.resolve()):
            raise ContentError(path, 0, "", "it leads out of its source")
        found = file.stat()
    if not stat.S_ISREG(found.st_mode):
        raise ContentError(path, 0, "", "not a file")
    return file, found.st_size


def _lstat_unless_linked(folder: Path, path: str) -> os.stat_result | None:
    """What a file is that cannot lead out, because no part of its path is a link; None for any other."""
    parts = path.split("/")
    if {"", ".", ".."}.intersection(parts):
        return None
    at = os.fspath(folder)
    for part in parts:
        at = f"{at}/{part}"
        found = os.lstat(at)
        if stat.S_ISLNK(found.st_mode):
            return None
    return found


def _suffix(path: str) -> str:
    return os.path.splitext(path)[1].lower()


def _meta_of(path: str) -> str:
    return os.path.splitext(path)[0] + _META


def _reason(error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return "it is not there"
    if isinstance(error, PermissionError):
        return "no permission to read it"
    return (getattr(error, "strerror", None) or str(error)).lower()


class _Walk:
    """One look through a tree, with what it found so far."""

    def __init__(self, root: str) -> None:
        self.root, self.started = root, time.time_ns()
        self.articles: dict[str, Stamp] = {}
        self.metas: dict[str, Stamp] = {}
        self.files: set[str] = set()
        self.profiles: set[str] = set()
        self.problems: list[Problem] = []

    def walk(self, prefix: str) -> None:
        """Take in one folder and those below it."""
        folders: list[str] = []
        try:
            with os.scandir(os.path.join(self.root, prefix)) as entries:
                for entry in entries:
                    if not entry.name.startswith("."):
                        folders.extend(self._take(entry, prefix + entry.name))
        except OSError as error:
            self._name(prefix, _reason(error))
        for folder in folders:
            self.walk(f"{folder}/")

    def _take(self, entry: os.DirEntry[str], path: str) -> Iterator[str]:
        """Note one entry; a folder is given back to be walked."""
        if not path.isprintable() and _unspeakable(path):
            self._name(path, "its name is not UTF-8")
        elif entry.is_symlink():
            self._link(path)
        elif entry.is_dir():
            yield path
        elif entry.is_file():
            self._file(path, entry.stat)
        else:
            self._name(path, "neither a file nor a folder")

    def _link(self, path: str) -> None:
        target = os.path.realpath(os.path.join(self.root, path))
        if not f"{target}/".startswith(self.root.rstrip("/") + "/"):
            self._name(path, "a link that leads out of its source is not followed")
        elif os.path.isdir(target):
            self._name(f"{path}/", "a link to a folder is not followed")
        elif os.path.isfile(target):
            self._file(path, lambda: os.stat(target))
        else:
            self._name(path, "a link to nothing")

    def _file(self, path: str, look: Callable[[], os.stat_result]) -> None:
        if is_profile(path):
            self.profiles.add(path)
            return
        suffix = _suffix(path)
        if suffix not in _READ:
            self.files.add(path)
            return
        found = look()
        stamp = Stamp(found.st_mtime_ns, found.st_size)
        (self.metas if suffix == _META else self.articles)[path] = stamp

    def _name(self, place: str, reason: str) -> None:
        self.problems.append(Problem(place.encode(errors="backslashreplace").decode(), reason))

    def result(self) -> Scan:
        """What was found; an article's stamp counts the metadata beside it."""
        for path, stamp in self.articles.items():
            if meta := self.metas.pop(_meta_of(path), None):
                self.articles[path] = Stamp(max(stamp.mtime_ns, meta.mtime_ns), stamp.size + meta.size)
        for path in self.metas:
            self._name(path, "metadata without an article of the same name beside it")
        self.problems.sort(key=lambda problem: problem.place)
        found = frozenset(self.files), self._unsettled(), tuple(self.problems)
        return Scan(self.articles, *found, profiles=frozenset(self.profiles))

    def _unsettled(self) -> frozenset[str]:
        # written after the look began counts too: the file system's clock is not ours to set
        articles = self.articles.items()
        return frozenset(path for path, s in articles if s.mtime_ns > self.started - _GRAIN_NS)


def _unspeakable(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return True
    return False
