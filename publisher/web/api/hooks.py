"""Outgoing webhooks: how the endpoints fare, one tried out, one begun again."""

from __future__ import annotations

import os
from datetime import datetime
from typing import Literal

from pydantic import Field

from publisher import webhooks
from publisher.web.api.operations import Answer, Body, Call, Operation


class EndpointShown(Answer):
    """An endpoint of the configuration."""

    url: str
    events: list[str]
    state: Literal["new", "well", "failing", "off"]
    waiting: int = Field(description="how many events lie ahead of it")
    attempts: int
    failing_since: datetime | None
    next_at: datetime | None
    disabled_at: datetime | None
    delivered_at: datetime | None
    said: str = Field(description="what it answered last, where it failed")


class Endpoints(Answer):
    """All endpoints of the configuration."""

    items: list[EndpointShown]


class EndpointNamed(Body):
    """Which endpoint."""

    url: str = Field(min_length=1, max_length=2000, examples=["https://crm.example/hooks"])


class Tried(Answer):
    """What it answered."""

    accepted: bool
    said: str


def listed(call: Call) -> object:
    """How they fare."""
    return {"items": webhooks.standings(call.publisher.store, call.publisher.config, call.actor)}


def try_out(call: Call) -> object:
    """A signed event of the type `test`."""
    answer = webhooks.try_out(call.publisher.config, os.environ, call.actor, call.body.url, call.now)
    return {"accepted": answer.accepted, "said": answer.words}


def enable(call: Call) -> object:
    """Begin again."""
    webhooks.enable(call.publisher.store, call.actor, call.body.url, call.now)
    return listed(call)


_BODY = {"url": "https://crm.example/hooks"}
OPERATIONS = (
    Operation(
        "GET", "/webhooks", "listWebhooks", "How the endpoints of outgoing webhooks fare",
        "see webhooks", listed, Endpoints,
    ),
    Operation(
        "POST", "/webhooks/test", "testWebhook", "Post a signed test event to an endpoint, now",
        "keep webhooks", try_out, Tried, body=EndpointNamed, refusals=(404, 409), example=_BODY,
    ),
    Operation(
        "POST", "/webhooks/enable", "enableWebhook", "Begin again with an endpoint that is off",
        "keep webhooks", enable, Endpoints, body=EndpointNamed, refusals=(404,), example=_BODY,
    ),
)  # fmt: skip
