"""What text a file holds: UTF-8, UTF-16 with its mark, or the Windows-1252 of older spreadsheets."""

from __future__ import annotations

import codecs
from collections.abc import Callable
from typing import BinaryIO

from publisher.errors import Refused

UTF_8, WINDOWS = "utf-8-sig", "cp1252"
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_BLOCK = 1 << 18
_LONGEST_LINE = 1 << 20

Opened = Callable[[], BinaryIO]


def encoding_of(opened: Opened, place: str) -> str:
    """The encoding of a file, which is read to its end for it. Raises Refused, naming the line.

    Bytes that are no UTF-8 are Windows-1252 only where nothing before them was UTF-8 beyond ASCII: in a mix
    of both, half of the names would be wrong.
    """
    with opened() as file:
        if file.read(2) in _UTF_16:
            return _whole(opened, "utf-16", place)
    try:
        return _whole(opened, UTF_8, place)
    except UnicodeDecodeError as error:
        at = error.start
    line, plain, byte = _looked_at(opened, at)
    if plain:
        try:
            return _whole(opened, WINDOWS, place)
        except UnicodeDecodeError:
            pass
    raise Refused(
        f"{place}:{line}: nothing was taken: expected UTF-8 text, got the byte 0x{byte:02x} "
        "(a spreadsheet writes it as “CSV UTF-8”)"
    )


def _whole(opened: Opened, encoding: str, place: str) -> str:
    """The encoding, if all of the file is text in it. A decoding error tells the place in the file."""
    decoder, seen, lines, begun = codecs.getincrementaldecoder(encoding)(), 0, 1, 0
    with opened() as file:
        while True:
            block = file.read(_BLOCK)
            kept = len(decoder.getstate()[0])
            try:
                text = decoder.decode(block, final=not block)
            except UnicodeDecodeError as error:
                if encoding == "utf-16":
                    raise Refused(f"{place}:{lines}: nothing was taken: expected UTF-16 text") from None
                error.start += seen - kept
                raise
            if "\0" in text:
                line = lines + text.count("\n", 0, text.index("\0"))
                raise Refused(f"{place}:{line}: nothing was taken: expected text, got a zero byte")
            if not block:
                return encoding
            begun = 0 if "\n" in text or "\r" in text else begun + len(text)
            if begun > _LONGEST_LINE:
                raise Refused(f"{place}:{lines}: nothing was taken: this line never ends")
            seen, lines = seen + len(block), lines + text.count("\n")


def _looked_at(opened: Opened, at: int) -> tuple[int, bool, int]:
    """The line that a byte stands in, whether all before it are ASCII, and the byte."""
    line, plain = 1, True
    with opened() as file:
        if (mark := file.read(3)) != codecs.BOM_UTF8:
            file.seek(0)
        else:
            at, plain = at - len(mark), False
        while at:
            block = file.read(min(at, _BLOCK))
            line, plain, at = line + block.count(b"\n"), plain and block.isascii(), at - len(block)
        return line, plain, file.read(1)[0]
