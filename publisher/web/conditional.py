"""What a request says about the copy that it already has, and the encodings that it takes (RFC 9110)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from functools import lru_cache

_TAG = re.compile(rb'(W/)?("[^"]*")')
_Q = re.compile(r";\s*q\s*=\s*([01](?:\.\d{0,3})?)\s*$", re.IGNORECASE)


def status(asked: Mapping[bytes, bytes], etag: bytes, at: int) -> int:
    """Whether a GET or HEAD with these headers gets 200, 304 or 412 (RFC 9110 section 13.2.2).

    `at` is Last-Modified in epoch seconds. Entity tags win over dates; If-None-Match is compared weakly.
    A date that cannot be read says nothing.
    """
    if not _holds(asked, etag, at):
        return 412
    if (none_match := asked.get(b"if-none-match")) is not None:
        return 304 if none_match == etag or _names(none_match, etag, weakly=True) else 200
    seconds = _seconds(asked.get(b"if-modified-since", b"")[:64])
    return 304 if seconds is not None and at <= seconds else 200


def _holds(asked: Mapping[bytes, bytes], etag: bytes, at: int) -> bool:
    """Whether the file is still the one that the client insists on, if it does."""
    if (match := asked.get(b"if-match")) is not None:
        return _names(match, etag, weakly=False)
    seconds = _seconds(asked.get(b"if-unmodified-since", b"")[:64])
    return seconds is None or at <= seconds


def _names(tags: bytes, etag: bytes, weakly: bool) -> bool:
    if tags.strip() == b"*":
        return True
    return any(found[2] == etag and (weakly or not found[1]) for found in _TAG.finditer(tags))


@lru_cache(256)
def _seconds(date: bytes) -> float | None:
    try:
        found = parsedate_to_datetime(date.decode("ascii"))
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


@lru_cache(256)
def takes_gzip(accept_encoding: bytes) -> bool:
    """Whether gzip is the better of gzip and identity for this Accept-Encoding (RFC 9110 section 12.5.3)."""
    quality: dict[str, float] = {}
    for item in accept_encoding.decode("latin-1").lower().split(","):
        found = _Q.search(item)
        name = item.partition(";")[0].strip()
        quality[name] = float(found[1]) if found else 1.0
    gzip = quality.get("gzip", quality.get("x-gzip", quality.get("*", 0.0)))
    return gzip > 0 and gzip >= quality.get("identity", 0.0)
