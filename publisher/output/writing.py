"""Writing files whole. Several processes may do so at once, each its own files, for one publish."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from publisher.errors import Refused
from publisher.output import manifest
from publisher.output.content import Content, digest, folders_of, holds, named_errors
from publisher.output.manifest import SCRATCH, Entry


class File(NamedTuple):
    """A file to be written: what it is made of (empty: unknown), and whether there is one of ours already."""

    path: str
    key: str
    content: Content
    ours: bool


class Written(NamedTuple):
    """A file that is there now; `changed`: it was not before, or had other bytes."""

    path: str
    entry: Entry
    changed: bool


class Writer:
    """Writes below `folder` while a `Session` there is open: in its process, or in one that it started."""

    def __init__(self, folder: str) -> None:
        self.folder, self.root = folder, os.path.realpath(folder)
        # a folder for each process: in one, all would wait for each other at every file
        self._scratch = os.path.join(self.root, SCRATCH, str(os.getpid()))
        self._inside: set[str] = set()

    def write(self, files: Iterable[File]) -> tuple[list[Written], set[str]]:
        """Compare, say in the journal what will be made, and write what is not there yet.

        What was written, and the folders that were made for it.

        Raises Refused where a symbolic link leads out of the folder, StoreError when the system refuses.
        """
        files = list(files)
        changed = [file for file in files if not self._holds(file)]
        made = self._announce([file for file in changed if not file.ours])
        if changed:
            os.makedirs(self._scratch, exist_ok=True)
        for file in changed:
            self._write(file)
        held = {file.path for file in changed}
        return [Written(file.path, self._entry(file), file.path in held) for file in files], made

    def _holds(self, file: File) -> bool:
        with named_errors(Path(self.folder, file.path)):
            try:
                return holds(self.at(file.path), file.content)
            except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
                return False

    def _announce(self, made: Sequence[File]) -> set[str]:
        """Before anything is made, say which bytes make it ours; the folders that are not there yet."""
        if not made:
            return set()
        parents = {parent for file in made for parent in folders_of(file.path)} - self._inside
        new = {parent for parent in parents if not os.path.isdir(self.at(parent))}
        pending = {file.path: digest(file.content) for file in made}
        with named_errors(Path(self.folder)):
            manifest.append(self.root, manifest.line(folders=new, pending=pending))
        return new

    def _write(self, file: File) -> None:
        scratch = os.path.join(self._scratch, "new")
        with named_errors(Path(self.folder, file.path)):
            self._enter(os.path.dirname(file.path))
            with open(scratch, "wb", buffering=0) as handle:
                if isinstance(file.content, bytes):
                    handle.write(file.content)
                else:
                    with named_errors(file.content), file.content.open("rb") as source:
                        shutil.copyfileobj(source, handle)
            os.replace(scratch, self.at(file.path))

    def _entry(self, file: File) -> Entry:
        if not file.key:
            return manifest.UNKNOWN
        return manifest.entry(file.key, os.lstat(self.at(file.path)))

    def _enter(self, folder: str) -> None:
        """Make the folder, and see that it is inside."""
        if folder in self._inside:
            return
        if folder:
            self._enter(os.path.dirname(folder))
            try:
                os.mkdir(self.at(folder))
            except FileExistsError:
                self.check_inside(folder)
        self._inside.add(folder)

    def check_inside(self, folder: str) -> None:
        """Raises Refused if a folder leads out of the root."""
        real = os.path.realpath(self.at(folder))
        if os.path.commonpath((real, self.root)) != self.root:
            raise Refused(f"{Path(self.folder, folder)}: leads out of {self.folder} by a symbolic link")

    def at(self, path: str) -> str:
        """Where a path is."""
        return os.path.join(self.root, path)

    def forget(self) -> None:
        """Folders may have gone, or become others."""
        self._inside.clear()
