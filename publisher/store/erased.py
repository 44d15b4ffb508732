"""Erased addresses: a keyed hash in `suppressions` is all that is left, and keeps them from coming back."""

from __future__ import annotations

import hmac
import re
from collections.abc import Collection

from sqlalchemy import ColumnElement, Connection, or_, select

from publisher.store.keys import existing
from publisher.store.schema import suppressions

REASON = "erased"
# no address has a colon before its @, so nothing else begins like this
PREFIX, _AFTER = "erased:", "erased;"
_HASH = re.compile(f"{PREFIX}[0-9a-f]{{64}}")


def is_hash(key: str) -> bool:
    """Whether the key of a suppression is the hash of an erased address."""
    return bool(_HASH.fullmatch(key))


def hash_of(secret: bytes, address_key: str) -> str:
    """The hash under which an address is known that nobody may read (HMAC-SHA256, RFC 2104)."""
    return PREFIX + hmac.digest(secret, b"erased " + address_key.encode(), "sha256").hex()


def hashes(tx: Connection, keys: Collection[str]) -> dict[str, str]:
    """The keys of addresses by their hashes, one for each secret; none where nobody was erased."""
    s = suppressions.c.address_key
    if tx.scalar(select(s).where(s > PREFIX, s < _AFTER).limit(1)) is None:
        return {}
    return {hash_of(secret, key): key for secret in existing(tx) for key in keys}


def not_erased(column: ColumnElement[str]) -> ColumnElement[bool]:
    """That the key of a subscriber is an address still."""
    return or_(column < PREFIX, column >= _AFTER)
