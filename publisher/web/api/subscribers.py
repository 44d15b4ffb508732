"""Subscribers: looked for, added, changed, unsubscribed, erased; and who must not be mailed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, Field
from sqlalchemy import Connection

from publisher import permissions, subscribing
from publisher.editions.slots import WEEKDAYS
from publisher.errors import NotFound
from publisher.store import consents, histories, parts, searching
from publisher.store import subscribers as rows
from publisher.store.subscribers import Subscriber, Subscription
from publisher.subscribing import choosing, erasing
from publisher.web.api.editions import NAME, Cadence
from publisher.web.api.operations import Answer, Body, Call, Given, Operation, Paged
from publisher.web.api.paging import begins, part

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
SubscriptionStatus = Literal["pending", "confirmed", "unsubscribed"]
Text = Annotated[str, Field(max_length=2000)]


class SubscriptionShown(Answer):
    """A subscriber's place in a newsletter."""

    newsletter: str
    status: SubscriptionStatus
    topics: list[str] | None = Field(description="null: all")
    cadence: str
    weekday: Weekday
    day: int
    hour: int
    zone: str
    language: str
    paused_until: datetime | None
    next_due_at: datetime | None
    created_at: datetime
    ended_at: datetime | None


class SubscriberShort(Answer):
    """A subscriber as a list shows it."""

    id: int = Field(examples=[17])
    address: str = Field(examples=["ada@example.org"])
    name: str
    created_at: datetime


class Suppressed(Answer):
    """Why an address must not be mailed, and since when."""

    address: str = Field(description="of one that was erased only a hash is left")
    reason: str
    since: datetime


class Agreed(Answer):
    """What somebody agreed to, or ended."""

    newsletter: str
    what: str
    source: str
    at: datetime


class SubscriberWhole(SubscriberShort):
    """All of a subscriber."""

    attributes: dict[str, str]
    subscriptions: list[SubscriptionShown]
    suppression: Suppressed | None
    consents: list[Agreed]


class Subscribers(Answer):
    """Some subscribers, by address."""

    items: list[SubscriberShort]
    next: str | None = Field(description="`after` of the next part; null: this was the last")


class Export(Answer):
    """Some subscribers with everything, by address."""

    items: list[SubscriberWhole]
    next: str | None = Field(description="`after` of the next part; null: this was the last")


class Suppressions(Answer):
    """Some suppressions, by address."""

    items: list[Suppressed]
    next: str | None = Field(description="`after` of the next part; null: this was the last")


class SubscribersAsked(Paged):
    """Which subscribers."""

    q: str = Field("", max_length=320, description="how the address, the name or the domain begins")


class SubscriberPlace(Given):
    """Which subscriber."""

    id: int = Field(ge=1, lt=1 << 62, description="the subscriber")


class Choice(Body):
    """What a subscriber chose; what is left out stays as it is, or as the newsletter has it by default."""

    newsletter: str = Field(pattern=NAME, examples=["daily"])
    name: str | None = Field(None, max_length=200)
    topics: list[str] | None = Field(None, max_length=200, description='["all"]: every topic')
    cadence: Cadence | None = None
    weekday: Weekday | None = None
    day: int | None = Field(None, ge=1, le=31)
    hour: int | None = Field(None, ge=0, le=23, description="where they are")
    zone: str | None = Field(None, max_length=64, examples=["Europe/Lisbon"])
    language: str | None = Field(None, max_length=35)
    paused_until: AwareDatetime | None = None
    attributes: dict[str, Text] = Field({}, max_length=50)


class Added(Choice):
    """Somebody who has agreed, and what they chose."""

    address: str = Field(min_length=3, max_length=320, examples=["ada@example.org"])
    status: SubscriptionStatus = Field("confirmed", description="only who has agreed is confirmed")


class Taken(Answer):
    """What became of it."""

    subscriber: int
    newsletter: str
    result: Literal["added", "updated", "unchanged"]


class UnsubscribeAsked(Body):
    """Which newsletter; default: all."""

    newsletter: str | None = Field(None, pattern=NAME)


class Unsubscribed(Answer):
    """How many subscriptions ended."""

    ended: int


class ErasedAnswer(Answer):
    """What was erased; with `under_way` above 0 messages are being sent: erase again in a minute."""

    subscriptions: int
    deliveries: int
    others: int
    under_way: int


