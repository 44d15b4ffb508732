"""The one way to every operation: who asks, what was sent, the answer or why there is none."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from publisher.admitting.own import Admitted
from publisher.app import Publisher
from publisher.web.api import problems, reading
from publisher.web.api.bearing import Patience, bearer
from publisher.web.api.once import Once, key_of
from publisher.web.api.operations import Call, Operation
from publisher.web.api.problems import Fault

_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
}
_REPLAYED = {"Idempotent-Replayed": "true"}


@dataclass(frozen=True, slots=True)
class Gate:
    """Lets requests through to the operations. `used` is told which token was used, `wake` when there may be
    an import to work on."""

    publisher: Publisher
    patience: Patience
    used: Callable[[int, datetime], None]
    wake: Callable[[], None]

    async def answer(self, operation: Operation, request: Request) -> Response:
        """What an operation answers to a request."""
        now = self.publisher.clock()
        try:
            admitted = await run_in_threadpool(bearer, request, self.publisher.store, self.patience, now)
            self.used(admitted.token.id, now)
            sent = await reading.raw(request, operation.most) if operation.body else b""
            return await run_in_threadpool(self._through, operation, request, admitted, sent, now)
        except ClientDisconnect:
            raise
        except Exception as error:
            return problems.of(error).response()

    def _through(
        self, operation: Operation, request: Request, admitted: Admitted, sent: bytes, now: datetime
    ) -> Response:
        place = reading.given(operation.place, request.path_params, "path")
        query = reading.query(operation.query, request)
        body = reading.body(operation.body, sent) if operation.body else None
        call = Call(self.publisher, admitted, now, place, query, body, self.wake)
        try:
            if operation.streams:
                pieces: Any = operation.act(call)
                return StreamingResponse(pieces, operation.status, media_type=operation.streams)
            status, text, again = self._done(operation, request, call, sent)
        except Exception as error:
            raise problems.of(error, operation.body.model_fields if operation.body else {}) from error
        kind = "application/json" if operation.answer else None
        return Response(text or None, status, _REPLAYED if again else None, media_type=kind)

    def _done(self, operation: Operation, request: Request, call: Call, sent: bytes) -> tuple[int, str, bool]:
        def do() -> tuple[int, str]:
            return operation.status, _said(operation, operation.act(call))

        key = request.headers.get("idempotency-key")
        if not operation.once or key is None:
            return *do(), False
        digest = hashlib.sha256()
        for part in (request.method, request.url.path, request.url.query):
            digest.update(f"{part}\0".encode("utf-8", "replace"))
        digest.update(sent)
        once = Once(call.publisher.store, call.admitted.token.id, key_of(key), digest.hexdigest(), call.now)
        return once.answer(do, operation.repeats(call))


def _said(operation: Operation, found: object) -> str:
    return operation.answer.model_validate(found).model_dump_json() if operation.answer else ""


class Endpoint:
    """All operations of one path, as an ASGI application of its own: it answers every method."""

    def __init__(self, gate: Gate, operations: Mapping[str, Operation]) -> None:
        self._gate, self._operations = gate, dict(operations)
        self.methods = tuple(self._operations)
        self.__doc__ = "; ".join(one.summary for one in self._operations.values()) + "."

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        operation = self._operations.get("GET" if request.method == "HEAD" else request.method)
        if operation:
            answer = await self._gate.answer(operation, request)
        else:
            allowed = sorted({*self._operations, *(["HEAD"] if "GET" in self._operations else [])})
            fault = Fault(405, f"expected {', '.join(allowed)}", headers={"Allow": ", ".join(allowed)})
            answer = fault.response()
        await sealed(answer)(scope, receive, send)


def sealed(answer: Response) -> Response:
    """The answer with the headers that all of them have."""
    answer.headers.update(_HEADERS)
    return answer
