"""Forms as browsers send them, read without trust: small, and values as text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs

from starlette.requests import Request

_LARGEST, _MOST = 16_384, 4000


@dataclass(frozen=True, slots=True)
class Form:
    """What was filled in, by name; a name that is not there is empty."""

    values: Mapping[str, list[str]]

    def one(self, name: str) -> str:
        """The first value of a name."""
        return self.values.get(name, [""])[0]

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of a name, once."""
        return tuple(dict.fromkeys(self.values.get(name, [])))

    def number(self, name: str) -> int | None:
        """A whole number; None for anything else."""
        text = self.one(name)
        return int(text) if text.isdecimal() and len(text) < 10 else None


async def form(request: Request, most: int = _LARGEST) -> Form:
    """The form in a request's body (application/x-www-form-urlencoded), as far as it can be one of ours."""
    body = await body_of(request, most)
    if len(body) > most:
        return Form({})
    try:
        found = parse_qs(body.decode(), keep_blank_values=True, max_num_fields=_MOST)
    except ValueError:
        return Form({})
    # what no database can hold was not typed by anybody
    return Form({name: [v.replace("\0", "") for v in given] for name, given in found.items()})


async def body_of(request: Request, most: int = _LARGEST) -> bytes:
    """The body, up to a little over `most` bytes."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > most:
            break
    return body
