"""Suppressions: addresses that must never be mailed."""

from __future__ import annotations

from pydantic import Field

from publisher import permissions
from publisher.store import parts
from publisher.web.api.operations import Answer, Call, Operation, Paged
from publisher.web.api.paging import begins, part
from publisher.web.api.subscribers import Suppressed


class Suppressions(Answer):
    """Some suppressions, by address."""

    items: list[Suppressed]
    next: str | None = Field(description="`after` of the next part; null: this was the last")


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


OPERATIONS = (
    Operation(
        "GET", "/suppressions", "listSuppressions", "Addresses that must never be mailed",
        "see people", suppressed, Suppressions, query=Paged,
    ),
)  # fmt: skip
