"""What the API can do, each as one value: it routes, validates, and is described by the same declaration."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from publisher.admitting.own import Admitted
from publisher.app import Publisher
from publisher.model.editors import Actor
from publisher.permissions import Action

_PLACE = re.compile(r"\{(\w+)(:path)?\}")


class Given(BaseModel):
    """What stands in the address, in the path or behind the question mark: texts, closed against others."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Body(BaseModel):
    """A JSON object that is sent: numbers are numbers, and keys that it does not know are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Answer(BaseModel):
    """A JSON object that is given back."""

    model_config = ConfigDict(from_attributes=True, frozen=True)


class Nothing(Given):
    """No parameters."""


class Paged(Given):
    """A part of a list; `next` of the answer is `after` of the next one."""

    limit: int = Field(50, ge=1, le=200, description="how many at most")
    after: str = Field(
        "", max_length=800, pattern=r"^[A-Za-z0-9_-]*$", description="`next` of the part before"
    )


@dataclass(frozen=True, slots=True)
class Call:
    """One request, checked: who asks, and what for. `now` is when; `wake` lets imports be worked on."""

    publisher: Publisher
    admitted: Admitted
    now: datetime
    place: Any
    query: Any
    body: Any
    wake: Callable[[], None]

    @property
    def actor(self) -> Actor:
        """As who the token acts."""
        return self.admitted.actor


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that can be done, under `path` below /api/v1.

    `action` is what the use case checks; None: it is about the token itself. `refusals` are the statuses that
    it may answer besides those of all. `once`: it takes an Idempotency-Key; `repeats` says of a call that it
    may be done again where a process was killed while it did it. `most` bounds the body, in bytes.
    `streams` is the type of an answer that is no JSON: `act` gives pieces of text then.
    """

    method: str
    path: str
    name: str
    summary: str
    action: Action | None
    act: Callable[[Call], object]
    answer: type[Answer] | None
    place: type[Given] = Nothing
    query: type[Given] = Nothing
    body: type[Body] | None = None
    status: int = 200
    refusals: tuple[int, ...] = ()
    once: bool = False
    repeats: Callable[[Call], bool] = field(default=lambda _call: False)
    example: Mapping[str, Any] = field(default_factory=dict)
    most: int = 65_536
    streams: str = ""

    @property
    def described_path(self) -> str:
        """The path as OpenAPI writes it."""
        return _PLACE.sub(r"{\1}", self.path)
