"""Quoted-printable (RFC 2045 section 6.7) in chunks that can be put one after another."""

from __future__ import annotations

import re
from binascii import b2a_qp
from typing import Final

SOFT_BREAK: Final = b"=\r\n"
# two characters less than allowed: guarding the first letter of a line may add that many
_WIDTH: Final = 73
_AS_IT_IS = re.compile(r"(?!\.|From )[ -<>-~]{1,73}")


def encode(text: str) -> bytes:
    """UTF-8 text as lines of at most 76 characters, ending with a line break of the text or with a soft one.

    Every chunk begins and ends at the start of a line, so chunks can be joined in any order. No line begins
    with a dot or with `From `, so nothing on the way needs to stuff or quote one.
    """
    if _AS_IT_IS.fullmatch(text):
        return text.encode() + SOFT_BREAK
    *lines, rest = text.encode("utf-8", "replace").split(b"\n")
    encoded = [_wrap(line) + b"\r\n" for line in lines]
    if rest:
        encoded.append(_wrap(rest) + SOFT_BREAK)
    return b"".join(encoded)


def _wrap(line: bytes) -> bytes:
    # the C encoder breaks lines without guarding them: its breaks are taken out, and ours put in
    quoted = b2a_qp(line, istext=False).replace(b"=\n", b"")
    if len(quoted) <= _WIDTH:
        return _guard(quoted)
    wrapped, at = [], 0
    while len(quoted) - at > _WIDTH:
        end = at + _WIDTH
        escape = quoted.rfind(b"=", end - 2, end)
        end = end if escape < 0 else escape
        wrapped.append(_guard(quoted[at:end]))
        at = end
    wrapped.append(_guard(quoted[at:]))
    return SOFT_BREAK.join(wrapped)


def _guard(line: bytes) -> bytes:
    if line.startswith(b"."):
        return b"=2E" + line[1:]
    return b"=46" + line[1:] if line.startswith(b"From ") else line
