"""What is remembered of a remote feed between two looks, and what a look brings."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from publisher.sources.documents import Document


@dataclass(frozen=True, slots=True)
class State:
    """What is remembered of a feed between two looks.

    `asked_as` is how the configuration named it, in a hash: when that changes, it is asked anew. `etag` and
    `modified` are what the server said at `validated`, the address that they hold for. `moved` is where it
    has moved for good. `error` says why the last `failures` tries failed, `since` when the first did.
    `passed` are the signs of entries that were left out.
    """

    asked_as: str = ""
    etag: str = ""
    modified: str = ""
    validated: str = ""
    moved: str = ""
    failures: int = 0
    error: str = ""
    since: str = ""
    gone: bool = False
    passed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Fetched:
    """What became of one look: the state from now on, when the next look is due, and the feed if it is new.

    `reason` says in words why there is none; it is empty for a feed that is as it was.
    """

    state: State
    next_at: datetime
    document: Document | None = None
    reason: str = ""


def state_of(data: Mapping[str, Any] | None) -> State:
    """The state from the plain values that `asdict` made; what a later version added is passed over."""
    kept = {k: v for k, v in (data or {}).items() if k in State.__dataclass_fields__}
    return State(**{**kept, "passed": tuple(kept.get("passed", ()))})


def asked_as(*parts: object) -> str:
    """A hash of everything that, when it changes, asks for a look at the whole feed."""
    return hashlib.sha256(json.dumps(parts, default=str).encode()).hexdigest()[:16]
