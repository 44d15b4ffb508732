"""What is read and not needed yet: in memory as long as it is little, else in a file that has no name."""

from __future__ import annotations

import tempfile
from pathlib import Path
from types import TracebackType
from typing import Generic, TypeVar

K = TypeVar("K")
_IN_MEMORY = 4 * 1024 * 1024
_BITS = 40


class Aside(Generic[K]):
    """Bytes by key. The file, if it comes to that, lies in `folder`, and is gone when this is closed."""

    def __init__(self, folder: Path) -> None:
        self._folder = str(folder) if folder.is_dir() else None
        self._opened: tempfile.SpooledTemporaryFile[bytes] | None = None
        self._at: dict[K, int] = {}
        self._end = 0

    @property
    def _file(self) -> tempfile.SpooledTemporaryFile[bytes]:
        if self._opened is None:
            self._opened = tempfile.SpooledTemporaryFile(_IN_MEMORY, dir=self._folder)  # noqa: SIM115
        return self._opened

    def put(self, key: K, data: bytes) -> None:
        """Lay it aside."""
        self._file.seek(self._end)
        self._file.write(data)
        # one number for both is a third of the memory
        self._at[key] = self._end << _BITS | len(data)
        self._end += len(data)

    def take(self, key: K) -> bytes:
        """What was laid aside under this key."""
        at = self._at[key]
        self._file.seek(at >> _BITS)
        return self._file.read(at & (1 << _BITS) - 1)

    def __contains__(self, key: object) -> bool:
        return key in self._at

    def __enter__(self) -> Aside[K]:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._opened:
            self._opened.close()
