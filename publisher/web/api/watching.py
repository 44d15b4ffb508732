"""Watching an edition: how it gets on, by provider, in the servers' words, and who sends."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from publisher.delivering import progress
from publisher.delivering.progress import Provider
from publisher.web.api.editions import EDITION, EditionPlace, found
from publisher.web.api.operations import Answer, Call, Operation
from publisher.web.api.publication import StandingShown


class ProviderShown(Answer):
    """A mailbox provider, and what became of deliveries to it."""

    name: str = Field(examples=["google"])
    counts: dict[str, int] = Field(description="by status")
    limit: float | None = Field(description="messages a second that it is given, where it asked for fewer")


class SaidShown(Answer):
    """What was answered alike about several deliveries; what names one of them is left out."""

    status: str
    code: int
    words: str
    count: int
    providers: list[str]
    others: int = Field(description="how many more providers there are")


class ServerShown(Answer):
    """A mail server of the configuration, and what it said when it asked for fewer."""

    name: str
    limit: float | None = Field(description="messages a second that it is given")
    reply: str


class TroubleShown(Answer):
    """Why nothing leaves."""

    said: str
    since: datetime
    at: datetime


class ProgressShown(StandingShown):
    """An edition at one moment; of a large one, providers and words are those of its newest deliveries."""

    reason: str = Field(description="why it stands so, where there is something to say")
    counts: dict[str, int] = Field(description="deliveries by status")
    providers: list[ProviderShown]
    others: int = Field(description="how many more providers there are")
    outcomes: int = Field(description="of how many deliveries the providers are counted")
    whole: bool = Field(description="whether these are all of the edition")
    since: datetime | None = Field(description="where they are not: the oldest of them")
    said: list[SaidShown]
    answers: int = Field(description="how many answers were looked at")
    of: int = Field(description="how many there are")
    senders: int = Field(description="how many processes send")
    servers: list[ServerShown]
    trouble: TroubleShown | None
    at: datetime


def look(call: Call) -> object:
    """How an edition gets on now."""
    p = call.publisher
    now = progress.look(p.store, p.config, call.actor, found(call), call.now)
    stands = now.standing
    same = ("others", "outcomes", "whole", "since", "said", "answers", "of", "servers", "at")
    own = ("edition", "state", "planned", "ended", "due", "estimated_end")
    trouble = now.trouble._replace(said=progress.plain(now.trouble.said)) if now.trouble else None
    return {
        **{name: getattr(now, name) for name in same},
        **{name: getattr(stands, name) for name in own},
        "rate": round(stands.rate, 1),
        "reason": progress.plain(stands.reason),
        "counts": dict(stands.counts),
        "providers": [_provider(one) for one in now.providers],
        "senders": sum(one.alive and one.sends for one in now.workers),
        "trouble": trouble,
    }


def _provider(one: Provider) -> dict[str, object]:
    return {"name": one.name, "counts": dict(one.counts), "limit": one.limit}


OPERATIONS = (
    Operation(
        "GET", f"{EDITION}/progress", "watchEdition", "How it gets on: rate, providers, servers' own words",
        "look", look, ProgressShown, place=EditionPlace, refusals=(404,),
    ),
)  # fmt: skip
