"""Editors' accounts: who may sign in, in which role. Only an admin, or the command line, changes them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy import Connection

from publisher import permissions
from publisher.admitting import secrets
from publisher.config import values
from publisher.errors import NotFound, Refused
from publisher.model.editors import ROLES, Actor, Role
from publisher.permissions import N_, Account
from publisher.store import Store, credentials, deeds, editors, in_turn
from publisher.store.credentials import Kind
from publisher.store.editors import Editor

_T = TypeVar("_T")
LINK_HOLDS = timedelta(hours=1)
_EVERY: tuple[Kind, ...] = ("session", "link", "token")
_LONGEST_NAME = 100
NOBODY = N_("there is no editor with this address")
THERE = N_("somebody with this address is an editor already")
_ROLE = N_("role: expected viewer, editor, publisher or admin")
_NAME = N_("name: expected one, of a hundred characters at most")
_ADDRESS = N_("address: this does not look like an e-mail address")


def role_of(text: str) -> Role:
    """A role by its name. Raises Refused."""
    for role in ROLES:
        if role == text.strip().lower():
            return role
    raise Refused(_ROLE)


def listed(store: Store, actor: Actor) -> list[Editor]:
    """Everybody who may sign in, by name. Raises NotAllowed."""
    permissions.check(actor, "manage editors")
    with store.read() as tx:
        return editors.everybody(tx)


def add(store: Store, actor: Actor, name: str, address: str, role: str, now: datetime) -> tuple[Editor, str]:
    """A new editor, and the secret of a one-time link. Raises NotAllowed, and Refused for bad values."""
    permissions.check(actor, "manage editors")
    permissions.check_whole(actor)
    known_as, at, as_ = _name(name), _address(address), role_of(role)
    with store.write() as tx:
        before = _locked(tx, at)
        if before and not before.ended_at:
            raise Refused(THERE)
        editor = editors.add(tx, known_as, at, as_, now)
        deeds.add(tx, actor, "add", f"editor {at}", now, role=as_, name=known_as)
        return editor, _link(tx, actor, editor, now)


def link(store: Store, actor: Actor, address: str, now: datetime) -> tuple[Editor, str]:
    """The secret of a one-time link for an editor; one before it ends. Raises as `add`, and NotFound."""

    permissions.check(actor, "manage editors")
    permissions.check_whole(actor)

    def give(tx: Connection, editor: Editor) -> str:
        return _link(tx, actor, editor, now)

    return _change(store, actor, address, give)


def set_role(store: Store, actor: Actor, address: str, role: str, now: datetime) -> Editor:
    """Another role: the editor's sessions and links end. Raises as `add`, and NotFound."""
    as_ = role_of(role)

    def change(tx: Connection, editor: Editor) -> None:
        if editor.role == as_:
            return
        permissions.check(actor, "manage editors", Account(editors.only_admin(tx, editor.id)))
        editors.change(tx, editor.id, role=as_)
        credentials.end_all(tx, editor.id, ("session", "link"), now)
        deeds.add(tx, actor, "set role", f"editor {editor.address}", now, role=as_, before=editor.role)

    return _change(store, actor, address, change)[0]


def remove(store: Store, actor: Actor, address: str, now: datetime) -> Editor:
    """End an account, with all its sessions, links and tokens. Raises as `add`, and NotFound."""

    def change(tx: Connection, editor: Editor) -> None:
        permissions.check(actor, "manage editors", Account(editors.only_admin(tx, editor.id)))
        editors.change(tx, editor.id, ended_at=now, password="", totp="")
        credentials.end_all(tx, editor.id, _EVERY, now)
        deeds.add(tx, actor, "remove", f"editor {editor.address}", now)

    return _change(store, actor, address, change)[0]


def _change(
    store: Store, actor: Actor, address: str, change: Callable[[Connection, Editor], _T]
) -> tuple[Editor, _T]:
    permissions.check(actor, "manage editors")
    with store.write() as tx:
        editor = _locked(tx, address.strip())
        if not editor or editor.ended_at:
            raise NotFound(NOBODY)
        return editor, change(tx, editor)


def _locked(tx: Connection, address: str) -> Editor | None:
    """Whoever has this address; accounts are changed one at a time."""
    in_turn(tx, "editors")
    return editors.find(tx, address)


def _link(tx: Connection, actor: Actor, editor: Editor, now: datetime) -> str:
    credentials.end_all(tx, editor.id, ("link",), now)
    secret = secrets.new()
    credentials.issue(tx, "link", secrets.digest(secret), editor.id, now, now + LINK_HOLDS)
    deeds.add(tx, actor, "make link", f"editor {editor.address}", now)
    return secret


def _name(text: str) -> str:
    name = " ".join(text.split())
    if not 0 < len(name) <= _LONGEST_NAME or not name.isprintable():
        raise Refused(_NAME)
    return name


def _address(text: str) -> str:
    try:
        return values.address(text.strip())
    except ValueError:
        raise Refused(_ADDRESS) from None