class SuppressAsked(Body):
    """Never mail an address again."""

    address: str = Field(min_length=3, max_length=320, examples=["ada@example.org"])
    reason: str = Field("by hand", min_length=1, max_length=60)


class SuppressDone(Answer):
    """Whether that is new."""

    added: bool


class AddressPlace(Given):
    """Which address."""

    address: str = Field(min_length=3, max_length=320, description="the address")


def listed(call: Call) -> object:
    """A part of the subscribers."""
    permissions.check(call.actor, "see people")
    asked = call.query
    behind = begins(asked.after, str)
    with call.publisher.store.read() as tx:
        found = searching.subscribers(tx, asked.q, behind[0] if behind else "", asked.limit + 1)
    shown, more = part(found, asked.limit, lambda person: (rows.address_key(person.address),))
    return {"items": shown, "next": more}


def one(call: Call) -> object:
    """One subscriber."""
    permissions.check(call.actor, "see people")
    with call.publisher.store.read() as tx:
        person = rows.by_id(tx, call.place.id)
        if person is None:
            raise NotFound(f"no subscriber {call.place.id}")
        return _whole(tx, person)


def export(call: Call) -> object:
    """A part of everything."""
    permissions.check(call.actor, "export people")
    asked = call.query
    behind = begins(asked.after, str)
    with call.publisher.store.read() as tx:
        found = searching.subscribers(tx, "", behind[0] if behind else "", asked.limit + 1)
        shown, more = part(found, asked.limit, lambda person: (rows.address_key(person.address),))
        return {"items": [_whole(tx, person) for person in shown], "next": more}


def _whole(tx: Connection, person: Subscriber) -> dict[str, Any]:
    mine = rows.subscriptions_of(tx, person.id)
    barred = histories.suppression(tx, person.address)
    agreed = consents.of(tx, [person.id]).get(person.id, [])
    names = ("id", "address", "name", "created_at")
    suppression = {"address": person.address, "reason": barred[0], "since": barred[1]} if barred else None
    return {
        **{name: getattr(person, name) for name in names},
        "attributes": {str(k): str(v) for k, v in person.attributes.items()},
        "subscriptions": [_shown(each) for each in mine],
        "suppression": suppression,
        "consents": agreed,
    }


def _shown(s: Subscription) -> Mapping[str, Any]:
    names = SubscriptionShown.model_fields
    return {name: getattr(s, name) for name in names} | {
        "weekday": WEEKDAYS[s.weekday],
        "topics": None if s.topics is None else list(s.topics),
    }


def add(call: Call) -> object:
    """Take somebody in, or change what they chose."""
    return _take(call, call.body.address, call.body.status)


def change(call: Call) -> object:
    """Change what somebody chose; who left stays away."""
    person, newsletter = _person(call), call.body.newsletter
    with call.publisher.store.read() as tx:
        mine = rows.subscriptions_of(tx, person.id)
    there = next((s for s in mine if s.newsletter == newsletter), None)
    if there is None:
        raise NotFound(f"this subscriber has never had the newsletter {newsletter!r}")
    return _take(call, person.address, there.status)


def _take(call: Call, address: str, status: str) -> object:
    p, asked = call.publisher, call.body
    chosen, everything = choosing.topics(";".join(asked.topics or ()))
    names = ("name", "cadence", "day", "hour", "zone", "language", "paused_until", "attributes")
    choice = choosing.Choice(
        address=address,
        newsletter=asked.newsletter,
        status=status,
        topics=chosen,
        all_topics=everything,
        weekday=choosing.weekday(asked.weekday or ""),
        **{name: getattr(asked, name) for name in names},
    )
    permissions.check(call.actor, "change people")
    result = subscribing.subscribe(p.store, p.config, choice, call.now, source="API")
    with p.store.read() as tx:
        person = rows.find(tx, address)
    assert person
    return {"subscriber": person.id, "newsletter": asked.newsletter, "result": result}


def _person(call: Call) -> Subscriber:
    permissions.check(call.actor, "change people")
    with call.publisher.store.read() as tx:
        person = rows.by_id(tx, call.place.id)
    if person is None:
        raise NotFound(f"no subscriber {call.place.id}")
    return person


