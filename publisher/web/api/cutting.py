"""Editions made and changed."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Literal

from pydantic import AwareDatetime, Field

from publisher import cutting, subscribing
from publisher.errors import Refused
from publisher.web.api.editions import EDITION, NAME, EditionPlace, EditionWhole, found, whole
from publisher.web.api.operations import Answer, Body, Call, Operation

Cadence = Literal["instant", "daily", "weekly", "monthly"]


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


OPERATIONS = (
    Operation(
        "POST", "/editions", "cutEdition", "Cut: freeze an edition, which is held until it is sent",
        "cut", cut, CutMade, body=CutAsked, refusals=(404,), once=True, repeats=repeats,
        example={"newsletter": "daily", "now": True},
    ),
    Operation(
        "PATCH", EDITION, "changeEdition", "Change it, until its first start: an approval is void then",
        "change", change, EditionWhole, place=EditionPlace, body=ChangeAsked, refusals=(404, 409),
        example={"intro": "Good morning.", "subject": "Tide tables"},
    ),
)  # fmt: skip
