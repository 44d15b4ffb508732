"""Deliveries: the ledger of an edition, why somebody got it or not, and what a person does about it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from publisher import delivering, links, permissions
from publisher.delivering import explaining, opening, retrying
from publisher.errors import NotFound
from publisher.model.mail import Status
from publisher.store import histories, parts, searching
from publisher.store.editions import Edition
from publisher.web.api.editions import EDITION, EditionPlace, found
from publisher.web.api.operations import Answer, Body, Call, Given, Operation, Paged
from publisher.web.api.paging import begins, ends_at

_SECONDS = 5.0  # that a request works on a retry
_ADDRESS = Field(None, min_length=3, max_length=320, description="only that to this address")


class DeliveryShort(Answer):
    """A delivery as a list shows it."""

    id: int = Field(examples=[4711])
    subscriber: int
    address: str = Field(examples=["ada@example.org"])
    status: Status
    code: int = Field(description="the mail server's reply code, 0 for none", examples=[250])
    reply: str = Field(description="the mail server's own words")
    attempts: int
    due_at: datetime | None
    at: datetime | None = Field(description="when it ended, or was last begun")
    acknowledged_at: datetime | None
    message_id: str


class Event(Answer):
    """One change of its status."""

    at: datetime
    old: str
    new: str
    attempt: int
    code: int
    reply: str


class DeliveryWhole(DeliveryShort):
    """A delivery with its history, the earliest first."""

    events: list[Event]


class Deliveries(Answer):
    """Some deliveries; a part may hold fewer than were asked for, and yet not be the last."""

    items: list[DeliveryShort]
    next: str | None = Field(description="`after` of the next part; null: this was the last")


class DeliveriesAsked(Paged):
    """Which deliveries."""

    status: Status | Literal[""] = Field("", description="only those of this status")
    q: str = Field("", max_length=320, description="only those to addresses that begin so")


class DeliveryPlace(EditionPlace):
    """Which delivery."""

    id: int = Field(ge=1, lt=1 << 62, description="the delivery")


class RetryAsked(Body):
    """Which deliveries to send again."""

    status: Literal["unknown", "deferred", "bounced", "expired"]
    address: str | None = _ADDRESS


class Barred(Answer):
    """Who gets nothing."""

    address: str
    reason: str


class Retried(Answer):
    """How many are due again, who must not be mailed, and how many are left."""

    again: int
    suppressed: list[Barred]
    left: int = Field(description="how many the clock goes on with, a little at a time")


class AcknowledgeAsked(Body):
    """Which unknown deliveries a person has seen."""

    address: str | None = _ADDRESS


class Acknowledged(Answer):
    """How many nobody had seen before."""

    acknowledged: int


class ExplainAsked(Given):
    """Whom, and which edition."""

    address: str = Field(min_length=3, max_length=320, examples=["ada@example.org"])
    edition: str = Field("", max_length=80, description="NEWSLETTER/NUMBER; default: everything")


class Explained(Answer):
    """What there is to say, in sentences and as facts."""

    address: str
    says: list[str]
    facts: dict[str, Any]


def listed(call: Call) -> object:
    """A part of the ledger; what was compacted is there too."""
    permissions.check(call.actor, "see people")
    edition, asked = found(call), call.query
    after = begins(asked.after, int) or (0,)
    with call.publisher.store.read() as tx:
        rows = searching.deliveries(tx, edition.id, asked.q, asked.status, after[0], asked.limit)
    whole = not rows or (len(rows) < asked.limit and not (asked.q or asked.status))
    ends = None if whole else ends_at(rows[-1].subscriber_id)
    return {"items": [_short(call, edition, row) for row in rows], "next": ends}


def _short(call: Call, edition: Edition, row: Any) -> dict[str, object]:
    newsletter = call.publisher.config.newsletters.get(edition.newsletter)
    domain = newsletter.sender.domain if newsletter else ""
    names = ("id", "address", "status", "code", "reply", "due_at", "acknowledged_at")
    return {
        **{name: getattr(row, name) for name in names},
        "subscriber": row.subscriber_id,
        "attempts": row.attempt,
        "at": row.finished_at or row.started_at,
        "message_id": f"<{links.message_id(call.publisher.keys, domain, row.id, row.generation)}>",
    }


def one(call: Call) -> object:
    """One delivery."""
    permissions.check(call.actor, "see people")
    edition = found(call)
    with call.publisher.store.read() as tx:
        row = parts.delivery(tx, edition.id, call.place.id)
        events = histories.events_of(tx, [row.id])[row.id] if row else []
    if row is None:
        raise NotFound(f"{edition.name} has no delivery {call.place.id}")
    return _short(call, edition, row) | {"events": events}


def retry(call: Call) -> object:
    """Make them due now."""
    store, asked = call.publisher.store, call.body
    given = (store, call.actor, found(call), asked.status, call.now, asked.address or "")
    done = retrying.retry(*given, seconds=_SECONDS)
    return {
        "again": done.again,
        "left": done.left,
        "suppressed": [{"address": address, "reason": why} for address, why in done.suppressed],
    }


def acknowledge(call: Call) -> object:
    """A person has seen them."""
    store = call.publisher.store
    seen = retrying.acknowledge(store, call.actor, found(call), call.now, call.body.address or "")
    delivering.finish(store, call.now)
    return {"acknowledged": seen}


def explain(call: Call) -> object:
    """Why somebody gets something, or does not."""
    p, asked = call.publisher, call.query
    edition = opening.named(p.store, asked.edition) if asked.edition else None
    data = explaining.explain(p.store, call.actor, p.config, asked.address, call.now, edition)
    return {"address": data.pop("address"), "says": data.pop("says"), "facts": data}


OPERATIONS = (
    Operation(
        "GET", f"{EDITION}/deliveries", "listDeliveries", "The ledger of an edition",
        "see people", listed, Deliveries, place=EditionPlace, query=DeliveriesAsked, refusals=(404,),
    ),
    Operation(
        "GET", f"{EDITION}/deliveries/{{id}}", "getDelivery", "One delivery with its history",
        "see people", one, DeliveryWhole, place=DeliveryPlace, refusals=(404,),
    ),
    Operation(
        "POST", f"{EDITION}/retry", "retryDeliveries", "Send exactly those again, now",
        "retry", retry, Retried, place=EditionPlace, body=RetryAsked, refusals=(404, 409), once=True,
        example={"status": "bounced"},
    ),
    Operation(
        "POST", f"{EDITION}/acknowledge", "acknowledgeDeliveries", "Say that the unknown ones were seen",
        "acknowledge", acknowledge, Acknowledged, place=EditionPlace, body=AcknowledgeAsked, refusals=(404,),
        once=True, repeats=lambda _: True, example={},
    ),
    Operation(
        "GET", "/explain", "explain", "Why somebody gets something, or does not",
        "see people", explain, Explained, query=ExplainAsked, refusals=(404,),
    ),
)  # fmt: skip
