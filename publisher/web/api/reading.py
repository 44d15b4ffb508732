"""What a request carries, read without trust: bounded, JSON alone, and texts that a database can hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from pydantic import ValidationError
from starlette.requests import Request

from publisher.web.api.operations import Body, Given
from publisher.web.api.problems import Fault, Wrong, invalid
from publisher.web.forms import body_of

_TYPE = "application/json"
G = TypeVar("G", bound=Given)


def given(model: type[G], values: Mapping[str, object], where: str) -> G:
    """The values of a path or query. Raises Fault."""
    for name, value in values.items():
        if "\0" in f"{name}{value}":
            raise Fault(422, f"{where}: no text may hold the character 0", [_nul(where)])
    try:
        return model.model_validate(dict(values))
    except ValidationError as error:
        raise invalid(error, where) from None


def query(model: type[G], request: Request) -> G:
    """The parameters behind the question mark, each once. Raises Fault."""
    names = [name for name, _ in request.query_params.multi_items()]
    if twice := next((name for name in names if names.count(name) > 1), ""):
        raise Fault(422, f"query.{twice[:80]}: expected once")
    return given(model, dict(request.query_params), "query")


async def raw(request: Request, most: int) -> bytes:
    """The body of a request that wants one. Raises Fault: 413, 415."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != _TYPE:
        raise Fault(415, f"expected a body of the type {_TYPE}")
    body = await body_of(request, most)
    if len(body) > most:
        raise Fault(413, f"expected a body of at most {most} bytes")
    return body


def body(model: type[Body], data: bytes) -> Body:
    """The object in a body. Raises Fault."""
    if b"\\u0000" in data or b"\0" in data:
        raise Fault(422, "body: no text may hold the character 0", [_nul("body")])
    try:
        return model.model_validate_json(data)
    except ValidationError as error:
        if error.errors(include_url=False)[0]["type"] == "json_invalid":
            raise Fault(400, f"expected JSON: {error.errors()[0]['ctx']['error']}") from None
        raise invalid(error, "body") from None


def _nul(where: str) -> Wrong:
    return Wrong(place=where, detail="no text may hold the character 0")
