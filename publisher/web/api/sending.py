"""Editions on their way: approved, sent, paused, resumed, cancelled."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, Field

from publisher import delivering
from publisher.cutting import cancelling
from publisher.delivering import approving, controlling, opening
from publisher.errors import Refused
from publisher.web.api.editions import EDITION, EditionPlace, EditionWhole, found, whole
from publisher.web.api.operations import Body, Call, Operation


class ApprovalGiven(Body):
    """What was looked at."""

    seen: str = Field(pattern="^[0-9a-f]{64}$", description="as `seeEdition` gave it", examples=["0" * 64])


class SendAsked(Body):
    """When it leaves; without either, each delivery at its own time."""

    when: Literal["now", "local"] | None = Field(
        None, description="now: all that waits; local: each at its subscriber's next hour"
    )
    at: AwareDatetime | None = Field(None, description="it is opened at that moment")


def approve(call: Call) -> object:
    """Open a held edition, bound to what was seen."""
    store, edition = call.publisher.store, found(call)
    return whole(call, approving.approve(store, edition, call.now, call.body.seen, actor=call.actor))


def send(call: Call) -> object:
    """Let an edition go."""
    asked = call.body
    if asked.when and asked.at:
        raise Refused("at: expected when or at, not both")
    store, edition = call.publisher.store, found(call)
    opened = opening.open_edition(
        store, edition, call.now, at=asked.at, when=asked.when or "", actor=call.actor
    )
    return whole(call, opened)


def pause(call: Call) -> object:
    """Start nothing more of it."""
    store, edition = call.publisher.store, found(call)
    return whole(call, controlling.pause(store, edition, call.now, "by hand", actor=call.actor))


def resume(call: Call) -> object:
    """Let it go on."""
    store = call.publisher.store
    edition = controlling.resume(store, found(call), call.now, actor=call.actor)
    delivering.finish(store, call.now)
    return whole(call, edition)


def hold(call: Call) -> object:
    """Take it out of the clock's hands."""
    return whole(call, controlling.hold(call.publisher.store, found(call), call.now, actor=call.actor))


def cancel(call: Call) -> object:
    """Stop it for good."""
    edition = found(call)
    cancelling.cancel(call.publisher.store, edition, call.now, "by hand", actor=call.actor)
    return whole(call, edition)


OPERATIONS = (
    Operation(
        "POST", f"{EDITION}/approve", "approveEdition", "Approve a held edition: bound to what was seen",
        "approve", approve, EditionWhole, place=EditionPlace, body=ApprovalGiven, refusals=(404, 409),
        once=True, repeats=lambda _: True, example={"seen": "0" * 64},
    ),
    Operation(
        "POST", f"{EDITION}/send", "sendEdition", "Send: at once, at a moment, or at each subscriber's hour",
        "send", send, EditionWhole, place=EditionPlace, body=SendAsked, refusals=(404, 409),
        once=True, repeats=lambda _: True, example={"when": "now"},
    ),
    Operation(
        "POST", f"{EDITION}/pause", "pauseEdition", "Start nothing more of it until it is resumed",
        "pause", pause, EditionWhole, place=EditionPlace, refusals=(404, 409),
        once=True, repeats=lambda _: True,
    ),
    Operation(
        "POST", f"{EDITION}/resume", "resumeEdition", "Let a paused edition go on",
        "resume", resume, EditionWhole, place=EditionPlace, refusals=(404, 409),
        once=True, repeats=lambda _: True,
    ),
    Operation(
        "POST", f"{EDITION}/hold", "holdEdition", "Take a scheduled edition out of the clock's hands",
        "pause", hold, EditionWhole, place=EditionPlace, refusals=(404, 409),
        once=True, repeats=lambda _: True,
    ),
    Operation(
        "POST", f"{EDITION}/cancel", "cancelEdition", "Stop an edition for good",
        "cancel", cancel, EditionWhole, place=EditionPlace, refusals=(404, 409),
        once=True, repeats=lambda _: True,
    ),
)  # fmt: skip
