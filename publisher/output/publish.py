"""The folder of public files, and the plain way to publish: everything at once, compared byte by byte."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from publisher.output.content import Content, check_paths, in_the_way, named_errors, stamp
from publisher.output.manifest import Manifest, Signature, locked, read, signature
from publisher.output.session import Session
from publisher.output.writing import File


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
        self._known: tuple[Signature, Manifest] | None = None

    @contextlib.contextmanager
    def open(self) -> Iterator[Session]:
        """Hold the folder for one publish; another process or thread waits. Raises StoreError."""
        with contextlib.ExitStack() as held:
            with named_errors(self.folder):
                self.folder.mkdir(parents=True, exist_ok=True)
                held.enter_context(locked(self.folder))
                before, self._known = self._known, None
                same = before and before[0] == signature(self.folder)
                session = Session(self.folder, before[1] if before and same else read(self.folder))
            yield session
            # a large one takes long to read, and who publishes again reads it only if others did meanwhile
            self._known = signature(self.folder), session.manifest

    def publish(self, files: Mapping[str, Content]) -> Report:
        """Make the folder hold these files (POSIX paths; a Path is copied), and no other of ours.

        A reader sees every file whole, old or new; unchanged ones keep their mtime. Raises Refused for a path
        that leaves the folder or names a file that is not ours (nothing is written then), StoreError when the
        system refuses.
        """
        check_paths(files)
        with self.open() as session:
            keys = {path: stamp(content) for path, content in files.items()}
            stale = [p for p in files if not (keys[p] and keys[p] == session.key(p) and session.intact(p))]
            session.refuse_foreign(stale, lambda path: files[path])
            obsolete = sorted(session.manifest.files.keys() - files.keys())
            first = in_the_way(obsolete, files)
            session.remove(first)
            session.begin()
            made = [File(path, keys[path], files[path], session.ours(path)) for path in stale]
            written, folders = session.writer.write(made)
            session.note(written, folders)
            session.remove(path for path in obsolete if path not in first)
            session.end(whole=True)
        changed = sorted(one.path for one in written if one.changed)
        return Report(tuple(changed), len(files) - len(changed), tuple(obsolete))
