"""One's own account: what the token may do, other tokens, and whether notices come."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from pydantic import Field

from publisher.admitting import Session, own
from publisher.model.editors import Role, Scope
from publisher.store import editors
from publisher.store.credentials import Credential
from publisher.web.api.operations import Answer, Body, Call, Given, Operation


class TokenShown(Answer):
    """An API token; its secret is kept nowhere."""

    id: int
    name: str = Field(examples=["reports"])
    scopes: list[Scope]
    created_at: datetime
    seen_at: datetime
    expires_at: datetime


class Own(Answer):
    """Whose token this is, and what it may do."""

    editor: str
    role: Role
    token: TokenShown
    notices: bool = Field(description="whether a mail comes when something newly needs a person")


class Tokens(Answer):
    """One's own tokens."""

    items: list[TokenShown]


class TokenAsked(Body):
    """A token to be made, with no scope that the one that makes it has not."""

    name: str = Field(min_length=1, max_length=100, examples=["reports"])
    scopes: list[Scope] = Field(min_length=1, max_length=5)
    days: Literal[30, 90, 365]


class TokenMade(Answer):
    """A new token: this is the only time that it is told."""

    token: str


class TokenPlace(Given):
    """Which token."""

    id: int = Field(ge=1, lt=1 << 62)


class NoticesAsked(Body):
    """Whether they come."""

    notices: bool


def me(call: Call) -> object:
    """Whose token this is."""
    with call.publisher.store.read() as tx:
        editor = editors.get(tx, call.actor.id or 0)
    notices = bool(editor and editor.notices)
    return {
        "editor": call.actor.name,
        "role": call.actor.role,
        "token": call.admitted.token,
        "notices": notices,
    }


def tokens(call: Call) -> object:
    """One's own tokens."""
    found: Sequence[Credential] = own.tokens(call.publisher.store, _session(call), call.now)
    return {"items": found}


def make_token(call: Call) -> object:
    """A new token."""
    asked = call.body
    wanted = (asked.name, asked.scopes, asked.days)
    return {"token": own.make_token(call.publisher.store, _session(call), *wanted, call.now)}


def end_token(call: Call) -> object:
    """A token works no more."""
    own.end_token(call.publisher.store, _session(call), call.place.id, call.now)
    return None


def set_notices(call: Call) -> object:
    """Whether a mail comes when something newly needs a person."""
    own.set_notices(call.publisher.store, _session(call), call.body.notices, call.now)
    return me(call)


def _session(call: Call) -> Session:
    """Whoever bears a token does with their own account what its scopes allow."""
    return Session(0, call.actor, "", has_password=False, has_codes=False, by_link=False)


OPERATIONS = (
    Operation("GET", "/token", "getToken", "Whose token this is, and what it may do", None, me, Own),
    Operation("GET", "/tokens", "listTokens", "One's own tokens", "keep credentials", tokens, Tokens),
    Operation(
        "POST", "/tokens", "makeToken", "Make a token; its secret is told once",
        "keep credentials", make_token, TokenMade, body=TokenAsked, status=201, refusals=(409,),
        example={"name": "reports", "scopes": ["admin"], "days": 30},
    ),
    Operation(
        "DELETE", "/tokens/{id}", "endToken", "End a token",
        "keep credentials", end_token, None, place=TokenPlace, status=204, refusals=(404,),
    ),
    Operation(
        "PATCH", "/token", "changeAccount", "Ask for the notices that something needs a person, or end them",
        "keep credentials", set_notices, Own, body=NoticesAsked, example={"notices": True},
    ),
)  # fmt: skip
