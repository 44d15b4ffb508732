"""Sessions: begun by a password or a one-time link, ended by time, by hand, or by a change of the account."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from publisher.admitting import secrets
from publisher.model.editors import Actor
from publisher.store import Store, credentials, deeds, editors
from publisher.store.editors import Editor

IDLE, LONGEST = timedelta(hours=8), timedelta(days=7)
_BY_LINK, _FRESH = "link", timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who is signed in. `by_link`: within the last hour by a one-time link, so that a forgotten
    password may be replaced."""

    id: int
    actor: Actor
    address: str
    has_password: bool
    has_codes: bool
    by_link: bool
    wants_notices: bool = False

    @property
    def editor_id(self) -> int:
        """Whose it is."""
        return self.actor.id or 0


def begin(tx: Connection, editor: Editor, how: str, now: datetime) -> str:
    """A new session; the secret for its cookie."""
    secret = secrets.new()
    credentials.issue(tx, "session", secrets.digest(secret), editor.id, now, now + LONGEST, how)
    deeds.add(tx, editor.actor, "sign in", f"editor {editor.address}", now, by=how)
    return secret


def find(
    store: Store, secret: str, now: datetime, used: Mapping[int, datetime] | None = None
) -> Session | None:
    """The session of a cookie; None where there is none, or nobody used it for long.

    `used` says when sessions were last used, where that is not in the store yet.
    """
    if not secret:
        return None
    with store.read() as tx:
        found = credentials.find(tx, "session", secrets.digest(secret), now)
        editor = editors.get(tx, found.editor_id) if found else None
    if not found or not editor or editor.ended_at:
        return None
    last = max(found.seen_at, (used or {}).get(found.id, found.seen_at))
    if now - last >= IDLE:
        return None
    by_link = found.name == _BY_LINK and now - found.created_at < _FRESH
    has = bool(editor.password), bool(editor.totp)
    return Session(found.id, editor.actor, editor.address, *has, by_link, editor.notices)


def ended(store: Store, ids: Collection[int], now: datetime, used: Mapping[int, datetime]) -> frozenset[int]:
    """Which of these sessions hold no longer; `used` as for `find`."""
    with store.read() as tx:
        found = credentials.holding(tx, "session", ids, now)
    fresh = {one.id for one in found if now - max(one.seen_at, used.get(one.id, one.seen_at)) < IDLE}
    return frozenset(ids) - fresh


def end(store: Store, session: Session, now: datetime) -> None:
    """Sign out."""
    with store.write() as tx:
        if credentials.end(tx, session.id, now):
            deeds.add(tx, session.actor, "sign out", f"editor {session.address}", now)
