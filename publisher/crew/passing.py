"""Values on their way between processes: as bytes, each with its length before it."""

from __future__ import annotations

import pickle
import struct
from collections.abc import Callable, Sequence
from dataclasses import fields, is_dataclass
from datetime import datetime
from io import BytesIO
from operator import attrgetter
from typing import IO, Any, NamedTuple

_LENGTH = struct.Struct(">Q")


class Task(NamedTuple):
    """What a process is to do with the items that follow."""

    prepare: Callable[..., Callable[[Any], Any]]
    arguments: Sequence[Any]


class _Reducers(dict[type, Callable[[Any], Any]]):
    """How dataclasses pass to another process: the standard way looks up their fields each time."""

    def __missing__(self, kind: type) -> Callable[[Any], Any]:
        held = fields(kind) if is_dataclass(kind) else ()
        plain = not hasattr(kind, "__post_init__") and all(each.init and not each.kw_only for each in held)
        if len(held) < 2 or not plain:
            raise KeyError(kind)
        values = attrgetter(*(each.name for each in held))
        self[kind] = lambda value: (kind, values(value))
        return self[kind]


_REDUCERS = _Reducers({datetime: lambda at: at.__reduce_ex__(pickle.HIGHEST_PROTOCOL)})


def dumps(value: Any) -> bytes:
    """Anything as bytes, for `pickle.loads` in a process of this program."""
    stream = BytesIO()
    pickler = pickle.Pickler(stream, pickle.HIGHEST_PROTOCOL)
    pickler.dispatch_table = _REDUCERS
    pickler.dump(value)
    return stream.getvalue()


def write(stream: IO[bytes], data: bytes) -> None:
    for part in (_LENGTH.pack(len(data)), data):
        view = memoryview(part)
        while view:
            view = view[stream.write(view) :]
    stream.flush()


def read(stream: IO[bytes]) -> bytes | None:
    head = _exactly(stream, _LENGTH.size)
    return _exactly(stream, _LENGTH.unpack(head)[0]) if head else None


def _exactly(stream: IO[bytes], length: int) -> bytes | None:
    """So many bytes, and none more: a select sees what lies in the pipe, and not what a buffer holds."""
    pieces: list[bytes] = []
    while length:
        piece = stream.read(length)
        if not piece:
            return None
        pieces.append(piece)
        length -= len(piece)
    return b"".join(pieces)