def unsubscribe(call: Call) -> object:
    """End one subscription, or all of them."""
    person, p = _person(call), call.publisher
    if call.body.newsletter is None:
        return {"ended": subscribing.remove(p.store, person.address, call.now)}
    with p.store.read() as tx:
        mine = rows.subscriptions_of(tx, person.id)
    ended = [s for s in mine if s.newsletter == call.body.newsletter and s.status != "unsubscribed"]
    for one_ in ended:
        subscribing.unsubscribe(p.store, one_.id, call.now)
    return {"ended": len(ended)}


def erase(call: Call) -> object:
    """Erase somebody, from the ledger too."""
    permissions.check(call.actor, "erase people")
    person, store = _person(call), call.publisher.store
    return erasing.erase(store, person.address, call.now)


def suppressed(call: Call) -> object:
    """A part of the suppressions."""
    permissions.check(call.actor, "see people")
    asked = call.query
    behind = begins(asked.after, str)
    with call.publisher.store.read() as tx:
        found = parts.suppressions_by_address(tx, asked.limit + 1, behind[0] if behind else "")
    shown, more = part(found, asked.limit, lambda row: (row.address_key,))
    named = ({"address": r.address_key, "reason": r.reason, "since": r.created_at} for r in shown)
    return {"items": list(named), "next": more}


def suppress(call: Call) -> object:
    """Never mail an address again."""
    permissions.check(call.actor, "change people")
    asked = call.body
    added = subscribing.suppress(call.publisher.store, asked.address, asked.reason, call.now)
    return {"added": added}


def unsuppress(call: Call) -> object:
    """Let an address be mailed again."""
    permissions.check(call.actor, "change people")
    with call.publisher.store.write() as tx:
        found = rows.unsuppress(tx, call.place.address)
    if not found:
        raise NotFound(f"{call.place.address} is not suppressed")
    return None


_SUBSCRIBER = "/subscribers/{id}"
_CHOICE = {"newsletter": "daily", "hour": 7, "zone": "Europe/Lisbon"}
OPERATIONS = (
    Operation(
        "GET", "/subscribers", "listSubscribers", "Subscribers, all or those that are looked for",
        "see people", listed, Subscribers, query=SubscribersAsked,
    ),
    Operation(
        "POST", "/subscribers", "addSubscriber", "Add one who has agreed, or change what they chose",
        "change people", add, Taken, body=Added, refusals=(404, 409), once=True, repeats=lambda _: True,
        example={"address": "ada@example.org", **_CHOICE},
    ),
    Operation(
        "GET", "/export", "exportSubscribers", "Subscribers by address, with everything that is kept of them",
        "export people", export, Export, query=Paged,
    ),
    Operation(
        "GET", _SUBSCRIBER, "getSubscriber", "One subscriber: subscriptions, consent, suppression",
        "see people", one, SubscriberWhole, place=SubscriberPlace, refusals=(404,),
    ),
    Operation(
        "PATCH", _SUBSCRIBER, "changeSubscriber", "Change what a subscriber chose in one newsletter",
        "change people", change, Taken, place=SubscriberPlace, body=Choice, refusals=(404, 409),
        example=_CHOICE,
    ),
    Operation(
        "POST", f"{_SUBSCRIBER}/unsubscribe", "unsubscribe", "End one subscription, or all of them",
        "change people", unsubscribe, Unsubscribed, place=SubscriberPlace, body=UnsubscribeAsked,
        refusals=(404,), once=True, repeats=lambda _: True, example={"newsletter": "daily"},
    ),
    Operation(
        "POST", f"{_SUBSCRIBER}/erase", "eraseSubscriber", "Erase a person, from the ledger too",
        "erase people", erase, ErasedAnswer, place=SubscriberPlace, refusals=(404, 409),
    ),
    Operation(
        "GET", "/suppressions", "listSuppressions", "Addresses that must never be mailed",
        "see people", suppressed, Suppressions, query=Paged,
    ),
    Operation(
        "POST", "/suppressions", "suppress", "Never mail an address again",
        "change people", suppress, SuppressDone, body=SuppressAsked, refusals=(409,), once=True,
        repeats=lambda _: True, example={"address": "ada@example.org", "reason": "asked by telephone"},
    ),
    Operation(
        "DELETE", "/suppressions/{address:path}", "unsuppress", "Let an address be mailed again",
        "change people", unsuppress, None, place=AddressPlace, status=204, refusals=(404,),
    ),
)  # fmt: skip
