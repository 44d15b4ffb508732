"""Plain text in lines of a width, counted in terminal columns.

Chinese and Japanese characters take two columns, and a line may break between any two of them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

WIDTH = 72
_SPACES = re.compile(r"[ \t\r\n\f]+")
# a link's number stays with its words
_GAPS = re.compile(r" (?!\[\d+\])")
# never at the start, never at the end of a line (a small part of JIS X 4051)
_CLINGS = set("、。，．：；！？）」』】〉》〕ー々ぁぃぅぇぉっゃゅょァィゥェォッャュョ,.!?:;)]}%…”’")
_OPENS = set("（「『【〈《〔([{“‘")


def width(text: str) -> int:
    """How many columns `text` takes."""
    if text.isascii():
        return len(text)
    return sum(
        0
        if unicodedata.combining(c) or unicodedata.category(c) == "Cf"
        else 1 + (unicodedata.east_asian_width(c) in "WF")
        for c in text
    )


def fold(text: str) -> str:
    """`text` on one line: runs of breakable white space become one space; no-break spaces stay."""
    return _SPACES.sub(" ", text).strip(" ")


def wrap(text: str, columns: int = WIDTH) -> list[str]:
    """The lines of `text`, at most `columns` wide unless one word alone is wider; its own breaks stay."""
    return [line for part in text.split("\n") for line in _fill(fold(part), columns)]


def wrapped(text: str) -> str:
    """`text` in lines of 72 columns."""
    return "\n".join(wrap(text))


def underlined(text: str, sign: str = "-") -> str:
    """A heading: `text` wrapped, and a line of `sign` as wide as it, at most 72 columns."""
    lines = wrap(text)
    return "\n".join([*lines, sign * min(max(map(width, lines)), WIDTH)])


def _fill(text: str, columns: int) -> Iterator[str]:
    line, used = "", 0
    for gap, chunk in _chunks(text):
        size = width(chunk)
        if line and used + gap + size > columns:
            yield line
            line, used, gap = "", 0, 0
        line += " " * (gap if line else 0) + chunk
        used += gap + size
    yield line


def _chunks(text: str) -> Iterator[tuple[int, str]]:
    """What a line may not be broken inside, each with 1 if a space stands before it."""
    for word in _GAPS.split(text):
        gap = 1
        for chunk in _pieces(word):
            yield gap, chunk
            gap = 0


def _pieces(word: str) -> Iterator[str]:
    if word.isascii() or not any(map(_ideographic, word)):
        yield word
        return
    piece = ""
    for char in word:
        breaks = piece and (_ideographic(char) or _ideographic(piece[-1]))
        if breaks and char not in _CLINGS and piece[-1] not in _OPENS:
            yield piece
            piece = ""
        piece += char
    yield piece


def _ideographic(char: str) -> bool:
    return unicodedata.east_asian_width(char) in "WF"
