"""One publish: compare, announce in the manifest, write, remove, settle."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from publisher.errors import Refused, StoreError
from publisher.output.content import (
    Content,
    check_paths,
    digest,
    folders_of,
    holds,
    in_the_way,
    named_errors,
    stamp,
)
from publisher.output.manifest import MANIFEST, SCRATCH, Manifest, locked, read


@dataclass(frozen=True, slots=True)
class Report:
    """What a publish did: paths in order, and how many files were left as they were."""

    written: tuple[str, ...]
    unchanged: int
    removed: tuple[str, ...]


class Output:
    """The folder of public files. Files there that no publish wrote are never touched."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def publish(self, files: Mapping[str, Content]) -> Report:
        """Make the folder hold these files (POSIX paths; a Path is copied), and no other of ours.

        A reader sees every file whole, old or new; unchanged ones keep their mtime. Raises Refused for a path
        that leaves the folder or names a file that is not ours (nothing is written then), StoreError when the
        system refuses.
        """
        check_paths(files)
        with named_errors(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            with locked(self.folder):
                (self.folder / SCRATCH).unlink(missing_ok=True)
                return _Publish(self.folder, files).run()


class _Publish:
    """One publish under the lock."""

    def __init__(self, folder: Path, files: Mapping[str, Content]) -> None:
        self.folder, self.root, self.files = folder, os.path.realpath(folder), files
        self.manifest = read(folder)
        self.stamps = {path: stamp(content) for path, content in files.items()}
        self.inside: set[str] = set()

    def run(self) -> Report:
        crashed = self.manifest.pending.items()
        ours = {*self.manifest.files} | {path for path, bytes_ in crashed if self._digest(path) == bytes_}
        changed = [path for path in self.files if not self._holds(path, path in ours)]
        made = [path for path in changed if path not in ours]
        self._refuse_foreign(made)
        obsolete = [path for path in sorted(ours) if path not in self.files]
        gone = [path for path in obsolete if self._occupied(path)]
        folders = self._announce(ours, changed, made, gone)
        first = in_the_way(gone, self.files)
        self._remove(first, folders)
        for path in changed:
            self._write(path)
        self._remove((path for path in gone if path not in first), folders)
        left = frozenset(folder for folder in folders if os.path.isdir(self._at(folder)))
        self._save(Manifest(self.stamps, {}, left))
        return Report(tuple(sorted(changed)), len(self.files) - len(changed), tuple(obsolete))

    def _refuse_foreign(self, made: Iterable[str]) -> None:
        if foreign := sorted(path for path in made if self._occupied(path)):
            named = ", ".join(str(self.folder / path) for path in foreign[:3])
            more = f" and {len(foreign) - 3} more" if len(foreign) > 3 else ""
            raise Refused(f"{named}{more}: not written by this program; move it away, or publish elsewhere")

    def _announce(
        self, ours: set[str], changed: list[str], made: list[str], gone: list[str]
    ) -> frozenset[str]:
        """Before anything is touched, say what will be made or removed, and which bytes make it ours."""
        # a copy that is about to change has no stamp meanwhile: a crash must not leave it looking current
        kept = dict.fromkeys(path for path in ours if path in self.files)
        kept |= {path: self.manifest.files.get(path) for path in kept.keys() - set(changed)}
        pending = {path: digest(self.files[path]) for path in made} | {p: self._digest(p) for p in gone}
        parents = {parent for path in made for parent in folders_of(path)}
        new = {parent for parent in parents if not os.path.isdir(self._at(parent))}
        folders = self.manifest.folders | new
        self._save(Manifest(kept, pending, folders))
        return folders

    def _save(self, manifest: Manifest) -> None:
        if manifest != self.manifest:
            self._replace(MANIFEST, manifest.to_bytes())
            self.manifest = manifest

    def _holds(self, path: str, ours: bool) -> bool:
        target, content = self._at(path), self.files[path]
        try:
            known = ours and not isinstance(content, bytes) and self.manifest.files.get(path)
            if known and known == self.stamps[path]:
                return os.lstat(target).st_size == known[0]
            return holds(target, content)
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return False
        except OSError as error:
            raise StoreError(f"{self.folder / path}: {error.strerror}") from error

    def _write(self, path: str) -> None:
        with named_errors(self.folder / path):
            folder = os.path.dirname(path)
            if folder not in self.inside:
                self._check_inside(folder)
                os.makedirs(self._at(folder), exist_ok=True)
            self._replace(path, self.files[path])

    def _check_inside(self, folder: str) -> None:
        real = os.path.realpath(self._at(folder))
        if os.path.commonpath((real, self.root)) != self.root:
            raise Refused(f"{self.folder / folder}: leads out of {self.folder} by a symbolic link")
        self.inside.add(folder)

    def _replace(self, path: str, content: Content) -> None:
        scratch = self._at(SCRATCH)
        with open(scratch, "wb") as handle:
            if isinstance(content, bytes):
                handle.write(content)
            else:
                with named_errors(content), content.open("rb") as source:
                    shutil.copyfileobj(source, handle)
        os.replace(scratch, self._at(path))

    def _remove(self, paths: Iterable[str], folders: frozenset[str]) -> None:
        """Remove files of ours, and the folders we made that this leaves empty."""
        for path in paths:
            with named_errors(self.folder / path):
                self._check_inside(os.path.dirname(path))
                os.unlink(self._at(path))
            for folder in folders_of(path):
                if folder in folders:
                    with contextlib.suppress(OSError):
                        os.rmdir(self._at(folder))
        self.inside.clear()

    def _at(self, path: str) -> str:
        return os.path.join(self.root, path)

    def _occupied(self, path: str) -> bool:
        """Whether something other than a folder is there."""
        target = self._at(path)
        return os.path.lexists(target) and (os.path.islink(target) or not os.path.isdir(target))

    def _digest(self, path: str) -> str:
        try:
            return digest(Path(self.root, path))
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return ""
