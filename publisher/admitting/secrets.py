"""Secrets that are given away once: of each only the digest is kept."""

from __future__ import annotations

import hmac
import secrets
from hashlib import sha256

from publisher.links import Keys

_TOKEN = "pub_"  # so that scanners of source code know one when they see it


def new() -> str:
    """256 random bits, for a cookie or an address."""
    return secrets.token_urlsafe(32)


def new_token() -> str:
    """256 random bits for the API."""
    return _TOKEN + new()


def digest(secret: str) -> str:
    """What is kept: SHA-256, in hexadecimal digits."""
    return sha256(secret.encode("utf-8", "replace")).hexdigest()


def bound(keys: Keys, purpose: str, secret: str) -> bytes:
    """32 bytes that belong to a secret and a purpose, and that nobody else can make."""
    return hmac.new(keys.secrets[-1], f"{purpose}\0{secret}".encode("utf-8", "replace"), sha256).digest()
