"""What could not be done, as application/problem+json (RFC 9457)."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.responses import Response

from publisher.errors import NotAllowed, NotFound, PublisherError, Refused, StoreError

log = logging.getLogger("publisher")
TYPE = "application/problem+json"
_PLACED = re.compile(r"([a-z_]+): (.+)", re.DOTALL)


class Wrong(BaseModel):
    """One value that cannot be taken, and where it stands."""

    place: str = Field(description="where: path, query, header or body, and the name", examples=["body.hour"])
    detail: str = Field(description="what was expected", examples=["Input should be less than 24"])


class Problem(BaseModel):
    """Why something was not done."""

    model_config = ConfigDict(title="Problem")
    type: str = Field(description="what kind of problem it is", examples=["urn:publisher:problem:not-found"])
    title: str = Field(description="the kind, in words", examples=["Not Found"])
    status: int = Field(description="the HTTP status", examples=[404])
    detail: str = Field(description="this time", examples=["no edition 'daily/99'"])
    errors: list[Wrong] = Field([], description="the values that cannot be taken")


class Fault(Exception):
    """A request that goes no further: its answer."""

    def __init__(
        self,
        status: int,
        detail: str,
        errors: Sequence[Wrong] = (),
        headers: Mapping[str, str] | None = None,
        kind: str = "",
    ) -> None:
        super().__init__(detail)
        self.status, self.detail, self.errors = status, detail, list(errors)
        self.headers, self.kind = dict(headers or {}), kind

    def response(self) -> Response:
        """As it is sent."""
        title = HTTPStatus(self.status).phrase
        kind = self.kind or re.sub(r"[^a-z]+", "-", title.lower()).strip("-")
        said = Problem(
            type=f"urn:publisher:problem:{kind}",
            title=title,
            status=self.status,
            detail=self.detail,
            errors=self.errors,
        )
        return Response(
            json.dumps(said.model_dump(), ensure_ascii=False), self.status, self.headers, media_type=TYPE
        )


def invalid(error: ValidationError, where: str) -> Fault:
    """Values that do not fit, each with its place."""
    errors = [
        Wrong(place=".".join(map(str, (where, *one["loc"]))), detail=one["msg"])
        for one in error.errors(include_url=False, include_context=False, include_input=False)
    ]
    return Fault(422, f"{errors[0].place}: {errors[0].detail}", errors)


def of(error: Exception, fields: Mapping[str, Any] | None = None) -> Fault:
    """The answer to what a use case raised; `fields` are those of the request's body."""
    if isinstance(error, Fault):
        return error
    if isinstance(error, NotAllowed):
        return Fault(403, str(error))
    if isinstance(error, NotFound):
        return Fault(404, str(error))
    if isinstance(error, Refused):
        return _refused(str(error), fields or {})
    if isinstance(error, StoreError):
        log.warning("%s", error)
        return Fault(503, "the store cannot be used now", headers={"Retry-After": "30"})
    if isinstance(error, PublisherError):
        # a fault in a template, or of the configuration: what it is, editors may know
        return Fault(409, str(error))
    log.error("the API met a fault of this program: %s: %s", type(error).__name__, error, exc_info=error)
    return Fault(500, "a fault of this program: what it is stands in its log")


def _refused(detail: str, fields: Mapping[str, Any]) -> Fault:
    """A value that begins with its field is one of the request; anything else is how things stand."""
    found = _PLACED.match(detail)
    if found and found[1] in fields:
        return Fault(422, detail, [Wrong(place=f"body.{found[1]}", detail=found[2])])
    return Fault(409, detail)
