"""Who may do what: role by action by object, as one table. Use cases ask it, so that no door forgets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from publisher.errors import NotAllowed
from publisher.model.editors import ROLES, SCOPES, Actor, Role, Scope

Action = Literal[
    "look",
    "cut",
    "change",
    "test",
    "approve",
    "send",
    "pause",
    "resume",
    "cancel",
    "retry",
    "acknowledge",
    "see people",
    "change people",
    "export people",
    "erase people",
    "see log",
    "see settings",
    "manage editors",
    "keep credentials",
    "see webhooks",
    "keep webhooks",
]


def N_(text: str) -> str:
    """Marks a sentence for the phrasebooks; who shows it translates it."""
    return text


# The least role, and the scope that a token needs.
LEAST: Mapping[Action, tuple[Role, Scope]] = {
    "look": ("viewer", "read"),
    "cut": ("editor", "edit"),
    "change": ("editor", "edit"),
    "test": ("editor", "edit"),
    "approve": ("publisher", "send"),
    "send": ("publisher", "send"),
    "pause": ("publisher", "send"),
    "resume": ("publisher", "send"),
    "cancel": ("publisher", "send"),
    "retry": ("publisher", "send"),
    "acknowledge": ("publisher", "send"),
    "see people": ("editor", "people"),
    "change people": ("publisher", "people"),
    "export people": ("publisher", "people"),
    "erase people": ("admin", "people"),
    "see log": ("publisher", "read"),
    "see settings": ("publisher", "read"),
    "manage editors": ("admin", "admin"),
    "keep credentials": ("viewer", "admin"),
    "see webhooks": ("publisher", "read"),
    "keep webhooks": ("admin", "admin"),
}
_FOR: Mapping[Role, str] = {
    "viewer": N_("this is for editors of this publication"),
    "editor": N_("this is for editors, publishers and admins"),
    "publisher": N_("this is for publishers and admins"),
    "admin": N_("this is for admins"),
}
NO_SCOPE = N_("this token has no scope for it")
_SECOND = N_("whoever cut or changed it last cannot approve it: somebody else must")
_OWN = N_("this belongs to somebody else")
_LAST_ADMIN = N_("this is the only admin: make somebody else admin first")


@dataclass(frozen=True, slots=True)
class Handled:
    """An edition, and which editor last cut or changed it; None: the clock or the command line (rule 13)."""

    last_hand: int | None


@dataclass(frozen=True, slots=True)
class Account:
    """An editor whose role is changed or who is removed; `only_admin`: nobody else is one."""

    only_admin: bool


@dataclass(frozen=True, slots=True)
class Owned:
    """A password, session or token, and whose it is."""

    editor_id: int


def may(actor: Actor, action: Action, on: Handled | Account | Owned | None = None) -> str:
    """Why this is not allowed, as a sentence in English; empty where it is."""
    if actor.id is None:
        return ""
    role, scope = LEAST[action]
    if ROLES.index(actor.role) < ROLES.index(role):
        return _FOR[role]
    if actor.scopes is not None and scope not in actor.scopes:
        return NO_SCOPE
    if isinstance(on, Account) and on.only_admin:
        return _LAST_ADMIN
    if isinstance(on, Owned) and on.editor_id != actor.id:
        return _OWN
    if isinstance(on, Handled) and action == "approve" and on.last_hand == actor.id:
        return _SECOND
    return ""


def check_whole(actor: Actor) -> None:
    """Raises NotAllowed for a token that has not every scope: what it makes signs in, and may then do all."""
    if actor.scopes is not None and not actor.scopes.issuperset(SCOPES):
        raise NotAllowed(NO_SCOPE)


def check(actor: Actor, action: Action, on: Handled | Account | Owned | None = None) -> None:
    """Raises NotAllowed where `may` gives a reason."""
    if reason := may(actor, action, on):
        raise NotAllowed(reason)
