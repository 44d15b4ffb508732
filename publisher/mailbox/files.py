"""Mails in files, and one on a stream: read, and left as they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from publisher.bounces import LARGEST
from publisher.errors import Refused

_PIECE = 1 << 16


class Files:
    """Each file is one mail."""

    source = "file"

    def __init__(self, files: Sequence[Path]) -> None:
        self._files = files

    def unread(self) -> Iterator[tuple[str, bytes]]:
        """Every one. Raises Refused for a file that cannot be read."""
        for file in self._files:
            try:
                with file.open("rb") as stream:
                    data = stream.read(LARGEST)
            except OSError as error:
                raise Refused(f"{file}: cannot be read: {error.strerror or error}") from None
            yield str(file), data

    def handled(self, name: str) -> None:
        """A file stays as it is."""

    def count(self) -> int:
        """How many files."""
        return len(self._files)


class Stream:
    """One mail on a stream."""

    source = "stdin"

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def unread(self) -> Iterator[tuple[str, bytes]]:
        """The mail, if there is one."""
        data = self._stream.read(LARGEST)
        # a mail server that writes to us would take a pipe closed too early for a failure
        while self._stream.read(_PIECE):
            pass
        if data.strip():
            yield "-", data

    def handled(self, name: str) -> None:
        """It is gone with its reader."""

    def count(self) -> int:
        """One."""
        return 1
