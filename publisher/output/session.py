"""One publish: the folder is held, its manifest known, and what is written is kept in mind until the end."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from publisher.errors import Refused
from publisher.output import manifest
from publisher.output.content import Content, digest, folders_of, holds, named_errors
from publisher.output.manifest import JOURNAL, MANIFEST, SCRATCH, Manifest
from publisher.output.writing import Writer, Written

# a journal that is longer than this, and than a tenth of its manifest, is taken into it
_LONG = 256_000


class Session:
    """The folder of public files while it is held; see `Output.open`."""

    def __init__(self, folder: Path, known: Manifest) -> None:
        self.folder, self.manifest = folder, known
        self.writer = Writer(str(folder))
        self._journal: bool | None = None  # once begun: whether there was one before
        self._unsaved: dict[str, Any] = {"files": {}, "gone": set(), "folders": set()}
        self.settle_crash()

    def settle_crash(self) -> None:
        """What a killed publish had announced is ours, where it has exactly those bytes."""
        ours = [path for path, bytes_ in self.manifest.pending.items() if self._digest(path) == bytes_]
        self._unsaved["files"] |= dict.fromkeys(ours, manifest.UNKNOWN)
        self.manifest.files |= dict.fromkeys(ours, manifest.UNKNOWN)

    def ours(self, path: str) -> bool:
        """Whether an earlier publish wrote it."""
        return path in self.manifest.files

    def is_folder(self, path: str) -> bool:
        """Whether there is a folder, ours or not."""
        return path in self.manifest.folders or os.path.isdir(self.writer.at(path))

    def key(self, path: str) -> str:
        """What the file was made of; empty where that is unknown, or the file is not ours."""
        return manifest.key_of(self.manifest.files.get(path, manifest.UNKNOWN))

    def intact(self, path: str) -> bool:
        """Whether the file is as it was left."""
        try:
            found = os.lstat(self.writer.at(path))
        except OSError:
            return False
        return manifest.is_left(self.manifest.files.get(path, manifest.UNKNOWN), found)

    def refuse_foreign(self, made: Iterable[str], content: Callable[[str], Content]) -> None:
        """Raises Refused for paths that are not ours and taken by something else than `content(path)`."""
        taken = (path for path in made if not self.ours(path) and self._occupied(path))
        if foreign := sorted(path for path in taken if not self._same(path, content(path))):
            named = ", ".join(str(self.folder / path) for path in foreign[:3])
            more = f" and {len(foreign) - 3} more" if len(foreign) > 3 else ""
            raise Refused(f"{named}{more}: not written by this program; move it away, or publish elsewhere")

    def begin(self) -> None:
        """From here on something is written or removed."""
        if self._journal is not None:
            return
        with named_errors(self.folder):
            there = manifest.begin_journal(self.folder, self.manifest.generation)
            scratch = self.folder / SCRATCH
            scratch.unlink(missing_ok=True) if scratch.is_file() else _clear(scratch)
            scratch.mkdir()
        self._journal = there

    def note(self, written: Iterable[Written], folders: Iterable[str]) -> None:
        """What a writer has written, and the folders that it made."""
        entries = {one.path: one.entry for one in written if self.manifest.files.get(one.path) != one.entry}
        self.manifest.files |= entries
        self.manifest.folders.update(folders)
        self._unsaved["files"] |= entries
        self._unsaved["folders"].update(folders)

    def remove(self, gone: Iterable[str]) -> None:
        """Remove files of ours, and the folders we made that this leaves empty."""
        gone = sorted(gone)
        there = [path for path in gone if self._occupied(path)]
        if there:
            self.begin()
            with named_errors(self.folder):
                pending = {path: self._digest(path) for path in there}
                manifest.append(self.writer.root, manifest.line(gone=gone, pending=pending))
        for path in gone:
            self.manifest.files.pop(path, None)
            self._unsaved["files"].pop(path, None)
        self._unsaved["gone"].update(gone)
        for path in there:
            self._unlink(path)
        self.writer.forget()

    def _unlink(self, path: str) -> None:
        with named_errors(self.folder / path):
            self.writer.check_inside(os.path.dirname(path))
            os.unlink(self.writer.at(path))
        for folder in folders_of(path):
            if folder in self.manifest.folders:
                with contextlib.suppress(OSError):
                    os.rmdir(self.writer.at(folder))

    def end(self, *, whole: bool) -> None:
        """Settle what was done; `whole`: in the manifest itself, else a line of the journal may do."""
        gone, left = self._settled()
        change = any(self._unsaved.values()) or bool(left or self.manifest.pending)
        with named_errors(self.folder):
            if change and not whole:
                self._append(gone, left)
            self.manifest.pending.clear()
            if change and (whole or self._long()):
                self._save()
            elif not change and self._journal is False:
                (self.folder / JOURNAL).unlink()
            if self._journal is not None:
                _clear(self.folder / SCRATCH)

    def _settled(self) -> tuple[set[str], set[str]]:
        """Which files are gone for good, and which folders are no longer there."""
        gone = self._unsaved["gone"] = self._unsaved["gone"] - self.manifest.files.keys()
        folders = self._unsaved["folders"] | self._above(gone)
        left = {folder for folder in folders if not os.path.isdir(self.writer.at(folder))}
        self.manifest.folders -= left
        return gone, left

    def _append(self, gone: set[str], left: set[str]) -> None:
        self.begin()
        files, folders = self._unsaved["files"], self._unsaved["folders"] - left
        line = manifest.line(files=files, gone=gone, folders=folders, left=left, settled=True)
        manifest.append(self.writer.root, line)

    def _above(self, paths: Iterable[str]) -> set[str]:
        return {folder for path in paths for folder in folders_of(path)} & self.manifest.folders

    def _long(self) -> bool:
        length = (self.folder / JOURNAL).stat().st_size
        with contextlib.suppress(FileNotFoundError):
            return length > max(_LONG, (self.folder / MANIFEST).stat().st_size // 10)
        return length > _LONG

    def _save(self) -> None:
        self.begin()
        self.manifest.generation += 1
        scratch = self.folder / SCRATCH / MANIFEST
        with scratch.open("wb") as file:
            file.writelines(self.manifest.written())
        os.replace(scratch, self.folder / MANIFEST)
        (self.folder / JOURNAL).unlink()

    def _same(self, path: str, content: Content) -> bool:
        try:
            return holds(self.writer.at(path), content)
        except OSError:
            return False

    def _occupied(self, path: str) -> bool:
        """Whether something other than a folder is there."""
        target = self.writer.at(path)
        return os.path.lexists(target) and (os.path.islink(target) or not os.path.isdir(target))

    def _digest(self, path: str) -> str:
        try:
            return digest(Path(self.writer.root, path))
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return ""


def _clear(folder: Path) -> None:
    if folder.is_dir():
        shutil.rmtree(folder)
