"""Fields: the places in a mail that are filled per recipient, and how they look while a variant is frozen.

A template writes `{{ subscriber.name | fallback("reader") }}`; rendering leaves a mark; the message
compiler cuts the text at the marks and splices the values in. Three private-use characters frame a mark, so
that it passes through HTML parsers, inliners and escaping unchanged; article text is stripped of them
before it is rendered. Inside a link, where only an address can stand, the mark is a reserved host that can
never resolve (RFC 2606 section 2).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

OPEN, MIDDLE, CLOSE = "\uf5e0", "\uf5e1", "\uf5e2"
RESERVED = {ord(OPEN): None, ord(MIDDLE): None, ord(CLOSE): None}
ADDRESSES = ("unsubscribe", "view", "preferences")

_MARK = re.compile(
    f"{OPEN}([^{OPEN}{MIDDLE}{CLOSE}]+){MIDDLE}([^{OPEN}{MIDDLE}{CLOSE}]*){CLOSE}"
    r"|https://(\w+)\.field\.invalid/"
)


@dataclass(frozen=True, slots=True)
class Field:
    """A place that is filled per recipient: `subscriber.name` with its fallback, or an address."""

    name: str
    fallback: str = ""


def mark(name: str, fallback: str = "") -> str:
    """The mark that stands for a field in rendered text; the fallback loses reserved characters."""
    return f"{OPEN}{name}{MIDDLE}{fallback.translate(RESERVED)}{CLOSE}"


def address_mark(name: str) -> str:
    """The mark that stands for a per-recipient address inside a link."""
    return f"https://{name}.field.invalid/"


def split(text: str) -> Iterator[str | Field]:
    """Cut rendered text at its marks: plain strings (never empty) and fields, in order."""
    at = 0
    for found in _MARK.finditer(text):
        if found.start() > at:
            yield text[at : found.start()]
        yield Field(found[3]) if found[3] else Field(found[1], found[2])
        at = found.end()
    if at < len(text):
        yield text[at:]
