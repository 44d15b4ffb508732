"""Who is told what happens: the endpoints of outgoing webhooks."""

from __future__ import annotations

from typing import Literal, get_args

from pydantic import Field, model_validator

from publisher.config.sections import Section
from publisher.config.values import FeedUrl, Location, Private

EventType = Literal[
    "edition.cut", "edition.sent", "subscriber.confirmed", "subscriber.unsubscribed", "delivery.bounced"
]
EVENT_TYPES: tuple[EventType, ...] = get_args(EventType)


class Endpoint(Section):
    """An address that is told what happens, by signed requests (Standard Webhooks)."""

    url: FeedUrl = Field(description="where the events are posted to")
    secret_env: str = Field("", description="name of the environment variable that holds the secret")
    secret_file: Location | None = Field(
        None, description="file that holds it: whsec_ and 24 to 64 random bytes in base64"
    )
    events: list[EventType] = Field(
        list(EVENT_TYPES), min_length=1, description="which events it is told; default: all of them"
    )
    allow_private: list[Private] = Field(
        [],
        description="hosts, addresses or networks that it may be at though they are private, such as "
        "127.0.0.1 or 10.1.0.0/16; every other private address is refused",
    )

    @model_validator(mode="after")
    def _named(self) -> Endpoint:
        if not (self.secret_env or self.secret_file):
            raise ValueError("secret_env or secret_file: expected one of them")
        return self
