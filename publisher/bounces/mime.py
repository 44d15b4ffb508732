"""Mails as they really come: headers and parts (RFC 5322, RFC 2046), read without trusting any of it.

The standard library's parser takes a base64 delivery-status for text, and a deep nest of messages for as many
calls; this one bounds what it looks at, and mends what is broken.
"""

from __future__ import annotations

import codecs
import quopri
import re
from binascii import Error, a2b_base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.header import decode_header, make_header
from functools import cached_property

LARGEST = 2 << 20  # bytes of a mail that are looked at: a report stands before what it returns
_MOST_PARTS, _DEEPEST, _MOST_HEADERS = 200, 12, 1000
_MBOX = re.compile(rb">?From ")
_FIELD = re.compile(r"([!-9;-~]+)[ \t]*:(.*)", re.DOTALL)
_PARAMETER = r'(?:^|[;\s]){}\*?(?:0\*?)?\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;]+))'
_TAG = re.compile(r"<(?!\S{1,64}@)[^<>]{0,2000}>")
_BREAK = re.compile(r"(?i)<(?:br|/p|/div|/tr|/li)\b[^<>]{0,200}>\n?")
_MESSAGES = {"message/rfc822", "message/global", "message/news"}


@dataclass(frozen=True)
class Part:
    """A mail or one part of it. Names of headers are in small letters; `body` is as it was transported."""

    headers: Mapping[str, tuple[str, ...]]
    body: bytes
    nested: int = 0  # how many messages it lies inside

    def get(self, name: str) -> str:
        """The first header of this name; empty where there is none."""
        return next(iter(self.headers.get(name, ())), "")

    @cached_property
    def type(self) -> str:
        """The media type in small letters; text/plain where none is given."""
        found = re.match(r"\s*([\w.+-]+/[\w.+-]+)", self.get("content-type"))
        return found[1].lower() if found else "text/plain"

    def parameter(self, name: str) -> str:
        """A parameter of the media type; empty where it has none."""
        found = re.search(_PARAMETER.format(re.escape(name)), self.get("content-type"), re.IGNORECASE)
        return (
            re.sub(r"\\(.)", r"\1", found[1]) if found and found[1] is not None else found[2] if found else ""
        )

    @cached_property
    def content(self) -> bytes:
        """The body without its transfer encoding (RFC 2045 section 6)."""
        encoding = self.get("content-transfer-encoding").strip().lower()
        if encoding == "base64":
            return _base64(self.body)
        return quopri.decodestring(self.body) if encoding == "quoted-printable" else self.body

    @cached_property
    def text(self) -> str:
        """The content as text; of HTML without its tags, but with addresses in angle brackets."""
        text = decoded(self.content, self.parameter("charset")).replace("\r\n", "\n").replace("\r", "\n")
        if self.type == "text/html":
            from html import unescape

            return unescape(_TAG.sub(" ", _BREAK.sub("\n", text)))
        return text

    @cached_property
    def subject(self) -> str:
        """The subject, its encoded-words decoded (RFC 2047) as far as they can be."""
        raw = self.get("subject")
        try:
            return " ".join(str(make_header(decode_header(raw))).split())
        except (LookupError, ValueError, Error):
            return raw


def parse(data: bytes, nested: int = 0) -> Part:
    """A mail from its bytes, at most `LARGEST` of them; line ends of any kind."""
    text = data[:LARGEST].replace(b"\r\n", b"\n").replace(b"\r", b"\n").lstrip(b"\n")
    return _part(text, nested)


def walk(mail: Part) -> list[Part]:
    """The mail and its parts, those inside returned messages after the others; never more than 200."""
    found: list[Part] = []
    for part in _walk(mail, 0):
        found.append(part)
        if len(found) >= _MOST_PARTS:
            break
    return sorted(found, key=lambda part: part.nested)


def decoded(data: bytes, charset: str = "") -> str:
    """Bytes as text: by their charset, else as UTF-8, else each byte as a character."""
    for name in (charset, "utf-8"):
        try:
            if name and codecs.lookup(name)._is_text_encoding:
                return data.decode(name)
        except (LookupError, UnicodeDecodeError, ValueError):
            continue
    return data.decode("latin-1")


def _walk(part: Part, depth: int) -> Iterator[Part]:
    yield part
    if depth >= _DEEPEST:
        return
    if part.type.startswith("multipart/"):
        for body in _split(part):
            yield from _walk(_part(body, part.nested), depth + 1)
    elif part.type in _MESSAGES:
        yield from _walk(parse(part.content, part.nested + 1), depth + 1)


def _split(part: Part) -> list[bytes]:
    boundary = part.parameter("boundary").encode("utf-8", "replace").rstrip()
    if not boundary:
        return []
    delimiter = re.compile(rb"(?m)^--%b(--)?[ \t]*(?:\n|\Z)" % re.escape(boundary))
    body = part.body if delimiter.search(part.body) else part.content
    found = list(delimiter.finditer(body))[: _MOST_PARTS + 1]
    ends = [*(each.start() for each in found[1:]), len(body)]
    # what stands behind the last delimiter is a part where that is not the closing one: a mail cut short
    return [body[a.end() : b] for a, b in zip(found, ends, strict=False) if not a[1]]


def _part(text: bytes, nested: int) -> Part:
    headers: dict[str, list[str]] = {}
    at, last, first = 0, "", True
    for _ in range(_MOST_HEADERS):
        end = text.find(b"\n", at)
        line = text[at:] if end < 0 else text[at:end]
        if not line.strip() or (not _is_header(line, last) and not _MBOX.match(line)):
            break
        at = len(text) if end < 0 else end + 1
        if line[:1] in (b" ", b"\t") and last:
            headers[last][-1] += " " + decoded(line).strip()
        elif field := _FIELD.match(decoded(line)):
            last = field[1].lower()
            headers.setdefault(last, []).append(field[2].strip())
        first = False
    body = text[at:].removeprefix(b"\n") if not first or text[:1] == b"\n" else text
    return Part({name: tuple(values) for name, values in headers.items()}, body, nested)


def _is_header(line: bytes, last: str) -> bool:
    if line[:1] in (b" ", b"\t"):
        return bool(last)
    return _FIELD.match(decoded(line[:1000])) is not None


def _base64(data: bytes) -> bytes:
    """As much of it as can be read: what is cut short or has a stray byte is no reason to read nothing."""
    letters = re.sub(rb"[^A-Za-z0-9+/]", b"", data)
    try:
        return a2b_base64(letters[: len(letters) // 4 * 4] + _rest(letters))
    except Error:
        return data


def _rest(letters: bytes) -> bytes:
    rest = letters[len(letters) // 4 * 4 :]
    return rest + b"=" * (4 - len(rest)) if len(rest) > 1 else b""
