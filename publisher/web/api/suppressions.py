"""Suppressions: addresses that must never be mailed."""

from __future__ import annotations

from pydantic import Field

from publisher import permissions
from publisher.store import parts
from publisher.subscribing import suppressing
from publisher.web.api.operations import Answer, Body, Call, Operation, Paged
from publisher.web.api.paging import begins, part
from publisher.web.api.subscribers import SuppressDone, Suppressed


class Suppressions(Answer):
    """Some suppressions, by address."""

    items: list[Suppressed]
    next: str | None = Field(description="`after` of the next part; null: this was the last")


class AddressSuppressed(Body):
    """An address, a subscriber's or nobody's."""

    address: str = Field(min_length=3, max_length=320, examples=["ada@example.org"])
    reason: str = Field("by hand", max_length=60)


class AddressLifted(Body):
    """An address that may be mailed again."""

    address: str = Field(min_length=3, max_length=320, examples=["ada@example.org"])
    sure: bool = Field(False, description="needed where a bounce or a complaint suppressed it")


class Lifted(Answer):
    """The address that may be mailed again."""

    address: str


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
    asked = call.body
    store = call.publisher.store
    return {"added": suppressing.suppress(store, call.actor, asked.address, asked.reason, call.now)}


def lift(call: Call) -> object:
    """Let an address be mailed again."""
    asked = call.body
    suppressing.lift(call.publisher.store, call.actor, asked.address, asked.sure, call.now)
    return {"address": asked.address}


OPERATIONS = (
    Operation(
        "GET", "/suppressions", "listSuppressions", "Addresses that must never be mailed",
        "see people", suppressed, Suppressions, query=Paged,
    ),
    Operation(
        "POST", "/suppressions", "suppressAddress", "Never mail an address again, a subscriber's or nobody's",
        "change people", suppress, SuppressDone, body=AddressSuppressed, refusals=(409,),
        example={"address": "nobody@example.org", "reason": "asked by telephone"},
    ),
    Operation(
        "POST", "/suppressions/lift", "liftAddress", "Let an address be mailed again",
        "change people", lift, Lifted, body=AddressLifted, refusals=(409,),
        example={"address": "nobody@example.org", "sure": True},
    ),
)  # fmt: skip
