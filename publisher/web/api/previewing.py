"""An edition looked at and tried out: the exact message, what is wrong with it, and marked copies."""

from __future__ import annotations

from base64 import b64encode
from typing import Literal

from pydantic import Field

from publisher import permissions
from publisher.delivering import approving, copies, previewing
from publisher.delivering.messages import Composer
from publisher.freezing import inspecting
from publisher.web.api.editions import EDITION, EditionPlace, found
from publisher.web.api.operations import Answer, Body, Call, Given, Operation


class PreviewAsked(Given):
    """For whom."""

    address: str = Field("", alias="as", max_length=320, description="an address; default: somebody")


class PreviewMade(Answer):
    """The exact message."""

    subject: str
    html: str
    text: str
    eml: str = Field(description="the whole message, in base64")


class Check(Answer):
    """What was found; an error keeps the edition from leaving."""

    rule: str
    message: str
    level: Literal["error", "warning"]


class Checks(Answer):
    """All that was found, errors first."""

    items: list[Check]


class Seen(Answer):
    """What `approve` is bound to."""

    seen: str = Field(description="SHA-256 of the frozen bytes and of whom they are for")


class CopiesAsked(Body):
    """To whom a marked copy goes."""

    addresses: list[str] = Field(min_length=1, max_length=20, examples=[["editor@courier.example"]])


class CopiesQueued(Answer):
    """Copies that are about to leave."""

    queued: int


def preview(call: Call) -> object:
    """The message that somebody gets."""
    return _preview(call, f"{call.place.newsletter}/{call.place.number}")


def preview_new(call: Call) -> object:
    """The message that somebody would get now."""
    return _preview(call, call.place.newsletter)


def _preview(call: Call, what: str) -> object:
    p, address = call.publisher, call.query.address
    asked = (p.store, p.config, p.templates, p.keys, what, address, call.now)
    made = previewing.preview(*asked, actor=call.actor)
    eml = b64encode(made.eml).decode()
    return {"subject": made.subject, "html": made.html.decode(), "text": made.text.decode(), "eml": eml}


def checks(call: Call) -> object:
    """What mailbox providers and readers would stumble over."""
    permissions.check(call.actor, "look")
    p = call.publisher
    return {"items": inspecting.inspect(p.store, p.config, found(call))}


def seen(call: Call) -> object:
    """What an approval of it now would be bound to."""
    permissions.check(call.actor, "look")
    edition = found(call)
    return {"seen": edition.fingerprint or approving.fingerprint(call.publisher.store, edition)}


def copy(call: Call) -> object:
    """Queue marked copies."""
    p = call.publisher
    composer = Composer(p.store, p.config, p.keys)
    queued = copies.queue_copies(composer, found(call), call.body.addresses, call.now, actor=call.actor)
    return {"queued": len(queued)}


OPERATIONS = (
    Operation(
        "GET", f"{EDITION}/preview", "previewEdition", "The exact message, as somebody gets it",
        "look", preview, PreviewMade, place=EditionPlace, query=PreviewAsked, refusals=(404, 409),
    ),
    Operation(
        "GET", f"{EDITION}/checks", "checkEdition", "What is wrong with it; an error keeps it from leaving",
        "look", checks, Checks, place=EditionPlace, refusals=(404,),
    ),
    Operation(
        "GET", f"{EDITION}/seen", "seeEdition", "What an approval would be bound to: give it to approve",
        "look", seen, Seen, place=EditionPlace, refusals=(404,),
    ),
    Operation(
        "POST", f"{EDITION}/test-copies", "sendTestCopies", "Send marked copies, outside of its ledger",
        "test", copy, CopiesQueued, place=EditionPlace, body=CopiesAsked, status=202,
        refusals=(404,), once=True,
        example={"addresses": ["editor@courier.example"]},
    ),
)  # fmt: skip
