"""A large public file, sent piece by piece, so that each slow reader holds one piece and not the whole."""

from __future__ import annotations

import asyncio
import contextlib
import os
from io import BytesIO
from typing import BinaryIO

from starlette.types import Message, Receive, Send

from publisher.web.representations import Representation, Variant, stamp_of

_PIECE = 64 * 1024


def opened(found: Representation, variant: Variant) -> BinaryIO | None:
    """The variant's bytes; from the file where they are too many to hold, or None if another took its place.

    The file that was opened is read to its end, whatever replaces it meanwhile.
    """
    if variant.body is not None:
        return BytesIO(variant.body)
    with contextlib.suppress(FileNotFoundError):
        handle = open(found.file, "rb")  # noqa: SIM115
        if stamp_of(os.fstat(handle.fileno())) == found.stamp:
            return handle
        handle.close()
    return None


async def stream(source: BinaryIO, start: Message, receive: Receive, send: Send) -> None:
    """Send it as fast as it is taken, and stop when the client has gone."""
    gone = asyncio.ensure_future(_hung_up(receive))
    try:
        await send(start)
        while not gone.done() and (piece := await _read(source)):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        if not gone.done():
            await send({"type": "http.response.body", "body": b""})
    finally:
        gone.cancel()


async def _read(source: BinaryIO) -> bytes:
    """The next piece, while others have their turn; a disk may take its time."""
    if isinstance(source, BytesIO):
        await asyncio.sleep(0)
        return source.read(_PIECE)
    return await asyncio.to_thread(source.read, _PIECE)


async def _hung_up(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
