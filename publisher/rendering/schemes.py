"""A mail as it looks in one colour scheme, whichever the reader's device is in: for previews."""

from __future__ import annotations

import re
from typing import Literal

Scheme = Literal["light", "dark"]
_STYLE = re.compile(r"(<style\b[^>]*>)(.*?)(</style>)", re.IGNORECASE | re.DOTALL)
_META = re.compile(r"(<meta\b[^>]*\bname=[\"']?color-scheme[\"']?[^>]*\bcontent=[\"'])[^\"']*", re.IGNORECASE)
_ASKED = re.compile(r"\(\s*prefers-color-scheme\s*:\s*(light|dark)\s*\)", re.IGNORECASE)
_BOTH = re.compile(r"(\bcolor-scheme\s*:\s*)(?:light dark|dark light)", re.IGNORECASE)
# what is always so, and what never is
_ALWAYS, _NEVER = "(min-width: 0)", "(max-width: 0)"


def in_scheme(html: str, scheme: Scheme) -> str:
    """The same HTML, but that its styles take the reader's scheme for this one; nothing else is another."""

    def styles(found: re.Match[str]) -> str:
        asked = _ASKED.sub(lambda m: _ALWAYS if m[1].lower() == scheme else _NEVER, found[2])
        return found[1] + _BOTH.sub(rf"\g<1>{scheme}", asked) + found[3]

    return _META.sub(rf"\g<1>{scheme}", _STYLE.sub(styles, html))
