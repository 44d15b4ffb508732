"""What editors do to their own account: password, codes of an app, API tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from publisher import passwords, permissions
from publisher.admitting import secrets, sessions, throttling
from publisher.admitting.sessions import Session
from publisher.errors import NotAllowed, NotFound, Refused
from publisher.links import Keys
from publisher.model.editors import COMMAND_LINE, SCOPES, Actor
from publisher.passwords import codes
from publisher.permissions import N_, Owned
from publisher.store import Store, credentials, deeds, editors
from publisher.store.credentials import Credential
from publisher.store.editors import Editor

SHORTEST = 12
TOKEN_DAYS = (30, 90, 365)
_MOST_TOKENS, _LONGEST_NAME = 50, 100
_SHORT = N_("password: expected at least 12 characters, and not one of a few repeated")
_OWN_NAME = N_("password: expected one that does not hold the address")
_CURRENT = N_("the current password is not right")
_NO_PASSWORD = N_("first set a password: codes come on top of one")
_CODE = N_("this code is not right: look at the app once more, and at the clock of the phone")
_TOKEN_NAME = N_("name: expected what the token is for, in a hundred characters at most")
_SCOPES = N_("scopes: expected at least one")
_DAYS = N_("expected 30, 90 or 365 days")
_TOO_MANY = N_("there are too many tokens: end one first")
_NO_TOKEN = N_("there is no such token")


@dataclass(frozen=True, slots=True)
class Admitted:
    """An API token, and who acts with it."""

    actor: Actor
    token: Credential


def check_password(password: str, address: str) -> None:
    """Raises Refused for one that is too easy."""
    if len(password) < SHORTEST or len(set(password)) < 5:
        raise Refused(_SHORT)
    if address.partition("@")[0].lower() in password.lower() and len(address.partition("@")[0]) > 3:
        raise Refused(_OWN_NAME)


def set_password(
    store: Store, keys: Keys, session: Session, current: str, password: str, now: datetime
) -> str:
    """Another password: every session and link ends, and a new session begins, whose secret this is.

    The password of now is asked for, unless there is none, or a one-time link was followed just now. Raises
    Refused.
    """
    editor = _own(store, session)
    if editor.password and not session.by_link:
        _confirm(store, keys, editor, current, now)
    check_password(password, editor.address)
    kept = passwords.hashed(password)
    with store.write() as tx:
        editors.change(tx, editor.id, password=kept)
        credentials.end_all(tx, editor.id, ("session", "link"), now)
        deeds.add(tx, session.actor, "set password", f"editor {editor.address}", now)
        return sessions.begin(tx, editor, "password", now)


def set_password_of(store: Store, address: str, password: str, now: datetime) -> Editor:
    """As the command line does it: nothing is asked, and every session and link ends. Raises NotFound."""
    with store.read() as tx:
        editor = editors.find(tx, address)
    if not editor or editor.ended_at:
        raise NotFound(N_("there is no editor with this address"))
    check_password(password, editor.address)
    kept = passwords.hashed(password)
    with store.write() as tx:
        editors.change(tx, editor.id, password=kept)
        credentials.end_all(tx, editor.id, ("session", "link"), now)
        deeds.add(tx, COMMAND_LINE, "set password", f"editor {editor.address}", now)
    return editor


def code_secret(keys: Keys, session: Session) -> str:
    """What an app is set up with: the same for as long as the session lasts, so that nothing is kept yet."""
    return codes.secret_of(secrets.bound(keys, "codes", str(session.id)))


def begin_codes(store: Store, keys: Keys, session: Session, code: str, now: datetime) -> None:
    """From now on a code is needed to sign in; other sessions end. Raises Refused."""
    editor, secret = _own(store, session), code_secret(keys, session)
    if not editor.password:
        raise Refused(_NO_PASSWORD)
    step = codes.step_of(secret, code, now)
    if step is None:
        raise Refused(_CODE)
    with store.write() as tx:
        editors.change(tx, editor.id, totp=secret, totp_step=step)
        credentials.end_all(tx, editor.id, ("session", "link"), now, but=session.id)
        deeds.add(tx, session.actor, "begin codes", f"editor {editor.address}", now)


def end_codes(store: Store, keys: Keys, session: Session, current: str, now: datetime) -> None:
    """No code is needed any more. Raises Refused where the password is not right."""
    editor = _own(store, session)
    _confirm(store, keys, editor, current, now)
    with store.write() as tx:
        editors.change(tx, editor.id, totp="")
        deeds.add(tx, session.actor, "end codes", f"editor {editor.address}", now)


def set_notices(store: Store, session: Session, wanted: bool, now: datetime) -> None:
    """Whether the editor gets a mail when something newly needs a person."""
    editor = _own(store, session)
    with store.write() as tx:
        editors.change(tx, editor.id, notices=wanted)
        verb = "ask for notices" if wanted else "end notices"
        deeds.add(tx, session.actor, verb, f"editor {editor.address}", now)


def tokens(store: Store, session: Session, now: datetime) -> list[Credential]:
    """The editor's API tokens that hold. Raises NotAllowed."""
    permissions.check(session.actor, "keep credentials", Owned(session.editor_id))
    with store.read() as tx:
        return credentials.of(tx, session.editor_id, "token", now)


