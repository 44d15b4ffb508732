"""Approval: bound to the frozen bytes and delivery rows that were looked at, and void after any change."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from publisher import permissions
from publisher.delivering import due_times
from publisher.errors import Refused
from publisher.freezing.fingerprints import fingerprint
from publisher.model.editors import COMMAND_LINE, Actor
from publisher.permissions import N_, Handled
from publisher.store import Store, clock, compacted, deeds, editions, erasing, ledger, restores
from publisher.store.editions import Edition

__all__ = ["approve", "check", "fingerprint", "refusal"]
_CHANGED = "it is not what was approved"
_AGAIN = N_("%(edition)s: it is not what was approved: approve it again")
_PARTLY_LEFT = N_(
    "%(edition)s: it is not what was approved: some of it has left, and the rest can only be cancelled"
)
_SINCE = N_("%(edition)s has changed since it was looked at: nothing was approved")
_NOT_NOW = N_("%(edition)s cannot be approved: it is %(state)s")
_FAULTY = N_("%(edition)s cannot be approved: %(fault)s")
_NEEDLESS = N_("%(edition)s needs no approval: publisher send %(edition)s opens it")


def approve(
    store: Store, edition: Edition, now: datetime, seen: str = "", *, actor: Actor = COMMAND_LINE
) -> Edition:
    """Open a held edition that waits for approval; each delivery leaves at its subscriber's next hour.

    `seen` is the fingerprint of what the approver looked at; empty for what stands there now. Killed on its
    way, it can be done again. Raises Refused, and NotAllowed to whoever cut or changed it last (rule 13).
    """
    # nothing may be cut into it or cancelled meanwhile
    with store.alone("cut"):
        _check(store, edition, actor)
        found = fingerprint(store, edition)
        if seen and seen != found:
            with store.write() as tx:
                # whoever looks again must come to see what stands there now
                editions.change(tx, edition.id, fingerprint=found)
            raise Refused(_SINCE, edition=edition.name)
        due_times.next_hours(store, edition, now)
        with store.write() as tx:
            changes = {"approved_hash": found, "opened_at": now, "opens_at": None, "reason": ""}
            if editions.set_state(tx, edition.id, ["held"], "sending", **changes):
                clock.set_stale(tx, clock.PUBLIC_FILES, now)
                deeds.add(tx, actor, "approve", f"edition {edition.name}", now, sha256=found)
            return editions.get(tx, edition.id)


def refusal(tx: Connection, edition: Edition, actor: Actor) -> str:
    """Why this actor may not approve an edition, in a sentence; empty where they may."""
    return permissions.may(actor, "approve", Handled(deeds.last_hand(tx, edition.name)))


def _check(store: Store, edition: Edition, actor: Actor) -> None:
    with store.read() as tx:
        permissions.check(actor, "approve", Handled(deeds.last_hand(tx, edition.name)))
        restores.check(tx)
        found = editions.get(tx, edition.id)
        state = found.state
    if not edition.needs_approval:
        raise Refused(_NEEDLESS, edition=edition.name)
    if state != "held":
        raise Refused(_NOT_NOW, edition=edition.name, state=state)
    if found.fault:
        raise Refused(_FAULTY, edition=edition.name, fault=found.fault)


def check(store: Store, edition: Edition, now: datetime) -> None:
    """Raises Refused where an approved edition is not what was approved; it is held, or paused, then.

    And while the store is restored: what waits may have left already (rule 26).
    """
    with store.read() as tx:
        restores.check(tx)
        shortened = compacted.count(tx, edition.id)
    # what was kept in short was sent long ago, and nothing can be added to it
    if shortened or not edition.approved_hash or fingerprint(store, edition) == edition.approved_hash:
        return
    with store.write() as tx:
        left = ledger.anything_left(tx, edition.id)
        if left and erasing.anybody(tx, edition.id):
            return  # nobody can change it any more, and who was erased takes it from nobody else (rule 29)
        if left:
            editions.set_state(tx, edition.id, ["sending"], "paused", paused_at=now, reason=_CHANGED)
        else:
            unopened = {"opened_at": None, "paused_at": None}
            changes = {"approved_hash": "", "fingerprint": "", "reason": _CHANGED, **unopened}
            editions.set_state(tx, edition.id, ["scheduled", "sending", "paused"], "held", **changes)
    raise Refused(_PARTLY_LEFT if left else _AGAIN, edition=edition.name)
