"""YAML as most front matter has it, `key: value` in single lines, read at a tenth of the cost of a parser."""

from __future__ import annotations

import re

_KEY = r"[A-Za-z][A-Za-z0-9_-]*"
# what begins like this is a plain scalar, and no colon, number sign or line break gives it another meaning
_SCALAR = r"(?:[^\W_]|[/(])(?:[^:#\n]|:(?=[^\s])|(?<=\S)#)*"
_ITEM = r"[^\W_][\w ./+()-]*"
_LINE = re.compile(
    rf"({_KEY}):(?: +(?:\"([^\"\\\n]*)\"|'([^'\n]*)'|\[ *((?:{_ITEM}(?:, *{_ITEM})*)?) *\]|({_SCALAR})))? *\n"
)


def read(block: str) -> dict[str, str | list[str]] | None:
    """What the lines say, all of it as text; None for anything that only a parser understands."""
    if not block.replace("\n", "").isprintable():
        return None
    found: dict[str, str | list[str]] = {}
    at = 0
    while at < len(block):
        line = _LINE.match(block, at)
        if line is None:
            return None
        at = line.end()
        key, double, single, items, scalar = line.groups()
        if items is not None:
            found[key] = [item.strip(" ") for item in items.split(",")] if items else []
        else:
            found[key] = double or single or (scalar or "").rstrip(" ")
    return found
