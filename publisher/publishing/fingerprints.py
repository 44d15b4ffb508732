"""What public files are made with besides articles: the configuration, the templates, this program."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterable
from pathlib import Path

import publisher
from publisher.config.schema import Config
from publisher.rendering.environment import Templates

# what says how mail leaves, and where things run, is in no public file
_ELSEWHERE = {"store", "sources", "mail", "delivery", "notices", "web", "schedule"}
# where it is decided what a public file looks like
_ROOMS = ("config", "feeds", "freezing", "languages", "model", "output", "publishing", "rendering")


def made_with(config: Config, templates: Templates) -> str:
    """Changes with whatever all public files are made with."""
    said = hashlib.blake2b(_program().encode(), digest_size=8)
    said.update(config.model_dump_json(exclude=_ELSEWHERE).encode())
    for folder in templates.folders:
        said.update(_contents(folder, (f for part in ("pages", "words") for f in (folder / part).rglob("*"))))
    return said.hexdigest()


@functools.cache
def _program() -> str:
    root = Path(publisher.__file__).parent
    files = (file for room in _ROOMS for kind in ("*.py", "*.po") for file in (root / room).rglob(kind))
    return hashlib.blake2b(_contents(root, files)).hexdigest()


def _contents(root: Path, files: Iterable[Path]) -> bytes:
    """The names and contents of files; nothing of none."""
    said = None
    for file in sorted(files):
        if file.is_file():
            said = said or hashlib.blake2b()
            said.update(f"\0{file.relative_to(root)}\0".encode(errors="surrogateescape"))
            said.update(file.read_bytes())
    return said.digest() if said else b""
