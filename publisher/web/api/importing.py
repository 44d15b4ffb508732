"""Imports of subscribers: a file is sent, shown as it was understood, begun, watched, and reported of."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from publisher.errors import Refused
from publisher.store.imports import Import
from publisher.subscribing import uploads
from publisher.web.api.operations import Answer, Body, Call, Given, Operation, Paged
from publisher.web.api.paging import begins, part
from publisher.web.api.subscribers import ANY_NAME, SubscriptionStatus

_LARGEST = 16 << 20


class ImportShown(Answer):
    """An import; counts are lines. `preview` says how its first lines would be taken."""

    id: int
    state: Literal["uploaded", "waiting", "running", "done", "stopped", "dropped"]
    name: str
    size: int
    newsletter: str
    status: str
    total: int
    done: int
    added: int
    updated: int
    unchanged: int
    suppressed: int
    refused: int
    reason: str = Field(description="why it stopped")
    preview: dict[str, Any]
    created_at: datetime
    begun_at: datetime | None
    ended_at: datetime | None


class Imports(Answer):
    """Some imports, the newest first."""

    items: list[ImportShown]
    next: str | None = Field(description="`after` of the next part; null: this was the last")


class ImportPlace(Given):
    """Which import."""

    id: int = Field(ge=1, lt=1 << 62)


class About(Body):
    """What is true of lines that do not say it themselves."""

    newsletter: str = Field("", pattern=ANY_NAME)
    status: SubscriptionStatus | Literal[""] = Field("", description="only who has agreed is confirmed")


class FileSent(About):
    """A CSV file, or a bundle's sheet, as text; larger ones go through the desk or the command line."""

    name: str = Field(min_length=1, max_length=200, examples=["readers.csv"])
    csv: str = Field(min_length=1, description="a header line, then a line a subscriber")


class RefusedLine(Answer):
    """A line that was not taken."""

    line: int
    place: str = Field(description="the sheet, where a file has several")
    address: str
    reason: str


class RefusedLines(Answer):
    """Some of them, in their order."""

    items: list[RefusedLine]
    next: str | None = Field(description="`after` of the next part; null: this was the last")


def listed(call: Call) -> object:
    """A part of the imports."""
    asked = call.query
    before = begins(asked.after, int)
    store = call.publisher.store
    found: list[Import] = uploads.listed(store, call.actor, asked.limit + 1, before[0] if before else None)
    shown, more = part(found, asked.limit, lambda one: (one.id,))
    return {"items": shown, "next": more}


def one(call: Call) -> object:
    """One of them."""
    return uploads.shown(call.publisher.store, call.actor, call.place.id)


def send(call: Call) -> object:
    """Keep a file, and look at it; nothing of it is taken yet."""
    p, asked = call.publisher, call.body
    file = uploads.place(p.store, call.actor)
    try:
        file.write_text(asked.csv, encoding="utf-8", newline="")
    except OSError as error:
        file.unlink(missing_ok=True)
        raise Refused(f"the file cannot be kept: {error.strerror}") from None
    about = (asked.name, asked.newsletter, asked.status)
    id_ = uploads.add(p.store, p.config, call.actor, file, *about, call.now)
    return uploads.shown(p.store, call.actor, id_)


def look(call: Call) -> object:
    """Look at it again, with another newsletter or status."""
    p, asked = call.publisher, call.body
    uploads.look(p.store, p.config, call.actor, call.place.id, asked.newsletter, asked.status, call.now)
    return one(call)


def _moved(move: Callable[..., None]) -> Callable[[Call], object]:
    def act(call: Call) -> object:
        move(call.publisher.store, call.actor, call.place.id, call.now)
        found = one(call)
        call.wake()
        return found

    return act


def refused(call: Call) -> object:
    """The lines that were not taken."""
    asked = call.query
    after = begins(asked.after, int)
    uploads.shown(call.publisher.store, call.actor, call.place.id)
    found = uploads.refusals(
        call.publisher.store, call.actor, call.place.id, after[0] if after else -1, asked.limit + 1
    )
    shown, more = part(found, asked.limit, lambda one: (one.nth,))
    return {"items": shown, "next": more}


_ONE = "/imports/{id}"
_FILE = {"name": "readers.csv", "csv": "address\nada@example.org\n", "newsletter": "daily"}
_FILE |= {"status": "confirmed"}
_MOVES = (
    ("begin", "beginImport", "Let it be taken as it was shown", uploads.begin),
    ("stop", "stopImport", "Take no more of it; what was taken stays", uploads.stop),
    ("go-on", "continueImport", "Go on where it stopped", uploads.go_on),
    ("drop", "dropImport", "Take nothing more of it, and delete the file", uploads.drop),
)
OPERATIONS = (
    Operation(
        "GET", "/imports", "listImports", "Imports, the newest first",
        "change people", listed, Imports, query=Paged,
    ),
    Operation(
        "POST", "/imports", "sendImport", "Send a file of subscribers; it is shown, and begun by beginImport",
        "change people", send, ImportShown, body=FileSent, status=201, refusals=(409,), once=True,
        example=_FILE, most=_LARGEST,
    ),
    Operation(
        "GET", _ONE, "getImport", "One import: what would be taken, how far it is, what became of it",
        "change people", one, ImportShown, place=ImportPlace, refusals=(404,),
    ),
    Operation(
        "PATCH", _ONE, "changeImport", "Look at the file again, with another newsletter or status",
        "change people", look, ImportShown, place=ImportPlace, body=About, refusals=(404, 409),
        example={"newsletter": "daily", "status": "confirmed"},
    ),
    Operation(
        "GET", f"{_ONE}/refused", "listRefusedLines", "The lines of an import that were not taken",
        "change people", refused, RefusedLines, place=ImportPlace, query=Paged, refusals=(404,),
    ),
    *(
        Operation(
            "POST", f"{_ONE}/{path}", name, summary, "change people", _moved(move), ImportShown,
            place=ImportPlace, refusals=(404, 409), once=True, repeats=lambda _: True,
        )
        for path, name, summary, move in _MOVES
    ),
)  # fmt: skip
