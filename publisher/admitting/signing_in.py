"""Signing in: the same answer, in the same time, whether the address is unknown or the password wrong."""

from __future__ import annotations

from datetime import datetime

from publisher import passwords
from publisher.admitting import secrets, sessions, throttling
from publisher.errors import NotFound, Refused
from publisher.links import Keys
from publisher.passwords import codes
from publisher.permissions import N_
from publisher.store import Store, credentials, editors
from publisher.store.editors import Editor

WRONG = N_("address, password or code are not right")
NO_LINK = N_("this link has been used, or is no longer valid")


def by_password(
    store: Store, keys: Keys, address: str, password: str, code: str, network: str, now: datetime
) -> str:
    """The secret of a new session. Raises Refused, with the same words whatever was wrong.

    `network` is the keyed hash of where it came from. `code` is needed where an app was set up.
    """
    tried = throttling.keys_of(keys, address.strip(), network)
    throttling.begin(store, tried, now)
    with store.read() as tx:
        found = editors.find(tx, address.strip())
    editor = found if found and not found.ended_at else None
    right = passwords.matches(editor.password if editor else "", password)
    if not right or not editor or not use_code(store, editor, code, now):
        raise Refused(WRONG)
    throttling.forget(store, tried)
    kept = passwords.hashed(password) if passwords.outdated(editor.password) else editor.password
    with store.write() as tx:
        found = editors.get(tx, editor.id)
        if not found or found.ended_at or found.password != editor.password:
            raise Refused(WRONG)  # it was changed meanwhile
        editors.change(tx, editor.id, password=kept)
        return sessions.begin(tx, found, "password", now)


def use_code(store: Store, editor: Editor, code: str, now: datetime) -> bool:
    """Whether the code is right, and was not used before; where no app was set up, none is needed."""
    if not editor.totp:
        return True
    step = codes.step_of(editor.totp, code, now)
    if step is None:
        return False
    with store.write() as tx:
        return editors.use_step(tx, editor.id, step)


def linked(store: Store, secret: str, now: datetime) -> Editor:
    """Whom a one-time link signs in; nothing is changed. Raises NotFound for one that does not hold."""
    with store.read() as tx:
        link = credentials.find(tx, "link", secrets.digest(secret), now)
        editor = editors.get(tx, link.editor_id) if link else None
    if not editor or editor.ended_at:
        raise NotFound(NO_LINK)
    return editor


def by_link(store: Store, secret: str, now: datetime) -> str:
    """Spend a one-time link; the secret of a new session. Raises NotFound for one that does not hold."""
    editor = linked(store, secret, now)
    with store.write() as tx:
        link = credentials.find(tx, "link", secrets.digest(secret), now)
        if not link or not credentials.end(tx, link.id, now):
            raise NotFound(NO_LINK)  # two came with it at once
        return sessions.begin(tx, editor, "link", now)