def make_token(
    store: Store, session: Session, name: str, scopes: Sequence[str], days: int | None, now: datetime
) -> str:
    """A new API token: this is the only time that it is told. Raises Refused, NotAllowed."""
    permissions.check(session.actor, "keep credentials", Owned(session.editor_id))
    called, wanted = " ".join(name.split()), [scope for scope in SCOPES if scope in scopes]
    if not 0 < len(called) <= _LONGEST_NAME or not called.isprintable():
        raise Refused(_TOKEN_NAME)
    if not wanted:
        raise Refused(_SCOPES)
    if days not in TOKEN_DAYS:
        raise Refused(_DAYS)
    if session.actor.scopes is not None and not session.actor.scopes.issuperset(wanted):
        raise NotAllowed(permissions.NO_SCOPE)  # a token makes none that may do more
    secret, until = secrets.new_token(), now + timedelta(days=days)
    with store.write() as tx:
        if len(credentials.of(tx, session.editor_id, "token", now)) >= _MOST_TOKENS:
            raise Refused(_TOO_MANY)
        given = (secrets.digest(secret), session.editor_id, now, until, called, wanted)
        id_ = credentials.issue(tx, "token", *given)
        deeds.add(tx, session.actor, "make token", f"token {id_}", now, name=called, scopes=wanted)
    return secret


def end_token(store: Store, session: Session, id_: int, now: datetime) -> None:
    """A token works no more. Raises NotAllowed, and NotFound for one that is not this editor's."""
    permissions.check(session.actor, "keep credentials", Owned(session.editor_id))
    with store.write() as tx:
        mine = [one for one in credentials.of(tx, session.editor_id, "token", now) if one.id == id_]
        if not mine or not credentials.end(tx, id_, now):
            raise NotFound(_NO_TOKEN)
        deeds.add(tx, session.actor, "end token", f"token {id_}", now, name=mine[0].name)


def bearer(store: Store, secret: str, now: datetime) -> Actor | None:
    """Who acts with an API token: with the role that its editor has now, within the token's scopes."""
    found = admitted(store, secret, now)
    return found.actor if found else None


def admitted(store: Store, secret: str, now: datetime) -> Admitted | None:
    """As `bearer`, with the token itself; None for one that does not hold."""
    with store.read() as tx:
        token = credentials.find(tx, "token", secrets.digest(secret), now)
        editor = editors.get(tx, token.editor_id) if token else None
    if not token or not editor or editor.ended_at:
        return None
    return Admitted(Actor(editor.name, editor.id, editor.role, frozenset(token.scopes)), token)


def _own(store: Store, session: Session) -> Editor:
    permissions.check(session.actor, "keep credentials", Owned(session.editor_id))
    with store.read() as tx:
        editor = editors.get(tx, session.editor_id)
    if not editor or editor.ended_at:
        raise NotFound(N_("there is no editor with this address"))
    return editor


def _confirm(store: Store, keys: Keys, editor: Editor, current: str, now: datetime) -> None:
    """Whether it is the editor, and nobody who found an open browser; strangers who guess are not counted."""
    tried = throttling.keys_of(keys, f"account {editor.id}", "")
    throttling.begin(store, tried, now)
    if not passwords.matches(editor.password, current):
        raise Refused(_CURRENT)
    throttling.forget(store, tried)
