"""Editions: listed, and how one stands."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from publisher import permissions
from publisher.delivering import opening, progress, watching
from publisher.store import contents, parts
from publisher.store import editions as rows
from publisher.store.editions import Edition
from publisher.web.api.operations import Answer, Call, Given, Operation, Paged
from publisher.web.api.paging import begins, part

State = Literal["cutting", "held", "scheduled", "sending", "paused", "done", "cancelled"]
EDITION = "/editions/{newsletter}/{number}"
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


def found(call: Call) -> Edition:
    """The edition that the path names. Raises NotFound."""
    return opening.named(call.publisher.store, f"{call.place.newsletter}/{call.place.number}")


def short(e: Edition) -> dict[str, Any]:
    """As a list shows it."""
    names = ("newsletter", "number", "state", "reason", "cadence", "slot", "needs_approval", "created_at")
    own = {name: getattr(e, name) for name in (*names, "opens_at", "opened_at", "done_at")}
    # a server's words may name somebody, and who looks may not know whom
    own |= {"reason": progress.plain(e.reason), "approved": bool(e.approved_hash)}
    return {**own, "edition": e.name, "subject": _subject(e.archive)}


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


OPERATIONS = (
    Operation(
        "GET", "/editions", "listEditions", "Editions, the newest first",
        "look", listed, Editions, query=EditionsAsked,
    ),
    Operation(
        "GET", EDITION, "getEdition", "One edition, and how it stands",
        "look", one, EditionWhole, place=EditionPlace, refusals=(404,),
    ),
)  # fmt: skip
