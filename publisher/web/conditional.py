"""What a request says about the copy that it already has, and the encodings that it takes (RFC 9110)."""

from __future__ import annotations

import re
from datetime import UTC
from email.utils import parsedate_to_datetime
from functools import lru_cache

_TAG = re.compile(rb'(?:W/)?("[^"]*")')
_Q = re.compile(r";\s*q\s*=\s*([01](?:\.\d{0,3})?)\s*$", re.IGNORECASE)


def not_modified(if_none_match: bytes | None, if_modified_since: bytes | None, etag: bytes, at: int) -> bool:
    """Whether 304 answers a GET or HEAD (RFC 9110 section 13.2.2); `at` is Last-Modified in epoch seconds.

    If-None-Match wins, and is compared weakly. A date that cannot be read says nothing.
    """
    if if_none_match is not None:
        return if_none_match.strip() == b"*" or etag in _TAG.findall(if_none_match)
    if if_modified_since is None:
        return False
    since = _seconds(if_modified_since)
    return since is not None and at <= since


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
