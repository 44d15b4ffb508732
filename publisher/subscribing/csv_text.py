"""CSV as spreadsheets write it (RFC 4180), read whole before anything is done with it."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from publisher.errors import Refused

# A spreadsheet would run what begins like this as a formula; a plain number is harmless.
_FORMULA = re.compile(r"'*(?:[=@\t\r]|[+-](?![0-9 .,()/-]*$))")


@dataclass(frozen=True, slots=True)
class Sheet:
    """A header in small letters, and rows of cells; `rows` starts anew each time."""

    file: Path
    text: str
    header: tuple[str, ...]
    total: int

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """The line that each row begins in, and its cells without spaces around them; no empty rows."""
        rows = self.all_rows()
        next(rows, None)
        return rows

    def all_rows(self) -> Iterator[tuple[int, list[str]]]:
        """As `rows`, for a file whose first line is not a header."""
        return _rows(self.text, self.file)


def read(file: Path) -> Sheet:
    """The file, checked from end to end. Raises Refused: not readable, not UTF-8, not CSV, no header."""
    text = _decoded(file)
    rows = _rows(text, file)
    _, header = next(rows, (1, []))
    names = tuple(cell.lower() for cell in header)
    if doubled := next((n for n in names if n and names.count(n) > 1), ""):
        raise Refused(f"{file}:1: two columns are called {doubled}")
    return Sheet(file, text, names, sum(1 for _ in rows))


def write(out: TextIO, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Header and rows; what a spreadsheet would run as a formula gets an apostrophe that `read` takes off."""
    writer = csv.writer(out)
    for row in (header, *rows):
        writer.writerow([_guarded(str(cell)) for cell in row])


def _guarded(cell: str) -> str:
    return f"'{cell}" if _FORMULA.match(cell) else cell


def _unguarded(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


def _decoded(file: Path) -> str:
    try:
        data = file.read_bytes()
    except OSError as error:
        raise Refused(f"{file}: cannot be read: {error.strerror}") from None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line, byte = data.count(b"\n", 0, error.start) + 1, data[error.start]
        raise Refused(
            f"{file}:{line}: nothing was taken: expected UTF-8 text, got the byte 0x{byte:02x} "
            "(a spreadsheet writes it as “CSV UTF-8”)"
        ) from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise Refused(f"{file}:{line}: nothing was taken: expected text, got a zero byte")
    return text


def _rows(text: str, file: Path) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    begins = 1
    try:
        for row in reader:
            cells = [_unguarded(cell.strip()) for cell in row]
            if any(cells):
                yield begins, cells
            begins = reader.line_num + 1
    except csv.Error as error:
        raise Refused(f"{file}:{begins}: nothing was taken: this line is not CSV: {error}") from None
