"""Forms with a file (multipart/form-data, RFC 7578), read as they come: little of it is ever in memory."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from python_multipart import MultipartParser
from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import parse_options_header
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request

from publisher.permissions import N_
from publisher.web.forms import Form

_MOST_FIELDS, _FIELDS = 100, 16_384  # bytes of all fields
_WRITTEN_AT_ONCE = 1 << 20
# what of a refused upload is still read, so that a browser comes to hear the answer
_HEARD_OUT = 16 << 20
TOO_LARGE = N_("this file is too large: at most 1 GB can be uploaded at once")
NO_ROOM = N_("the file could not be kept: the disk of this machine may be full")
UNREADABLE = N_("the file did not arrive whole")
Allowed = Callable[[Form], Awaitable[Path | None]]


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that was sent: where it was written, what it was called, and why it cannot be used, if so."""

    place: Path
    name: str
    fault: str = ""


def has_file(request: Request) -> bool:
    """Whether a form with a file comes."""
    return request.headers.get("content-type", "").lower().startswith("multipart/form-data")


async def upload(request: Request, allowed: Allowed, most: int) -> tuple[Form, Upload | None]:
    """The fields of a form, and its file where `allowed` gives a place for it, told the fields before it.

    The file has `most` bytes at most. Raises ClientDisconnect; what was written is gone then.
    """
    _, options = parse_options_header(request.headers.get("content-type", ""))
    reading = _Reading(allowed, most)
    try:
        parser = MultipartParser(options.get(b"boundary", b""), reading.callbacks())  # type: ignore[arg-type]
        async for block in request.stream():
            parser.write(block)
            await reading.settle()
            if reading.given_up:
                break
        parser.finalize()
        await reading.settle(ended=True)
    except MultipartParseError:
        reading.spoil(UNREADABLE)
    except (ClientDisconnect, OSError):
        reading.forget()
        raise
    finally:
        reading.close()
    return reading.form, reading.found


@dataclass
class _Reading:
    """What the parser tells of a body. It calls at once; what takes time is done between two blocks."""

    allowed: Allowed
    most: int
    form: Form = field(default_factory=lambda: Form({}))
    given_up: bool = False
    _events: list[tuple[str, bytes]] = field(default_factory=list)
    _header: bytes = b""
    _headers: dict[bytes, bytes] = field(default_factory=dict)
    _name: str = ""
    _value: bytes | None = None
    _values: dict[str, list[str]] = field(default_factory=dict)
    _fields: int = 0
    _file: BinaryIO | None = None
    _place: Path | None = None
    _called: str = ""
    _fault: str = ""
    _unwritten: bytearray = field(default_factory=bytearray)
    _bytes: int = 0
    _ignored: int = 0

    def callbacks(self) -> dict[str, Callable[..., None]]:
        """For the parser."""

        def told(kind: str) -> Callable[..., None]:
            def tell(data: bytes = b"", start: int = 0, end: int = 0) -> None:
                self._events.append((kind, data[start:end]))

            return tell

        names = ("part_begin", "part_data", "part_end", "header_field", "header_value", "header_end")
        return {f"on_{name}": told(name) for name in (*names, "headers_finished")}

    @property
    def found(self) -> Upload | None:
        """The file, if one was allowed and had a name."""
        return Upload(self._place, self._called, self._fault) if self._place else None

    async def settle(self, ended: bool = False) -> None:
        """Do what came up."""
        events, self._events = self._events, []
        for kind, data in events:
            if kind == "part_data":
                await self._data(data)
            elif kind == "headers_finished":
                await self._part()
            elif kind == "part_end":
                self._field()
            else:
                self._head(kind, data)
        if ended and self._file:
            await self._write(last=True)

    def _head(self, kind: str, data: bytes) -> None:
        if kind == "part_begin":
            self._headers, self._header = {}, b""
        elif kind == "header_field":
            self._header += data
        elif kind == "header_value":
            name = self._header.lower()
            self._headers[name] = self._headers.get(name, b"") + data
        else:
            self._header = b""

    async def _part(self) -> None:
        """A part begins: a field, or the one file that is taken."""
        _, said = parse_options_header(self._headers.get(b"content-disposition", b""))
        self._name = said.get(b"name", b"").decode("utf-8", "replace")
        self._value = None
        if b"filename" not in said:
            self._value = b""
        elif self._place is None and not self.given_up and said[b"filename"]:
            self.form = Form(dict(self._values))
            self._place = await self.allowed(self.form)
            self._called = said[b"filename"].decode("utf-8", "replace").replace("\0", "")
            if self._place:
                self._file = await run_in_threadpool(_opened, self._place)

    async def _data(self, data: bytes) -> None:
        if self._value is not None:
            self._fields += len(data)
            self._value += data if self._fields <= _FIELDS else b""
        elif self._file is None or self._fault:
            self._ignored += len(data)
            # whoever may not send this is not heard to the end
            self.given_up = self._place is None and self._ignored > _HEARD_OUT
        else:
            self._bytes += len(data)
            if self._bytes > self.most:
                self.spoil(TOO_LARGE)
            self._unwritten += data
            if len(self._unwritten) >= _WRITTEN_AT_ONCE:
                await self._write()

    def _field(self) -> None:
        if self._value is not None and len(self._values) < _MOST_FIELDS:
            text = self._value.decode("utf-8", "replace").replace("\0", "")
            self._values.setdefault(self._name, []).append(text)
            self.form = Form(dict(self._values))
        self._value = None

    async def _write(self, last: bool = False) -> None:
        some, self._unwritten = bytes(self._unwritten), bytearray()
        if self._file and not self._fault:
            try:
                await run_in_threadpool(_written, self._file, some, last)
            except OSError:
                self.spoil(NO_ROOM)

    def spoil(self, why: str) -> None:
        """The file cannot be used; nothing of it is kept."""
        self._fault = self._fault or why
        self.close()
        if self._place:
            self._place.unlink(missing_ok=True)

    def forget(self) -> None:
        """Whoever sent it has gone."""
        self.spoil(UNREADABLE)

    def close(self) -> None:
        """Let go of the file."""
        if self._file and not self._file.closed:
            self._file.close()


def _opened(place: Path) -> BinaryIO:
    # it holds addresses, as the store does
    return os.fdopen(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def _written(file: BinaryIO, some: bytes, last: bool) -> None:
    file.write(some)
    if last:
        # the store will say that it is there, also after a power cut
        file.flush()
        os.fsync(file.fileno())
