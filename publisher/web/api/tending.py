"""What is done for one subscriber: added, changed, paused, unsubscribed, suppressed, copied, erased."""

from __future__ import annotations

import json
from typing import Annotated, Any

from pydantic import AwareDatetime, Field

from publisher.subscribing import choosing, tending
from publisher.web.api.cutting import Cadence
from publisher.web.api.editions import NAME
from publisher.web.api.operations import Answer, Body, Call, Operation
from publisher.web.api.subscribers import SubscriberPlace, SuppressDone, Weekday
from publisher.web.private_feeds import addresses

Text = Annotated[str, Field(max_length=2000)]
_AGREED = Field(min_length=1, max_length=320, description="how they agreed, in a few words")


class Newsletter(Body):
    """Which newsletter."""

    newsletter: str = Field(pattern=NAME, examples=["daily"])


class Choice(Newsletter):
    """What a subscriber chose; what is left out stays as it is, or as the newsletter has it by default."""

    name: str | None = Field(None, max_length=200)
    topics: list[str] | None = Field(None, max_length=200, description='["all"]: every topic')
    cadence: Cadence | None = None
    weekday: Weekday | None = None
    day: int | None = Field(None, ge=1, le=31)
    hour: int | None = Field(None, ge=0, le=23, description="where they are")
    zone: str | None = Field(None, max_length=64, examples=["Europe/Lisbon"])
    language: str | None = Field(None, max_length=35)
    attributes: dict[str, Text] = Field({}, max_length=50)


class Added(Choice):
    """Somebody who has agreed, and what they chose."""

    address: str = Field(min_length=3, max_length=320, examples=["ada@example.org"])
    agreed: str = _AGREED


class Begun(Newsletter):
    """One more newsletter, or one again."""

    agreed: str = _AGREED


class Paused(Newsletter):
    """Until when; null: go on."""

    until: AwareDatetime | None


class SuppressAsked(Body):
    """Never mail a subscriber again."""

    reason: str = Field("by hand", max_length=60)


class LiftAsked(Body):
    """Let a subscriber be mailed again."""

    sure: bool = Field(False, description="needed where a bounce or a complaint suppressed them")


class EraseAsked(Body):
    """The address once more, so that nobody else is erased."""

    address: str = Field(min_length=3, max_length=320, examples=["ada@example.org"])


class Named(Answer):
    """Whom it was done for."""

    subscriber: int


class FeedMade(Answer):
    """The addresses of a private feed: whoever has them reads it."""

    urls: dict[str, str]


class Kept(Answer):
    """Everything that is kept of somebody."""

    kept: dict[str, Any]


class ErasedAnswer(Answer):
    """What was erased; with `under_way` above 0 messages are being sent: erase again in a minute."""

    subscriptions: int
    deliveries: int
    others: int
    under_way: int


def _choice(call: Call, address: str) -> choosing.Choice:
    asked = call.body
    chosen, everything = choosing.topics(";".join(asked.topics or ()))
    names = ("name", "cadence", "day", "hour", "zone", "language", "attributes")
    return choosing.Choice(
        address=address,
        newsletter=asked.newsletter,
        status="confirmed",
        topics=chosen,
        all_topics=everything,
        weekday=choosing.weekday(asked.weekday or ""),
        **{name: getattr(asked, name) for name in names},
    )


def add(call: Call) -> object:
    """Take somebody in."""
    p, asked = call.publisher, call.body
    choice = _choice(call, asked.address)
    return {"subscriber": tending.add(p.store, p.config, call.actor, choice, asked.agreed, call.now)}


def choose(call: Call) -> object:
    """Change what somebody chose."""
    p = call.publisher
    tending.choose(p.store, p.config, call.actor, call.place.id, _choice(call, ""), call.now)
    return _named(call)


def begin(call: Call) -> object:
    """One more newsletter."""
    p, asked = call.publisher, call.body
    given = (call.place.id, asked.newsletter, asked.agreed, call.now)
    tending.begin(p.store, p.config, call.actor, *given)
    return _named(call)


def stop(call: Call) -> object:
    """End one newsletter."""
    store = call.publisher.store
    tending.stop(store, call.actor, call.place.id, call.body.newsletter, call.now)
    return _named(call)


def pause(call: Call) -> object:
    """Nothing until then."""
    asked = call.body
    store = call.publisher.store
    tending.pause(store, call.actor, call.place.id, asked.newsletter, asked.until, call.now)
    return _named(call)


