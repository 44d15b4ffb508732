"""From bytes to text that every later format can carry."""

from __future__ import annotations

import codecs
import re

from publisher.errors import ContentError

MAX_BYTES = 10_000_000

_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_CONTROLS = bytes({*range(0x20)} - {*b"\t\n\r"})


def decode(data: bytes, path: str) -> tuple[str, tuple[str, ...]]:
    """The text with `\\n` line ends and only characters that XML 1.0 allows, and notes on what was mended.

    UTF-8 or UTF-16 by their marks, UTF-16 by its look, else UTF-8, else Windows-1252; what was guessed is
    noted. Raises ContentError for more than 10 MB and for what is no text.
    """
    if len(data) > MAX_BYTES:
        raise ContentError(path, 0, "", f"over {MAX_BYTES / 1e6:.0f} MB")
    text, notes = _text(data, path)
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    clean = printable(text)
    if clean != text:
        notes += ("control characters were dropped",)
    return clean, notes


def printable(text: str) -> str:
    """The text without the characters that XML 1.0 forbids (section 2.2)."""
    return text if is_printable(text) else _FORBIDDEN.sub("", text)


def is_printable(text: str) -> bool:
    """Whether XML 1.0 allows every character of it; five times as fast as a regular expression."""
    try:
        data = text.encode()
    except UnicodeEncodeError:
        return False
    return len(data.translate(None, _CONTROLS)) == len(data) and "\ufffe" not in text and "\uffff" not in text


def _text(data: bytes, path: str) -> tuple[str, tuple[str, ...]]:
    try:
        if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return data.decode("utf-16"), ()
        if wide := _wide(data[:400]):
            note = "it has no mark of its encoding: it was read as UTF-16"
            return data.decode(wide, errors="replace"), (note,)
        return data.decode("utf-8-sig"), ()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        if error.encoding != "utf-8" or b"\0" in data:
            raise ContentError(path, line, "", f"not a text file ({error.reason})") from None
        note = f"line {line} is not UTF-8: the file was read as Windows-1252"
        return data.decode("cp1252", errors="replace"), (note,)


def _wide(start: bytes) -> str:
    """Which UTF-16 it is without a mark, by the zeros beside letters of the Latin alphabet; empty if none."""
    halves = {"utf-16-le": (start[1::2], start[::2]), "utf-16-be": (start[::2], start[1::2])}
    return next(
        (n for n, (high, low) in halves.items() if high.count(0) * 2 > len(high) > 2 * low.count(0)), ""
    )
