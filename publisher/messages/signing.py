"""DKIM (RFC 6376): a compiled variant with its canonical form, so that signing costs little but the key.

What all recipients share is brought into relaxed form once. Per recipient only the values are, and of the
whole message two hashes are made.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Literal

from publisher.messages.compiled import Compiled
from publisher.model.mail import Recipient

_SIGNED = (
    *(b"from", b"reply-to", b"to", b"subject", b"date", b"message-id", b"list-id", b"list-unsubscribe"),
    *(b"list-unsubscribe-post", b"feedback-id", b"mime-version", b"content-type"),
)
# named once more than they stand there, so that nobody can add a second one (RFC 6376 section 8.15)
_OVERSIGNED = (b"from", b"subject")
_RUN = re.compile(rb"[ \t]+")
_TRAILING = re.compile(rb"[ \t]+(?=\r\n)")
_FIELD_END = re.compile(rb"\r\n(?![ \t])")
_LINE = 72

Pieces = tuple[bytes | int, ...]


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signs, and how: `sign` gives the signature of bytes, always the same for the same bytes."""

    domain: str
    selector: str
    algorithm: Literal["rsa-sha256", "ed25519-sha256"]
    sign: Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True)
class Signed:
    """A compiled message and what of its signature is the same for everybody.

    `opening` is the signature's header up to the time, `relaxed` the same in relaxed form. `fixed` are the
    signed headers without values, in relaxed form; `lines` the others, each its name and its pieces, an
    integer for a hole. `body` are the parts of the body in relaxed form, `holes` those of them that are
    filled per recipient.
    """

    compiled: Compiled
    signer: Signer
    opening: bytes
    relaxed: bytes
    fixed: bytes
    lines: tuple[tuple[bytes, Pieces], ...]
    body: tuple[bytes, ...]
    holes: tuple[int, ...]

    def splice(self, recipient: Recipient, addresses: Mapping[str, str]) -> bytes:
        """The message of `Compiled.splice` below its DKIM-Signature, `t=` the time of its Date.

        Raises Refused.
        """
        parts = self.compiled.filled(recipient, addresses)
        return b"".join((self._header(parts, recipient.dated_at), *parts))

    def _header(self, parts: list[bytes], at: datetime) -> bytes:
        seconds, body_hash = b"%d" % at.timestamp(), self._body_hash(parts)
        signed = [self.fixed]
        for name, pieces in self.lines:
            value = b"".join([parts[p] if isinstance(p, int) else p for p in pieces])
            signed.append(b"%b:%b\r\n" % (name, _relaxed(value)))
        signed.append(b"%b%b; bh=%b; b=" % (self.relaxed, seconds, body_hash))
        signature = b64encode(self.signer.sign(b"".join(signed)))
        lines = b"\r\n ".join([signature[at : at + _LINE] for at in range(0, len(signature), _LINE)])
        return b"%b%b;\r\n bh=%b;\r\n b=%b\r\n" % (self.opening, seconds, body_hash, lines)

    def _body_hash(self, parts: list[bytes]) -> bytes:
        body, first = list(self.body), self.compiled.body
        for hole in self.holes:
            body[hole] = _single_spaced(parts[first + hole])
        return b64encode(sha256(b"".join(body)).digest())


def signed(compiled: Compiled, signer: Signer) -> Signed:
    """Prepare a compiled variant for `signer`."""
    filled = {hole for _, holes in compiled.fills for hole in holes}
    fields = dict(_fields(compiled, filled))
    known = [name for name in _SIGNED if name in fields]
    fixed = [name for name in known if all(isinstance(p, bytes) for p in fields[name])]
    lines = tuple((name, fields[name]) for name in known if name not in fixed)
    names = [*fixed, *(name for name, _ in lines), *_OVERSIGNED]
    *body, last = map(_relaxed_body, compiled.parts[compiled.body :])
    opening = _opening(signer, names)
    return Signed(
        compiled,
        signer,
        opening,
        _relaxed_field(opening),
        b"".join(_frozen_line(name, fields[name]) for name in fixed),
        lines,
        (*body, _ended(last)),
        tuple(sorted(hole - compiled.body for hole in filled if hole >= compiled.body)),
    )


def sign(message: bytes, signer: Signer, at: datetime) -> bytes:
    """Any message (CRLF line ends) below its DKIM-Signature, `t=` the time `at`."""
    head, blank, body = message.partition(b"\r\n\r\n")
    compiled = Compiled((head + blank, body), (), 1, plain=False)
    return signed(compiled, signer).splice(Recipient("", "", at), {})


def _fields(compiled: Compiled, filled: set[int]) -> Iterator[tuple[bytes, Pieces]]:
    """Each header: its name in small letters, and the pieces of its value."""
    pieces: list[bytes | int] = []
    for number, part in enumerate(compiled.parts[: compiled.body]):
        if number in filled:
            pieces.append(number)
            continue
        *ended, rest = _FIELD_END.split(part)
        for last in ended:
            yield _named([*pieces, last])
            pieces = []
        pieces.append(rest)


def _named(pieces: list[bytes | int]) -> tuple[bytes, Pieces]:
    first = pieces[0]
    assert isinstance(first, bytes), "a header begins with its name"
    name, _, rest = first.partition(b":")
    return name.strip().lower(), (rest, *pieces[1:])


def _frozen_line(name: bytes, pieces: Pieces) -> bytes:
    return b"%b:%b\r\n" % (name, _relaxed(b"".join(p for p in pieces if isinstance(p, bytes))))


def _opening(signer: Signer, names: Iterable[bytes]) -> bytes:
    """The signature's header, up to the time."""
    lines = [b" h="]
    for name in names:
        if len(lines[-1]) + len(name) > _LINE:
            lines.append(b"  ")
        lines[-1] += name + b":"
    who = (signer.algorithm.encode(), signer.domain.encode(), signer.selector.encode())
    first = b"DKIM-Signature: v=1; a=%b; c=relaxed/relaxed;\r\n d=%b; s=%b;" % who
    return b"\r\n".join([first, *lines])[:-1] + b";\r\n t="


def _relaxed_field(field: bytes) -> bytes:
    name, _, value = field.partition(b":")
    return b"%b:%b" % (name.lower(), _relaxed(value))


def _relaxed(value: bytes) -> bytes:
    """The value of a header in relaxed form (RFC 6376 section 3.4.2)."""
    return _single_spaced(value.replace(b"\r\n", b"")).strip(b" \t")


def _relaxed_body(part: bytes) -> bytes:
    """Whole lines of a body in relaxed form (RFC 6376 section 3.4.4)."""
    return _single_spaced(_TRAILING.sub(b"", part))


def _ended(body: bytes) -> bytes:
    text = body.rstrip(b"\r\n")
    return text + b"\r\n" if text else b""


def _single_spaced(chunk: bytes) -> bytes:
    # quoted-printable ends no line with white space, so of a value's lines only runs are left to mend
    return _RUN.sub(b" ", chunk) if b"  " in chunk or b"\t" in chunk else chunk
