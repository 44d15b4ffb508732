"""What editors made of an edition, applied to the articles of one variant: their order, and what is out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Shown = tuple[tuple[str, int], ...]


def arranged(shown: Sequence[tuple[str, int]], arrangement: Mapping[str, Any]) -> tuple[Shown, Shown]:
    """(article, revision) that are kept, in the editors' order, and those that were dropped, by name.

    What the editors had not seen when they ordered comes after what they had.
    """
    places = {a: n for n, a in enumerate(arrangement.get("order", ()))}
    out = frozenset(arrangement.get("dropped", ()))
    kept = sorted(
        (one for one in shown if one[0] not in out), key=lambda one: places.get(one[0], len(places))
    )
    return tuple(kept), tuple(sorted(one for one in shown if one[0] in out))
