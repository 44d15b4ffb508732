"""The API below /api/v1: what the desk can do, for programs, by bearer tokens and JSON."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import cache
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from publisher.app import Publisher
from publisher.web.api import openapi
from publisher.web.api.bearing import Patience
from publisher.web.api.gate import Endpoint, Gate, sealed
from publisher.web.api.operations import Operation
from publisher.web.api.problems import Fault
from publisher.web.api.table import OPERATIONS

PREFIX = "/api/v1"


class Api:
    """Every operation behind one gate; `used` is told which token was used and when, `wake` of imports."""

    def __init__(
        self, publisher: Publisher, used: Callable[[int, datetime], None], wake: Callable[[], None]
    ) -> None:
        self._gate = Gate(publisher, Patience(), used, wake)
        self._base = urlsplit(publisher.config.publication.url).path

    @property
    def routes(self) -> list[BaseRoute]:
        """Where they are; what is below /api and nothing of this is told so in JSON."""
        paths: dict[str, dict[str, Operation]] = {}
        for operation in OPERATIONS:
            paths.setdefault(operation.path, {})[operation.method] = operation
        made: list[BaseRoute] = [
            Route(f"{PREFIX}{path}", Endpoint(self._gate, each)) for path, each in paths.items()
        ]
        described = Route(f"{PREFIX}/openapi.json", self.describe, methods=["GET"])
        return [described, *made, Route("/api/{rest:path}", _Nothing())]

    async def describe(self, _request: Request) -> Response:
        """The description of all of it (OpenAPI 3.1); there is nothing secret in it."""
        return sealed(Response(_document(self._base), media_type="application/json"))


@cache
def _document(base: str) -> str:
    """Made when it is first asked for, which hardly anybody does."""
    return openapi.document(OPERATIONS, base + PREFIX)


class _Nothing:
    """Answers what is no operation, whatever the method."""

    async def __call__(self, scope: object, receive: object, send: object) -> None:
        answer = Fault(404, f"there is no such operation: {PREFIX}/openapi.json lists them").response()
        await sealed(answer)(scope, receive, send)  # type: ignore[arg-type]
