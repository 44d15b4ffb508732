"""Passwords, by argon2id (RFC 9106): what is kept of one, and whether another is the same."""

from __future__ import annotations

import threading
import unicodedata
from base64 import b64encode
from collections.abc import Callable
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.profiles import RFC_9106_LOW_MEMORY

from publisher.errors import Refused
from publisher.permissions import N_

_T = TypeVar("_T")
# The second choice of RFC 9106 section 4: 64 MiB, which many at once would make too many of.
hasher = PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY)
_AT_ONCE, _PATIENCE = threading.BoundedSemaphore(2), 10.0
_LONGEST = 1000
_BUSY = N_("too many sign in at this moment: please try again")


def hashed(password: str) -> str:
    """What is kept of a password. Raises Refused when too many are asked for at once."""
    return _in_turn(lambda: hasher.hash(_plain(password)))


def matches(kept: str, password: str) -> bool:
    """Whether this is the password; where there is none it takes as long. Raises Refused as `hashed`."""

    def verify() -> bool:
        try:
            return hasher.verify(kept or _decoy(), _plain(password)) and bool(kept)
        except (VerificationError, InvalidHashError):
            return False

    return _in_turn(verify)


def outdated(kept: str) -> bool:
    """Whether a password that was just typed should be kept anew, with the parameters of now."""
    return hasher.check_needs_rehash(kept)


def _plain(password: str) -> str:
    """The same password, whatever keyboard it was typed on (NIST SP 800-63B section 3.1.1.2)."""
    return unicodedata.normalize("NFKC", password[:_LONGEST])


def _decoy() -> str:
    """A hash of nothing, made without hashing, that takes as long to compare with."""
    salt, digest = (
        b64encode(bytes(size)).rstrip(b"=").decode() for size in (hasher.salt_len, hasher.hash_len)
    )
    cost = f"m={hasher.memory_cost},t={hasher.time_cost},p={hasher.parallelism}"
    return f"$argon2id$v=19${cost}${salt}${digest}"


def _in_turn(work: Callable[[], _T]) -> _T:
    if not _AT_ONCE.acquire(timeout=_PATIENCE):
        raise Refused(_BUSY)
    try:
        return work()
    finally:
        _AT_ONCE.release()
