"""How the command line speaks: results on stdout, everything else on stderr, JSON where it is asked for."""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unicodedata import combining, east_asian_width

import typer

if TYPE_CHECKING:
    from publisher.app import Publisher

Progress = Callable[[int, int], None]
_USAGE, _GAP, _NARROWEST, _SHORT, _MEASURED = 64, "  ", 12, 0.5, 1000
JSON = typer.Option(False, "--json", help="One JSON document on stdout, and nothing else there.")


@contextmanager
def opened(context: typer.Context, *, much: bool = False) -> Iterator[Publisher]:
    """The publication that `--config` names. With `much` to compute, processes are at hand that help."""
    from publisher.app import open_publisher, utc_now
    from publisher.crew import Crew, search_seldom

    crew = Crew()
    if much:
        _prepare(Path(context.obj))
        crew.begin()
        search_seldom()
    try:
        publisher = open_publisher(Path(context.obj), utc_now, crew)
    except BaseException:
        crew.dismiss()
        raise
    try:
        yield publisher
    finally:
        publisher.close()


def _prepare(config: Path) -> None:
    """Load what a build takes; what is wrong with the configuration is said when it is opened."""
    from publisher import gathering  # noqa: F401
    from publisher.config import load
    from publisher.errors import PublisherError
    from publisher.publishing import kit

    with suppress(PublisherError):
        kit.prepare(load(config).publication.language)


def result(as_json: bool, data: Any, *lines: str) -> None:
    """The outcome of a command: the data as JSON, or the lines for people."""
    if as_json:
        print(json.dumps(data, ensure_ascii=False, indent=2, default=_plain))
    else:
        for line in lines:
            print(line)


def json_array(items: Iterable[Any]) -> None:
    """A JSON array on stdout, written as its items come."""
    opening = "["
    for item in items:
        text = json.dumps(item, ensure_ascii=False, indent=2, default=_plain).replace("\n", "\n  ")
        print(f"{opening}\n  {text}", end="")
        opening = ","
    print("[]" if opening == "[" else "\n]")


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no JSON")


def tell(text: str) -> None:
    """A word to the person, beside the result."""
    print("\n".join(map(_printable, text.splitlines())), file=sys.stderr)


def complain(text: str) -> None:
    """What went wrong, each line by itself."""
    for line in text.splitlines():
        tell(f"publisher: {line}")


def help_when_alone(context: typer.Context) -> None:
    """Where a command was left out, say which there are; that is a usage error."""
    if context.invoked_subcommand is None:
        print(context.get_help(), file=sys.stderr)
        raise typer.Exit(_USAGE)


def table(headings: list[str], rows: list[list[Any]], empty: str = "") -> list[str]:
    """Columns under headings, or what to say instead of an empty table; on a terminal no wider than it is."""
    if not rows and empty:
        return [empty]
    return list(_lines(_widths(headings, rows), [headings, *rows]))


def streamed(headings: list[str], rows: Iterable[list[Any]], empty: str) -> None:
    """Print a table as its rows come; the first thousand say how wide its columns are."""
    coming = iter(rows)
    first = list(islice(coming, _MEASURED))
    if not first:
        print(empty)
        return
    for line in _lines(_widths(headings, first), chain([headings], first, coming)):
        print(line)


def _widths(headings: list[str], rows: list[list[Any]]) -> list[int]:
    cells = [_cells(row) for row in [headings, *rows]]
    widths = [max(_width(row[n]) for row in cells) for n in range(len(headings))]
    if sys.stdout.isatty():
        _narrow(widths, shutil.get_terminal_size().columns - len(_GAP) * (len(widths) - 1))
    return widths


def _cells(row: list[Any]) -> list[str]:
    return ["" if c is None else _printable(str(c)) for c in row]


def _lines(widths: list[int], rows: Iterable[list[Any]]) -> Iterator[str]:
    # a later row that is wider than the measured ones is cut on a terminal only
    fitted = _fitted if sys.stdout.isatty() else _padded
    for row in rows:
        yield _GAP.join(fitted(c, w) for c, w in zip(_cells(row), widths, strict=True)).rstrip()


def _narrow(widths: list[int], room: int) -> None:
    """Take from the widest columns until all of them fit; none becomes unreadable."""
    while sum(widths) > room and max(widths) > _NARROWEST:
        widths[widths.index(max(widths))] -= 1


def _padded(text: str, width: int) -> str:
    return text + " " * (width - _width(text))


def _fitted(text: str, width: int) -> str:
    if _width(text) > width:
        while _width(text) > width - 1:
            text = text[:-1]
        text += "…"
    return _padded(text, width)


def _width(text: str) -> int:
    """Columns on a terminal: two for East Asian characters, none for marks above others."""
    if text.isascii():
        return len(text)
    return sum(0 if combining(c) else 2 if east_asian_width(c) in "WF" else 1 for c in text)


def _printable(line: str) -> str:
    """The line without anything that a terminal obeys."""
    return line if line.isprintable() else "".join(c if c.isprintable() else " " for c in line)


def counted(number: int, word: str) -> str:
    """1 article, 2 articles."""
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def shown_path(path: Path) -> str:
    """A path as one would type it here."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def moment(value: datetime | None, zone: Any) -> str:
    """A moment in the publication's zone, to the minute."""
    return value.astimezone(zone).strftime("%Y-%m-%d %H:%M") if value else ""


@contextmanager
def progress(what: str) -> Iterator[Progress]:
    """A bar on a terminal, a line now and then elsewhere; nothing for work that is soon done."""
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
    bars, began = Bars(*columns, console=Console(stderr=True), transient=True), time.monotonic()
    task = bars.add_task(what, total=None)

    def step(done: int, total: int) -> None:
        bars.update(task, completed=done, total=max(done, total) or None)
        if not bars.live.is_started and time.monotonic() - began > _SHORT:
            bars.start()

    try:
        yield step
    finally:
        if bars.live.is_started:
            bars.stop()


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
