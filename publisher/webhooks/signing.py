"""Signatures of Standard Webhooks, version 1: HMAC-SHA256 over id, time and body."""

from __future__ import annotations

import hmac
from base64 import b64decode, b64encode
from datetime import datetime

PREFIX = "whsec_"
_SHORTEST, _LONGEST = 24, 64


def key_of(secret: str) -> bytes:
    """The bytes of a secret as it is written down. Raises ValueError, which does not tell it."""
    try:
        key = b64decode(secret.strip().removeprefix(PREFIX), validate=True)
    except ValueError:
        key = b""
    if not secret.strip().startswith(PREFIX) or not _SHORTEST <= len(key) <= _LONGEST:
        raise ValueError(f"expected {PREFIX} and {_SHORTEST} to {_LONGEST} bytes in base64")
    return key


def headers(key: bytes, id_: str, body: bytes, now: datetime) -> dict[str, str]:
    """What goes with an event: its id, the same at each try, the time of this one, and a signature."""
    at = str(int(now.timestamp()))
    signed = hmac.digest(key, f"{id_}.{at}.".encode() + body, "sha256")
    return {
        "webhook-id": id_,
        "webhook-timestamp": at,
        "webhook-signature": f"v1,{b64encode(signed).decode()}",
    }
