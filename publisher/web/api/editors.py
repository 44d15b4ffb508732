"""Who may act: editors, and the log of what was done."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import Field

from publisher.admitting import accounts, log
from publisher.errors import NotFound
from publisher.model.editors import Role
from publisher.store import deeds
from publisher.store.editors import Editor
from publisher.web.api.operations import Answer, Body, Call, Given, Operation, Paged
from publisher.web.api.paging import begins, part


class EditorShown(Answer):
    """Somebody who may sign in."""

    id: int
    name: str = Field(examples=["Ann Editor"])
    address: str = Field(examples=["ann@courier.example"])
    role: Role
    has_password: bool
    has_codes: bool
    created_at: datetime


class Editors(Answer):
    """Everybody who may sign in."""

    items: list[EditorShown]


class EditorPlace(Given):
    """Which editor."""

    id: int = Field(ge=1, lt=1 << 62)


class EditorAdded(Body):
    """Somebody new."""

    name: str = Field(min_length=1, max_length=100, examples=["Ann Editor"])
    address: str = Field(min_length=3, max_length=320, examples=["ann@courier.example"])
    role: Role


class RoleGiven(Body):
    """Another role."""

    role: Role


class Linked(Answer):
    """An editor, and the secret of a one-time link that signs in: it is told here, once."""

    editor: EditorShown
    link: str = Field(
        description="an address that works once, for an hour; only a token of every scope gets one"
    )


class DeedShown(Answer):
    """Who did what, to what, and when."""

    id: int
    at: datetime
    editor_id: int | None = Field(description="null: the command line or the clock")
    actor: str
    verb: str
    object: str
    data: dict[str, Any]


class Log(Answer):
    """Some deeds, the newest first."""

    items: list[DeedShown]
    next: str | None = Field(description="`after` of the next part; null: this was the last")


class LogAsked(Paged):
    """Which deeds."""


def everybody(call: Call) -> object:
    """Who may sign in."""
    found = accounts.listed(call.publisher.store, call.actor)
    return {"items": [_editor(one) for one in found]}


def add(call: Call) -> object:
    """Somebody new, and how they get in."""
    asked = call.body
    made = accounts.add(call.publisher.store, call.actor, asked.name, asked.address, asked.role, call.now)
    return _linked(call, *made)


def link(call: Call) -> object:
    """A new one-time link; one before it ends."""
    return _linked(call, *accounts.link(call.publisher.store, call.actor, _address(call), call.now))


def set_role(call: Call) -> object:
    """Another role."""
    store, address = call.publisher.store, _address(call)
    accounts.set_role(store, call.actor, address, call.body.role, call.now)
    return _editor(next(e for e in accounts.listed(store, call.actor) if e.id == call.place.id))


def remove(call: Call) -> object:
    """End an account."""
    accounts.remove(call.publisher.store, call.actor, _address(call), call.now)
    return None


def _address(call: Call) -> str:
    """Of the editor that the path names. Raises NotAllowed before it says whether there is one."""
    for one in accounts.listed(call.publisher.store, call.actor):
        if one.id == call.place.id:
            return one.address
    raise NotFound(f"no editor {call.place.id}")


def _editor(one: Editor) -> dict[str, object]:
    names = ("id", "name", "address", "role", "created_at")
    has = {"has_password": bool(one.password), "has_codes": bool(one.totp)}
    return {name: getattr(one, name) for name in names} | has


def _linked(call: Call, editor: Editor, secret: str) -> dict[str, object]:
    address = f"{call.publisher.config.publication.url}/desk/link/{secret}"
    return {"editor": _editor(editor), "link": address}


def done(call: Call) -> object:
    """A part of the log."""
    asked = call.query
    before = begins(asked.after, int)
    store = call.publisher.store
    found: list[deeds.Deed] = log.read(store, call.actor, asked.limit + 1, before[0] if before else None)
    shown, more = part(found, asked.limit, lambda one: (one.id,))
    return {"items": shown, "next": more}


OPERATIONS = (
    Operation(
        "GET", "/editors", "listEditors", "Everybody who may sign in",
        "manage editors", everybody, Editors,
    ),
    Operation(
        "POST", "/editors", "addEditor", "Add an editor; the one-time link is told once",
        "manage editors", add, Linked, body=EditorAdded, status=201, refusals=(409,),
        example={"name": "Ann Editor", "address": "ann@courier.example", "role": "editor"},
    ),
    Operation(
        "PATCH", "/editors/{id}", "changeEditor", "Give an editor another role: their sessions end",
        "manage editors", set_role, EditorShown, place=EditorPlace, body=RoleGiven, refusals=(404,),
        example={"role": "publisher"},
    ),
    Operation(
        "POST", "/editors/{id}/link", "linkEditor", "Make a one-time link; it is told once",
        "manage editors", link, Linked, place=EditorPlace, status=201, refusals=(404,),
    ),
    Operation(
        "DELETE", "/editors/{id}", "removeEditor", "End an account, with all its sessions and tokens",
        "manage editors", remove, None, place=EditorPlace, status=204, refusals=(404,),
    ),
    Operation(
        "GET", "/log", "listDeeds", "Who did what and when, the newest first",
        "see log", done, Log, query=LogAsked,
    ),
)  # fmt: skip
