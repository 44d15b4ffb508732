"""Subscribers: looked for, all that is known of one, and everybody in a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from publisher.editions.slots import WEEKDAYS
from publisher.store.subscribers import Subscription
from publisher.subscribing import exports, finding
from publisher.subscribing.finding import Known
from publisher.web.api.editions import NAME
from publisher.web.api.operations import Answer, Body, Call, Given, Operation
from publisher.web.api.paging import begins, ends_at

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
SubscriptionStatus = Literal["pending", "confirmed", "unsubscribed"]
ANY_NAME = rf"^$|{NAME}"


class Place(Answer):
    """A newsletter of theirs; `status` is paused where it is confirmed and pauses."""

    newsletter: str
    status: str


class SubscriberShort(Answer):
    """A subscriber as a list shows it."""

    id: int = Field(examples=[17])
    address: str = Field(examples=["ada@example.org"])
    name: str
    created_at: datetime
    places: list[Place]


class Subscribers(Answer):
    """Some subscribers; a part may hold fewer than fifty, and yet not be the last."""

    items: list[SubscriberShort]
    next: str | None = Field(description="`after` of the next part; null: this was the last")


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


class Suppressed(Answer):
    """Why an address must not be mailed, and since when."""

    address: str = Field(description="of one that was erased only a hash is left")
    reason: str
    since: datetime


class SuppressDone(Answer):
    """Whether that is new."""

    added: bool


class Agreed(Answer):
    """What somebody agreed to, or ended."""

    newsletter: str
    what: str
    source: str
    at: datetime


class Got(Answer):
    """A delivery to them."""

    edition: str
    status: str
    at: datetime | None


class SubscriberWhole(Answer):
    """All that is known of a subscriber; of deliveries the newest fifty."""

    id: int = Field(examples=[17])
    address: str = Field(examples=["ada@example.org"])
    name: str
    created_at: datetime
    attributes: dict[str, str]
    subscriptions: list[SubscriptionShown]
    suppression: Suppressed | None
    consents: list[Agreed]
    deliveries: list[Got]


class SubscriberPlace(Given):
    """Which subscriber."""

    id: int = Field(ge=1, lt=1 << 62, description="the subscriber")


class SubscribersAsked(Given):
    """Which subscribers, fifty at a time; the newest first, or as they are found."""

    q: str = Field("", max_length=320, description="how the address, the name or the domain begins")
    newsletter: str = Field("", pattern=ANY_NAME, description="only those of one newsletter")
    status: SubscriptionStatus | Literal["", "paused"] = Field("", description="only those who stand so")
    after: str = Field(
        "", max_length=800, pattern=r"^[A-Za-z0-9_-]*$", description="`next` of the part before"
    )


class ExportAsked(Body):
    """Whom."""

    newsletter: str = Field("", pattern=ANY_NAME, description="only those of one newsletter")
    status: SubscriptionStatus | Literal[""] = Field("", description="only those who stand so")


def listed(call: Call) -> object:
    """A part of the subscribers."""
    p, asked = call.publisher, call.query
    wanted = finding.Wanted(asked.q, asked.newsletter, asked.status)
    after = (begins(asked.after, str) or ("",))[0]
    page = finding.find(p.store, p.config, call.actor, wanted, after, call.now)
    return {"items": page.rows, "next": ends_at(page.more) if page.more else None}


def one(call: Call) -> object:
    """One subscriber."""
    return _whole(finding.known(call.publisher.store, call.actor, call.place.id))


def _whole(known: Known) -> dict[str, Any]:
    person, barred = known.person, known.suppression
    suppression = {"address": person.address, "reason": barred[0], "since": barred[1]} if barred else None
    return {
        **{name: getattr(person, name) for name in ("id", "address", "name", "created_at")},
        "attributes": {str(k): str(v) for k, v in person.attributes.items()},
        "subscriptions": [_shown(each) for each in known.subscriptions],
        "suppression": suppression,
        "consents": known.consents,
        "deliveries": list(_got(known)),
    }


def _shown(s: Subscription) -> Mapping[str, Any]:
    names = SubscriptionShown.model_fields
    return {name: getattr(s, name) for name in names} | {
        "weekday": WEEKDAYS[s.weekday],
        "topics": None if s.topics is None else list(s.topics),
    }


def _got(known: Known) -> Iterator[dict[str, object]]:
    for row in known.deliveries:
        at = row.finished_at or row.started_at
        yield {"edition": f"{row.newsletter}/{row.number}", "status": row.status, "at": at}


def export(call: Call) -> Iterator[str]:
    """Everybody, as CSV that can be imported; that it was asked for stands in the log."""
    asked = call.body
    store = call.publisher.store
    return exports.streamed(store, call.actor, asked.newsletter, asked.status, call.now)


OPERATIONS = (
    Operation(
        "GET", "/subscribers", "listSubscribers", "Subscribers, all or those that are looked for",
        "see people", listed, Subscribers, query=SubscribersAsked,
    ),
    Operation(
        "POST", "/subscribers/export", "exportSubscribers", "Every subscription, as CSV that can be imported",
        "export people", export, None, body=ExportAsked, streams="text/csv",
        example={"newsletter": "daily", "status": "confirmed"},
    ),
    Operation(
        "GET", "/subscribers/{id}", "getSubscriber", "One subscriber: subscriptions, consent, deliveries",
        "see people", one, SubscriberWhole, place=SubscriberPlace, refusals=(404,),
    ),
)  # fmt: skip
