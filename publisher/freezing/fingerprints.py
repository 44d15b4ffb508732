"""The fingerprint of an edition: of everything that an approval binds (rule 13)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from publisher.store import Store, editions, frozen, ledger
from publisher.store.editions import Edition

_ROWS, _PARTS = 5000, 200


def fingerprint(store: Store, edition: Edition) -> str:
    """SHA-256 (hex) of what is frozen in an edition and whom it is for; not of when, or how it stands."""
    with store.read() as tx:
        letterhead = editions.get(tx, edition.id).letterhead
    digest = hashlib.sha256(repr(letterhead).encode())
    for kind, most in (("pieces", _PARTS), ("variants", _ROWS)):
        _feed(digest, store, most, _frozen(kind, edition.id, most))
    _feed(digest, store, _ROWS, lambda tx, after: ledger.bound(tx, edition.id, after, _ROWS))
    return digest.hexdigest()


def _frozen(kind: str, edition_id: int, most: int) -> Callable[[Any, int], list[tuple[Any, ...]]]:
    return lambda tx, after: frozen.frozen_after(tx, kind, edition_id, after, most)


def _feed(digest: Any, store: Store, most: int, chunk: Callable[[Any, int], list[tuple[Any, ...]]]) -> None:
    after, size = 0, most
    while size == most:
        with store.read() as tx:
            rows = chunk(tx, after)
        for row in rows:
            digest.update(repr(row).encode())
        size = len(rows)
        after = rows[-1][0] if rows else after
    digest.update(b"\0")
