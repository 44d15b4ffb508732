"""Long lists in parts: each names where the next one begins, in a text that only this program reads."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from publisher.web.api.problems import Fault, Wrong

T = TypeVar("T")


def begins(after: str, *kinds: type) -> tuple[Any, ...] | None:
    """The values behind which a part begins; None for the first part. Raises Fault for no such text."""
    if not after:
        return None
    try:
        values = json.loads(urlsafe_b64decode(after + "=" * (-len(after) % 4)))
    except (ValueError, RecursionError):
        values = None
    if (
        not isinstance(values, list)
        or len(values) != len(kinds)
        or not all(type(value) is kind for value, kind in zip(values, kinds, strict=True))
        or any(type(value) is int and not 0 <= value < 1 << 62 for value in values)
    ):
        raise Fault(422, "query.after: expected `next` of the part before", [_WRONG])
    return tuple(values)


_WRONG = Wrong(place="query.after", detail="expected `next` of the part before")


def part(
    found: Sequence[T], limit: int, ends: Callable[[T], tuple[object, ...]]
) -> tuple[list[T], str | None]:
    """What of `limit` + 1 rows is shown, and where the next part begins, if there is one."""
    shown = list(found[:limit])
    if len(found) <= limit or not shown:
        return shown, None
    return shown, ends_at(*ends(shown[-1]))


def ends_at(*values: object) -> str:
    """The text that names where a part ended."""
    text = json.dumps(values, separators=(",", ":")).encode()
    return urlsafe_b64encode(text).rstrip(b"=").decode()
