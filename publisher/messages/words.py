"""Header text: encoded-words (RFC 2047), plain words and folding (RFC 5322 section 2.2.3), written by hand.

The standard library's writer folds what must not be folded, and before 3.11.10 lets line breaks through.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable, Iterator
from typing import TypeVar

from publisher.errors import Refused

_Chars = TypeVar("_Chars", str, bytes)
# with "Subject: " before it, the longest encoded-word still fits a line of 76
_PAYLOAD = 54
_LONGEST_WORD = 60
_LINE = 76
_UNTYPED = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]|=\?")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+", re.ASCII)
_PRINTABLE = re.compile(r"[ -~]+")
# the characters that an encoded-word may hold as they are in every header (RFC 2047 section 5, rule 3)
_Q = {byte: f"={byte:02X}" for byte in range(256)}
_Q |= {ord(c): c for c in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!*+-/"} | {32: "_"}


def checked(name: str, value: str) -> str:
    """`value`; raises Refused where it could break the header `name` or smuggle an encoded-word into it."""
    if _UNTYPED.search(value):
        raise Refused(
            f"{name}: control characters, line breaks and '=?' cannot stand in a mail header: {value!r}"
        )
    return value


def encoded_words(text: str) -> list[bytes]:
    """`text` as whole encoded-words, broken between characters; none for an empty text."""
    if len(short := _quoted(text)) <= _PAYLOAD:
        return [b"=?utf-8?q?%b?=" % short.encode()] if text else []
    chars = [char.encode("utf-8", "replace") for char in text]
    quoted = list(map(_quoted, text))
    if sum(map(len, quoted)) * 3 <= sum(map(len, chars)) * 4:
        return [b"=?utf-8?q?%b?=" % "".join(run).encode() for run in _runs(quoted, _PAYLOAD)]
    return [b"=?utf-8?b?%b?=" % b64encode(b"".join(run)) for run in _runs(chars, _PAYLOAD // 4 * 3)]


def text_words(text: str, *, first: bool = True, last: bool = True) -> list[bytes]:
    """Unstructured text as words to be joined by white space: plain where possible, else encoded-words.

    Where it is not the first (last) of a header, its first (last) word touches an encoded-word and is one.
    """
    words = text.split(" ")
    head, tail = int(not first), len(words) - int(not last)
    plain = words[head:tail]
    if not all(0 < len(word) <= _LONGEST_WORD and _PRINTABLE.fullmatch(word) for word in plain) or not plain:
        return encoded_words(text)
    before, after = words[:head], words[tail:]
    return [
        *encoded_words("".join(before)),
        *(word.encode() for word in plain),
        *encoded_words("".join(after)),
    ]


def phrase(name: str) -> list[bytes]:
    """A display name as atoms, a quoted-string, or encoded-words (RFC 5322 section 3.2.5)."""
    words = name.split()
    if any(len(word) > _LONGEST_WORD for word in words) or not _PRINTABLE.fullmatch(name or " "):
        return encoded_words(" ".join(words))
    if _ATOMS.fullmatch(name):
        return [word.encode() for word in words]
    quoted = " ".join(words).replace("\\", r"\\").replace('"', r"\"")
    return [word.encode() for word in f'"{quoted}"'.split()] if words else []


def folded(words: Iterable[bytes], column: int) -> bytes:
    """Each word after a space, or after a folded line break where the line would pass 76 characters."""
    line = bytearray()
    for word in words:
        fits = column + 1 + len(word) <= _LINE
        line += (b" " if fits else b"\r\n ") + word
        column = (column if fits else 0) + 1 + len(word)
    return bytes(line)


def _quoted(text: str) -> str:
    return "".join(map(_Q.__getitem__, text.encode("utf-8", "replace")))


def _runs(chars: Iterable[_Chars], limit: int) -> Iterator[list[_Chars]]:
    run: list[_Chars] = []
    size = 0
    for char in chars:
        if size + len(char) > limit:
            yield run
            run, size = [], 0
        run.append(char)
        size += len(char)
    if run:
        yield run