def suppress(call: Call) -> object:
    """Never mail them again."""
    store = call.publisher.store
    return {"added": tending.suppress(store, call.actor, call.place.id, call.body.reason, call.now)}


def lift(call: Call) -> object:
    """Let them be mailed again."""
    tending.lift(call.publisher.store, call.actor, call.place.id, call.body.sure, call.now)
    return _named(call)


def make_feed(call: Call) -> object:
    """A feed of what they chose."""
    p = call.publisher
    feed = tending.make_feed(p.store, call.actor, call.place.id, call.body.newsletter, call.now)
    return {"urls": addresses(p, feed)}


def end_feed(call: Call) -> object:
    """Take it back."""
    store = call.publisher.store
    tending.revoke_feed(store, call.actor, call.place.id, call.body.newsletter, call.now)
    return _named(call)


def copy(call: Call) -> object:
    """Everything that is kept of them."""
    kept = tending.copy(call.publisher.store, call.actor, call.place.id, call.now)
    return {"kept": json.loads(json.dumps(kept, default=str))}


def erase(call: Call) -> object:
    """Erase them, from the ledger too."""
    store = call.publisher.store
    return tending.forget(store, call.actor, call.place.id, call.body.address, call.now)


def _named(call: Call) -> object:
    return {"subscriber": call.place.id}


_ONE = "/subscribers/{id}"
_CHOICE = {"newsletter": "daily", "hour": 7, "zone": "Europe/Lisbon"}
_DAILY = {"newsletter": "daily"}
_WORDS = "asked by telephone"
OPERATIONS = (
    Operation(
        "POST", "/subscribers", "addSubscriber", "Add one who has agreed; who had left is taken back",
        "change people", add, Named, body=Added, refusals=(404, 409), once=True, repeats=lambda _: True,
        example={"address": "ada@example.org", "agreed": _WORDS, **_CHOICE},
    ),
    Operation(
        "PATCH", _ONE, "changeSubscriber", "Change what a subscriber chose of a newsletter that they get",
        "change people", choose, Named, place=SubscriberPlace, body=Choice, refusals=(404, 409),
        example=_CHOICE,
    ),
    Operation(
        "POST", f"{_ONE}/subscribe", "subscribe", "One more newsletter for a subscriber, or one again",
        "change people", begin, Named, place=SubscriberPlace, body=Begun, refusals=(404, 409), once=True,
        repeats=lambda _: True, example={**_DAILY, "agreed": _WORDS},
    ),
    Operation(
        "POST", f"{_ONE}/unsubscribe", "unsubscribe", "End one newsletter; a running send obeys at once",
        "change people", stop, Named, place=SubscriberPlace, body=Newsletter, refusals=(404,), example=_DAILY,
    ),
    Operation(
        "POST", f"{_ONE}/pause", "pauseSubscription", "Nothing until then, and one digest afterwards",
        "change people", pause, Named, place=SubscriberPlace, body=Paused, refusals=(404,),
        example={**_DAILY, "until": "2026-12-24T00:00:00Z"},
    ),
    Operation(
        "POST", f"{_ONE}/suppress", "suppressSubscriber", "Never mail a subscriber again",
        "change people", suppress, SuppressDone, place=SubscriberPlace, body=SuppressAsked,
        refusals=(404, 409), example={"reason": _WORDS},
    ),
    Operation(
        "POST", f"{_ONE}/lift", "liftSuppression", "Let a subscriber be mailed again",
        "change people", lift, Named, place=SubscriberPlace, body=LiftAsked, refusals=(404, 409),
        example={"sure": True},
    ),
    Operation(
        "POST", f"{_ONE}/feed", "makeFeed", "A private feed of what they chose; an earlier one ends",
        "change people", make_feed, FeedMade, place=SubscriberPlace, body=Newsletter, refusals=(404,),
        example=_DAILY,
    ),
    Operation(
        "POST", f"{_ONE}/end-feed", "endFeed", "Take a private feed back",
        "change people", end_feed, Named, place=SubscriberPlace, body=Newsletter, refusals=(404,),
        example=_DAILY,
    ),
    Operation(
        "POST", f"{_ONE}/copy", "copySubscriber", "Everything that is kept; the log says who asked",
        "export people", copy, Kept, place=SubscriberPlace, refusals=(404,),
    ),
    Operation(
        "POST", f"{_ONE}/erase", "eraseSubscriber", "Erase a person, from the ledger too",
        "erase people", erase, ErasedAnswer, place=SubscriberPlace, body=EraseAsked, refusals=(404, 409),
        example={"address": "ada@example.org"},
    ),
)  # fmt: skip
