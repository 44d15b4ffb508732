"""CSV as spreadsheets write it (RFC 4180): checked from end to end, then read line by line."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, TextIO

from publisher.errors import Refused
from publisher.subscribing.encodings import Opened, encoding_of

# A spreadsheet would run what begins like this as a formula; a plain number is harmless.
_FORMULA = re.compile(r"'*(?:[=@\t\r]|[+-](?![0-9 .,()/-]*$))")
_SUSPECT = frozenset("'=@\t\r+-")
_UNCLOSED = ("unexpected end of data", "field larger")


class Line(NamedTuple):
    """The number of the line that a row begins in, and its cells; `fault` says why it is not CSV."""

    number: int
    cells: list[str]
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A header in small letters, and rows of cells; `rows` starts anew each time.

    `place` names it in messages.
    """

    place: str
    opened: Opened
    encoding: str
    header: tuple[str, ...]
    total: int

    def rows(self) -> Iterator[Line]:
        """The rows below the header, their cells without spaces around them; no empty rows."""
        rows = self.all_rows()
        next(rows, None)
        return rows

    def all_rows(self) -> Iterator[Line]:
        """As `rows`, for a file whose first line is not a header."""
        return _rows(self.opened, self.encoding, self.place)


def read(file: Path, opened: Opened | None = None, place: str = "") -> Sheet:
    """A file, checked from end to end. Raises Refused: not readable, not text, a quote that never ends.

    `opened` opens what is not a file of its own, and `place` is its name.
    """
    place = place or str(file)
    opened = opened or (lambda: file.open("rb"))
    try:
        encoding = encoding_of(opened, place)
        rows = _rows(opened, encoding, place, _counted)
        first = next(rows, Line(1, []))
        if first.fault:
            raise Refused(f"{place}:{first.number}: nothing was taken: {first.fault}")
        return Sheet(
            place, opened, encoding, tuple(map(str.lower, _clean(first.cells) or ())), sum(1 for _ in rows)
        )
    except OSError as error:
        raise Refused(f"{place}: cannot be read: {error.strerror or error}") from None


def write(out: TextIO, header: Sequence[str], rows: Iterable[Sequence[object]]) -> int:
    """Header and rows; what a spreadsheet would run as a formula gets an apostrophe that `read` takes off.

    How many rows there were.
    """
    writer, count = csv.writer(out), 0
    writer.writerow([_guarded(cell) for cell in header])
    for row in rows:
        writer.writerow([_guarded(str(cell)) for cell in row])
        count += 1
    return count


def write_row(out: TextIO, row: Sequence[object]) -> None:
    """One more row, as `write` writes it."""
    csv.writer(out).writerow([_guarded(str(cell)) for cell in row])


def _guarded(cell: str) -> str:
    return f"'{cell}" if cell and cell[0] in _SUSPECT and _FORMULA.match(cell) else cell


def _unguarded(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


def _clean(row: list[str]) -> list[str] | None:
    """The cells without spaces around them; None for an empty row."""
    cells = [_unguarded(c) if c[:1] == "'" else c for c in map(str.strip, row)]
    return cells if any(cells) else None


def _counted(row: list[str]) -> list[str] | None:
    """The row as it is: whoever only counts takes half the time."""
    return row if any(map(str.strip, row)) else None


def _rows(
    opened: Opened, encoding: str, place: str, taken: Callable[[list[str]], list[str] | None] = _clean
) -> Iterator[Line]:
    with io.TextIOWrapper(opened(), encoding=encoding, newline="") as text:
        reader, begins = csv.reader(text, strict=True), 1
        while True:
            try:
                # a loop of its own, which the interpreter leaves only for what is wrong
                for row in reader:
                    if cells := taken(row):
                        yield Line(begins, cells)
                    begins = reader.line_num + 1
                return
            except csv.Error as error:
                yield _faulty(error, begins, reader.line_num, place)
                begins = reader.line_num + 1


def _faulty(error: csv.Error, begins: int, ends: int, place: str) -> Line:
    """A line that is not CSV. Raises Refused where nobody knows which lines a quote has swallowed."""
    if str(error).startswith(_UNCLOSED):
        raise Refused(f"{place}:{begins}: nothing was taken: this line is not CSV: {error}")
    through = f" (up to line {ends})" if ends > begins else ""
    return Line(begins, [], f"this line is not CSV: {error}{through}")
