"""What is read and not needed yet: in memory as long as it is little, else in a file that has no name."""

from __future__ import annotations

import tempfile
from pathlib import Path
from types import TracebackType
from typing import Generic, TypeVar

K = TypeVar("K")
_IN_MEMORY = 32 * 1024 * 1024


class Aside(Generic[K]):
    """Bytes by key. The file, if it comes to that, lies in `folder`, and is gone when this is closed."""

    def __init__(self, folder: Path) -> None:
        where = str(folder) if folder.is_dir() else None
        self._file = tempfile.SpooledTemporaryFile(_IN_MEMORY, dir=where)  # noqa: SIM115
        self._at: dict[K, tuple[int, int]] = {}
        self._end = 0

    def put(self, key: K, data: bytes) -> None:
        """Lay it aside."""
        self._file.seek(self._end)
        self._file.write(data)
        self._at[key] = self._end, len(data)
        self._end += len(data)

    def take(self, key: K) -> bytes:
        """What was laid aside under this key."""
        start, length = self._at[key]
        self._file.seek(start)
        return self._file.read(length)

    def __enter__(self) -> Aside[K]:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
