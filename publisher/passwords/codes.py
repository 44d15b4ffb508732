"""Codes of an authenticator app (TOTP, RFC 6238): six digits, 30 seconds, SHA-1, as all apps know them."""

from __future__ import annotations

import hmac
from base64 import b32decode, b32encode
from datetime import datetime
from io import BytesIO
from urllib.parse import quote, urlencode

import segno
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

SECRET_BYTES = 20
_DIGITS, _SECONDS, _AROUND = 6, 30, 1


def secret_of(seed: bytes) -> str:
    """A seed of 20 bytes as apps take it: base32, without padding."""
    return b32encode(seed[:SECRET_BYTES]).decode().rstrip("=")


def step_of(secret: str, code: str, now: datetime) -> int | None:
    """The number of the 30 seconds that a code is of, now or just before or after; None for a wrong one."""
    given = "".join(code.split())
    if len(given) != _DIGITS or not given.isascii() or not given.isdigit():
        return None
    current = int(now.timestamp()) // _SECONDS
    steps = range(current - _AROUND, current + _AROUND + 1)
    found = [step for step in steps if hmac.compare_digest(code_of(secret, step), given)]
    return found[-1] if found else None


def code_of(secret: str, step: int) -> str:
    """The code of one step."""
    padded = secret + "=" * (-len(secret) % 8)
    return TOTP(b32decode(padded), _DIGITS, SHA1(), _SECONDS).generate(step * _SECONDS).decode()


def address_of(secret: str, account: str, issuer: str) -> str:
    """The otpauth address that an app reads."""
    query = urlencode({"secret": secret, "issuer": issuer}, quote_via=quote)
    return f"otpauth://totp/{quote(f'{issuer}:{account}')}?{query}"


def drawing(text: str) -> str:
    """A text as a QR code, in SVG without style or script."""
    out = BytesIO()
    drawn = segno.make(text, error="m", micro=False)
    drawn.save(
        out, kind="svg", xmldecl=False, svgns=False, omitsize=True, border=4, light="#fff", dark="#000"
    )
    return out.getvalue().decode().strip()
