"""The scripts that pages of the desk load: htmx and its extension for events, from our own files."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

# In the order that pages load them. Browsers keep each for a year: a newer one has another name.
SCRIPTS = ("htmx-2.0.11.min.js", "htmx-ext-sse-2.2.4.min.js")
_FILES = Path(__file__).parent / "files"


@lru_cache(len(SCRIPTS))
def script(name: str) -> bytes:
    """The text of one of `SCRIPTS`. Raises KeyError for any other name."""
    if name not in SCRIPTS:
        raise KeyError(name)
    return (_FILES / name).read_bytes()
