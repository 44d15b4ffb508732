"""JSON-LD of schema.org, which search engines read, safe inside a script element."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

_SAFE = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})
# made once: `json.dumps` with any option makes one a call
_written = json.JSONEncoder(separators=(",", ":")).encode


def script(data: Mapping[str, Any]) -> str:
    """A thing of schema.org as the text of a script element; what is empty is left out."""
    told = {"@context": "https://schema.org", **{key: value for key, value in data.items() if value}}
    return _written(told).translate(_SAFE)
