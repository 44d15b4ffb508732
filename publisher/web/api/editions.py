"""Editions: listed, cut, looked at, tried out."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any, Literal

from pydantic import AwareDatetime, Field

from publisher import cutting, permissions, subscribing
from publisher.delivering import approving, copies, opening, previewing, watching
from publisher.delivering.messages import Composer
from publisher.errors import Refused
from publisher.freezing import inspecting
from publisher.store import contents, parts
from publisher.store import editions as rows
from publisher.store.editions import Edition
from publisher.web.api.operations import Answer, Body, Call, Given, Operation, Paged
from publisher.web.api.paging import begins, part

State = Literal["cutting", "held", "scheduled", "sending", "paused", "done", "cancelled"]
Cadence = Literal["instant", "daily", "weekly", "monthly"]
NAME = r"^[a-z0-9][a-z0-9-]{0,62}$"


class Counts(Answer):
    """How many deliveries there are, and how many have each status."""

    planned: int
    queued: int
    sending: int
    sent: int
    deferred: int
    bounced: int
    expired: int
    suppressed: int
    cancelled: int
    unknown: int


class EditionShort(Answer):
    """An edition as a list shows it."""

    edition: str = Field(examples=["daily/12"])
    newsletter: str = Field(examples=["daily"])
    number: int = Field(examples=[12])
    state: State
    reason: str = Field(description="why it is so, where there is something to say")
    cadence: str = Field(description="instant, daily, weekly, monthly or hand")
    slot: str = Field(description="the period that it is for", examples=["2026-11-21"])
    subject: str
    needs_approval: bool
    approved: bool
    created_at: datetime
    opens_at: datetime | None
    opened_at: datetime | None
    done_at: datetime | None


class EditionWhole(EditionShort):
    """An edition, and how it stands."""

    intro: str
    edits: int = Field(description="how often it was changed: give it back with a change")
    dropped: list[str] = Field(description="ids of articles that were left out")
    articles: list[str] = Field(description="the ids of those that it names in any variant")
    counts: Counts
    due: int = Field(description="how many wait whose hour has come")
    rate: float = Field(description="messages a second, over the last ten")
    estimated_end: datetime | None


class Editions(Answer):
    """Some editions, the newest first."""

    items: list[EditionShort]
    next: str | None = Field(description="`after` of the next part; null: this was the last")


class EditionPlace(Given):
    """Which edition."""

    newsletter: str = Field(pattern=NAME, description="the newsletter", examples=["daily"])
    number: int = Field(ge=1, le=999_999_999, description="its number", examples=[12])


class EditionsAsked(Paged):
    """Which editions."""

    newsletter: str = Field("", pattern=rf"^$|{NAME}", description="only those of one newsletter")
    state: State | Literal[""] = Field("", description="only those in this state")


class CutAsked(Body):
    """For those who are due (`at`, default: now), for everybody (`now`), or `articles` by hand."""

    newsletter: str = Field(pattern=NAME, examples=["daily"])
    cadence: Cadence | None = None
    now: bool = Field(False, description="for everybody of the cadence, at once")
    at: AwareDatetime | None = Field(None, description="for those who are due at that moment")
    articles: list[str] = Field(
        [], max_length=200, description="by hand, for every confirmed subscriber: ids"
    )
    intro: str = Field("", max_length=20_000, description="an introduction, in Markdown")
    dry_run: bool = Field(False, description="only say what would be made")


class ChangeAsked(Body):
    """What is to be otherwise; what is left out stays as it is."""

    order: list[str] | None = Field(None, max_length=500, description="ids of articles, those first")
    dropped: list[str] | None = Field(None, max_length=500, description="ids of all that are left out")
    intro: str | None = Field(None, max_length=20_000, description="Markdown")
    subject: str | None = Field(None, max_length=200, description="empty: the newsletter's own")
    preheader: str | None = Field(None, max_length=300, description="empty: the newsletter's own")
    edits: int | None = Field(None, ge=0, description="`edits` of what was looked at: 409 if there are more")


class CutMade(Answer):
    """What was cut, or would be; without `edition` there was nothing new for anybody."""

    edition: str | None
    variants: int
    articles: list[str]
    recipients: int
    waiting: list[str] = Field(description="later slots in which people are due too")


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


def found(call: Call) -> Edition:
    """The edition that the path names. Raises NotFound."""
    return opening.named(call.publisher.store, f"{call.place.newsletter}/{call.place.number}")


def short(e: Edition) -> dict[str, Any]:
    """As a list shows it."""
    names = ("newsletter", "number", "state", "reason", "cadence", "slot", "needs_approval", "created_at")
    own = {name: getattr(e, name) for name in (*names, "opens_at", "opened_at", "done_at")}
    return {**own, "edition": e.name, "subject": _subject(e.archive), "approved": bool(e.approved_hash)}


def _subject(archive: Mapping[str, Any]) -> str:
    return str(archive.get("subject", ""))


def whole(call: Call, edition: Edition) -> dict[str, Any]:
    """With how it stands."""
    store = call.publisher.store
    (standing,) = watching.standings(store, [edition], call.now)
    with store.read() as tx:
        now = rows.get(tx, edition.id)
        ids = [one.article_id for one in contents.of(tx, edition.id) if not one.dropped]
    counts = {"planned": standing.planned, **standing.counts}
    about = {"due": standing.due, "rate": round(standing.rate, 1), "estimated_end": standing.estimated_end}
    made = {"intro": now.intro, "edits": now.edits, "dropped": list(now.arrangement.get("dropped", ()))}
    return {**short(now), **made, "articles": ids, "counts": counts, **about}


def listed(call: Call) -> object:
    """A part of the editions."""
    permissions.check(call.actor, "look")
    asked = call.query
    before = begins(asked.after, int)
    with call.publisher.store.read() as tx:
        rows_ = parts.newest_editions(
            tx, asked.limit + 1, asked.newsletter, asked.state, before[0] if before else None
        )
    shown, more = part(rows_, asked.limit, lambda e: (e.id,))
    return {"items": [short(e) for e in shown], "next": more}


def one(call: Call) -> object:
    """One edition."""
    permissions.check(call.actor, "look")
    return whole(call, found(call))


def cut(call: Call) -> object:
    """Freeze an edition."""
    p, asked = call.publisher, call.body
    _one_kind(asked)
    subscribing.newsletter(p.config, asked.newsletter)
    request = cutting.asked(
        p.config,
        asked.newsletter,
        asked.cadence or "",
        asked.at or call.now,
        everybody=asked.now,
        articles=tuple(asked.articles),
        intro=asked.intro,
    )
    made = cutting.cut(
        p.store, p.config, p.templates, request, call.now, actor=call.actor, dry_run=asked.dry_run
    )
    return {**asdict(made), "edition": made.edition.name if made.edition else None}


def change(call: Call) -> object:
    """Change it for everybody in it."""
    p, asked = call.publisher, call.body
    changes = cutting.Changes(
        order=None if asked.order is None else tuple(asked.order),
        dropped=None if asked.dropped is None else tuple(asked.dropped),
        intro=asked.intro,
        subject=asked.subject,
        preheader=asked.preheader,
        seen=asked.edits,
    )
    made = (p.store, p.config, p.templates, found(call), changes, call.now)
    return whole(call, cutting.change(*made, actor=call.actor))


def repeats(call: Call) -> bool:
    """A slot is cut once, however often it is asked for; by hand each cut is an edition of its own."""
    return not call.body.articles


def _one_kind(asked: Any) -> None:
    if asked.now and asked.at:
        raise Refused("at: expected now or at, not both")
    if asked.articles and (asked.now or asked.at or asked.cadence):
        raise Refused("articles: by hand it is for everybody, at once: without now, at and cadence")


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


_EDITION = "/editions/{newsletter}/{number}"
OPERATIONS = (
    Operation(
        "GET", "/editions", "listEditions", "Editions, the newest first",
        "look", listed, Editions, query=EditionsAsked,
    ),
    Operation(
        "POST", "/editions", "cutEdition", "Cut: freeze an edition, which is held until it is sent",
        "cut", cut, CutMade, body=CutAsked, refusals=(404,), once=True, repeats=repeats,
        example={"newsletter": "daily", "now": True},
    ),
    Operation(
        "GET", _EDITION, "getEdition", "One edition, and how it stands",
        "look", one, EditionWhole, place=EditionPlace, refusals=(404,),
    ),
    Operation(
        "PATCH", _EDITION, "changeEdition", "Change it, until its first start: an approval is void then",
        "change", change, EditionWhole, place=EditionPlace, body=ChangeAsked, refusals=(404, 409),
        example={"intro": "Good morning.", "subject": "Tide tables"},
    ),
    Operation(
        "GET", f"{_EDITION}/preview", "previewEdition", "The exact message, as somebody gets it",
        "look", preview, PreviewMade, place=EditionPlace, query=PreviewAsked, refusals=(404, 409),
    ),
    Operation(
        "GET", f"{_EDITION}/checks", "checkEdition", "What is wrong with it; an error keeps it from leaving",
        "look", checks, Checks, place=EditionPlace, refusals=(404,),
    ),
    Operation(
        "GET", f"{_EDITION}/seen", "seeEdition", "What an approval would be bound to: give it to approve",
        "look", seen, Seen, place=EditionPlace, refusals=(404,),
    ),
    Operation(
        "POST", f"{_EDITION}/test-copies", "sendTestCopies", "Send marked copies, outside of its ledger",
        "test", copy, CopiesQueued, place=EditionPlace, body=CopiesAsked, status=202,
        refusals=(404,), once=True,
        example={"addresses": ["editor@courier.example"]},
    ),
)  # fmt: skip
