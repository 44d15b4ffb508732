"""Compile a variant once; splice each recipient's values in between its frozen bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from itertools import chain
from typing import Literal

from publisher.messages import headers
from publisher.messages.headers import LEAVE_TOKEN, Letterhead
from publisher.messages.places import Place
from publisher.messages.quoted import SOFT_BREAK, encode
from publisher.messages.words import checked, folded, text_words
from publisher.model.fields import Field, split
from publisher.model.mail import Recipient, Variant

Fill = Callable[[Recipient, Mapping[str, str]], bytes]

_FIELD_ROOM = 200
_FULL_LINE = 76
_SUBJECT = b"Subject:"
_PART = b"Content-Type: text/%b; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Compiled:
    """A message with holes: frozen bytes, and for each value per recipient the holes that it fills.

    `body` is the number of the first part behind the headers and their blank line. `plain`: its messages are
    7 bit for an address that is, hold CR and LF together only, and no line of them begins with a dot.
    """

    parts: tuple[bytes, ...]
    fills: tuple[tuple[Fill, tuple[int, ...]], ...]
    body: int
    plain: bool

    def splice(self, recipient: Recipient, addresses: Mapping[str, str]) -> bytes:
        """The whole message for one recipient: RFC 5322, CRLF, the same bytes for the same arguments.

        It is 7 bit but for an address beyond ASCII before its @ (RFC 6532). Raises Refused for an address,
        Message-ID or link that cannot stand in a mail.
        """
        return b"".join(self.filled(recipient, addresses))

    def filled(self, recipient: Recipient, addresses: Mapping[str, str]) -> list[bytes]:
        """As `splice`, in parts."""
        parts = list(self.parts)
        for fill, holes in self.fills:
            filled = fill(recipient, addresses)
            for hole in holes:
                parts[hole] = filled
        return parts


def compile_message(variant: Variant, letterhead: Letterhead) -> Compiled:
    """Encode what all recipients of the variant share. Raises Refused for a value that no header can hold."""
    text, html = list(_body(variant.text, "text")), list(_body(variant.html, "html"))
    # quoted-printable never holds "=_", so the boundary cannot stand in a part
    boundary = (
        b"=_" + sha256(b"".join(p for p in (*text, *html) if isinstance(p, bytes))).hexdigest()[:32].encode()
    )
    delimiter = b"--" + boundary
    mime = b'MIME-Version: 1.0\r\nContent-Type: multipart/alternative;\r\n boundary="%b"\r\n\r\n' % boundary
    body = chain(
        [delimiter + b"\r\n" + _PART % b"plain"],
        text,
        [b"\r\n" + delimiter + b"\r\n" + _PART % b"html"],
        html,
        [b"\r\n" + delimiter + b"--\r\n"],
    )
    return _merged(chain(_headers(variant, letterhead), [mime]), body)


def encoded_size(piece: str) -> int:
    """How many bytes a piece takes in a message; each field in it counts as 200."""
    return sum(len(part) if isinstance(part, bytes) else _FIELD_ROOM for part in _encoded(piece))


@lru_cache(maxsize=2048)
def _encoded(piece: str) -> tuple[bytes | Field, ...]:
    # stories repeat over thousands of variants: each is encoded once
    lines = piece.replace("\r\n", "\n").replace("\r", "\n")
    return tuple(part if isinstance(part, Field) else encode(part) for part in split(lines))


def _body(pieces: tuple[str, ...], part: Literal["html", "text"]) -> Iterator[bytes | Place]:
    encoded: bytes | Field = SOFT_BREAK
    for encoded in chain.from_iterable(map(_encoded, pieces)):
        yield Place(encoded, part) if isinstance(encoded, Field) else encoded
    if isinstance(encoded, Field) or encoded.endswith(SOFT_BREAK):
        yield b"\r\n"


def _headers(variant: Variant, letterhead: Letterhead) -> Iterator[bytes | Fill]:
    yield headers.sender_lines(letterhead)
    yield from (b"To: ", _to, b"\r\n")
    yield from _subject(variant.subject)
    yield from (b"\r\nDate: ", _date, b"\r\nMessage-ID: <", _message_id, b">\r\n")
    yield headers.list_lines(letterhead)
    # one link a line: folded between the links, never inside one, and never into encoded-words (RFC 8058)
    yield from (b"List-Unsubscribe: <", _unsubscribe, b">")
    if letterhead.unsubscribe_mailto:
        yield from _by_mail(letterhead.unsubscribe_mailto)
    yield b"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"


def _by_mail(mailto: str) -> Iterator[bytes | Fill]:
    """The other way to leave, which needs a token, too, or nobody could tell who asks."""
    before, mark, after = (b",\r\n <%b>" % headers.url("List-Unsubscribe", mailto)).partition(LEAVE_TOKEN)
    yield before
    if mark:
        yield from (_leave_token, after)


def _subject(subject: str) -> Iterator[bytes | Place]:
    chunks = list(split(checked("Subject", subject)))
    yield _SUBJECT
    for index, chunk in enumerate(chunks):
        first, last = index == 0, index == len(chunks) - 1
        column = len(_SUBJECT) if first else _FULL_LINE
        if isinstance(chunk, Field):
            yield Place(chunk, "subject", column)
        else:
            yield folded(text_words(chunk, first=first, last=last), column)


def _merged(head: Iterable[bytes | Fill], body: Iterable[bytes | Fill]) -> Compiled:
    """Neighbouring bytes joined, and the holes of each distinct value collected."""
    merged: list[list[bytes]] = []
    fills: dict[Fill, list[int]] = {}
    starts = []
    for half in (head, body):
        starts.append(len(merged))
        merged.append([])
        for part in half:
            if isinstance(part, bytes):
                merged[-1].append(part)
            else:
                fills.setdefault(part, []).append(len(merged))
                merged += [[], []]
    holes = tuple((fill, tuple(holes)) for fill, holes in fills.items())
    parts = tuple(map(b"".join, merged))
    return Compiled(parts, holes, starts[1], all(map(_is_plain, parts)))


def _is_plain(part: bytes) -> bool:
    # what fills a hole is encoded so that it can do no harm either: see `Place` and `headers`
    lines = part.count(b"\n")
    return part.isascii() and b"\n." not in part and part.count(b"\r") == part.count(b"\r\n") == lines


def _to(recipient: Recipient, _: Mapping[str, str]) -> bytes:
    return headers.recipient(recipient.address)


def _date(recipient: Recipient, _: Mapping[str, str]) -> bytes:
    return headers.date(recipient.dated_at)


def _message_id(recipient: Recipient, _: Mapping[str, str]) -> bytes:
    return headers.message_id(recipient.message_id)


def _leave_token(_: Recipient, addresses: Mapping[str, str]) -> bytes:
    return headers.token("List-Unsubscribe", addresses.get("leave", ""))


def _unsubscribe(_: Recipient, addresses: Mapping[str, str]) -> bytes:
    return headers.url("List-Unsubscribe", addresses.get("unsubscribe", ""))
