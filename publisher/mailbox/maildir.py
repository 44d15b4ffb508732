"""A Maildir as a mail server fills it: new mails in new/, and those somebody has seen in cur/ with flag S."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path

from publisher.bounces import LARGEST
from publisher.errors import Unavailable

_FOLDERS = ("tmp", "new", "cur")
_INFO, _SEEN = ":2,", "S"
log = logging.getLogger("publisher")


class Maildir:
    """Mails are never deleted or replaced; one that is handled is in cur/ with flag S."""

    source = "maildir"

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @classmethod
    def made(cls, folder: Path) -> Maildir:
        """As it is, or a new one. Raises OSError."""
        for name in _FOLDERS:
            (folder / name).mkdir(mode=0o700, parents=True, exist_ok=True)
        return cls(folder)

    def unread(self) -> Iterator[tuple[str, bytes]]:
        """Each mail without flag S, by name, in which the time of its arrival stands.

        One that cannot be read is left, and said in the log. Raises Unavailable for a folder that cannot.
        """
        for name in self._names():
            try:
                with (self._folder / name).open("rb") as stream:
                    yield name, stream.read(LARGEST)
            except FileNotFoundError:
                continue  # another reader has moved it meanwhile
            except OSError as error:
                # it stays where it is, and keeps no other from being read
                log.warning("%s cannot be read: %s", self._folder / name, error.strerror or error)

    def handled(self, name: str) -> None:
        """Into cur/ with flag S, unless another reader has done that. Raises Unavailable."""
        base, _, flags = Path(name).name.partition(_INFO)
        flags = "".join(sorted({*flags, _SEEN}))
        try:
            (self._folder / "cur").mkdir(mode=0o700, exist_ok=True)
            self._move(self._folder / name, base, f"{_INFO}{flags}")
        except FileNotFoundError:
            return
        except OSError as error:
            raise self._unavailable(error) from None

    def count(self) -> int:
        """How many are unread. Raises Unavailable."""
        return len(self._names())

    def _move(self, mail: Path, base: str, info: str) -> None:
        for number in range(1, 1000):
            there = self._folder / "cur" / (f"{base}{info}" if number == 1 else f"{base}-{number}{info}")
            # a rename would replace another mail of this name; killed in between, both names are one file
            try:
                os.link(mail, there)
            except FileExistsError:
                if not os.path.samefile(mail, there):
                    continue
            except FileNotFoundError:
                raise
            except OSError:
                if there.exists():
                    continue
                os.rename(mail, there)  # a file system without links
                return
            if there != mail:
                os.unlink(mail)
            return

    def _names(self) -> list[str]:
        found: list[str] = []
        try:
            for folder in ("new", "cur"):
                if (self._folder / folder).is_dir():
                    with os.scandir(self._folder / folder) as entries:
                        found += [
                            f"{folder}/{e.name}"
                            for e in entries
                            if not e.is_dir(follow_symlinks=False) and _unseen(e.name)
                        ]
        except OSError as error:
            raise self._unavailable(error) from None
        return sorted(found, key=lambda name: name.partition("/")[2])

    def _unavailable(self, error: OSError) -> Unavailable:
        return Unavailable(0, f"cannot read the Maildir {self._folder}: {error.strerror or error}", "connect")


def _unseen(name: str) -> bool:
    return not name.startswith(".") and _SEEN not in name.partition(_INFO)[2]
