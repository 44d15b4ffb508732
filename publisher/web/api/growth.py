"""How many subscribers come and go."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field

from publisher.subscribing import growth
from publisher.web.api.operations import Answer, Call, Given, Operation
from publisher.web.api.subscribers import ANY_NAME


class GrowthAsked(Given):
    """Of what."""

    by: Literal["day", "week", "month"] = Field("week", description="how long a period is")
    newsletter: str = Field("", pattern=ANY_NAME, description="of one newsletter; default: of all together")


class PeriodShown(Answer):
    """A day, week or month (UTC)."""

    name: str = Field(examples=["2026-W47"])
    begins: date
    came: int
    left: int
    standing: int | None = Field(description="how many there were at its end; null: nobody knows")
    churn: float | None = Field(description="how many in a hundred of those at its beginning left")


class Growth(Answer):
    """The last periods, the newest first."""

    items: list[PeriodShown]


def grown(call: Call) -> object:
    """Who came and left."""
    asked = call.query
    store = call.publisher.store
    return {"items": growth.read(store, call.actor, asked.newsletter, asked.by, call.now)}


OPERATIONS = (
    Operation(
        "GET", "/subscribers/growth", "getGrowth", "Who came and left, by day, week or month",
        "see people", grown, Growth, query=GrowthAsked,
    ),
)  # fmt: skip
