"""How the command line speaks: results on stdout, everything else on stderr, JSON where it is asked for."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from publisher.app import Publisher

Progress = Callable[[int, int], None]
JSON = typer.Option(False, "--json", help="One JSON document on stdout, and nothing else there.")


@contextmanager
def opened(context: typer.Context) -> Iterator[Publisher]:
    """The publication that `--config` names."""
    from publisher.app import open_publisher

    publisher = open_publisher(Path(context.obj))
    try:
        yield publisher
    finally:
        publisher.close()


def result(as_json: bool, data: Any, *lines: str) -> None:
    """The outcome of a command: the data as JSON, or the lines for people."""
    if as_json:
        print(json.dumps(data, ensure_ascii=False, indent=2, default=_plain))
    else:
        for line in lines:
            print(line)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no JSON")


def tell(text: str) -> None:
    """A word to the person, beside the result."""
    print(text, file=sys.stderr)


def complain(text: str) -> None:
    """What went wrong, each line by itself."""
    for line in text.splitlines():
        print(f"publisher: {line}", file=sys.stderr)


def table(headings: list[str], rows: list[list[Any]]) -> list[str]:
    """Columns under headings, as wide as they need to be; lines without spaces at their ends."""
    cells = [headings, *[[("" if c is None else str(c)) for c in row] for row in rows]]
    widths = [max(len(row[n]) for row in cells) for n in range(len(headings))]
    return ["  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in cells]


def counted(number: int, word: str) -> str:
    """1 article, 2 articles."""
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def moment(value: datetime | None, zone: Any) -> str:
    """A moment in the publication's zone, to the minute."""
    return value.astimezone(zone).strftime("%Y-%m-%d %H:%M") if value else ""


@contextmanager
def progress(what: str) -> Iterator[Progress]:
    """A bar on a terminal, a line now and then elsewhere; nothing for work that is done within a second."""
    if sys.stderr.isatty():
        with _bar(what) as step:
            yield step
    else:
        yield _Lines(what)


@contextmanager
def _bar(what: str) -> Iterator[Progress]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bars(*columns, console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task(what, total=None)
        yield lambda done, total: bars.update(task, completed=done, total=max(done, total) or None)


@dataclass
class _Lines:
    """Progress where nobody watches a screen: a line every few seconds."""

    what: str
    said: float = 0.0

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        if not self.said:
            self.said = now
        if now - self.said >= 5:
            self.said = now
            tell(f"{self.what}: {done} of {total}" if total else f"{self.what}: {done}")
