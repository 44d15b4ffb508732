"""Pausing an edition and letting it go on. The next start on any worker obeys: starts look at the state."""

from __future__ import annotations

from datetime import datetime

from publisher import permissions
from publisher.delivering import approving
from publisher.errors import Refused
from publisher.model.editors import COMMAND_LINE, Actor
from publisher.permissions import N_
from publisher.store import Store, clock, deeds, editions
from publisher.store.editions import Edition

_MOVING = ("sending", "scheduled")
_NO_PAUSE = N_("%(edition)s cannot be paused: it is %(state)s")
_NO_RESUMING = N_("%(edition)s cannot be resumed: it is %(state)s")
_NO_HOLD = N_("%(edition)s cannot be held: it is %(state)s")


def pause(
    store: Store, edition: Edition, now: datetime, reason: str = "", *, actor: Actor = COMMAND_LINE
) -> Edition:
    """Start nothing more of an edition until somebody resumes it; what was started ends as it ends.

    One that is paused stays as it is. Raises NotAllowed, and Refused for one that is not on its way.
    """
    permissions.check(actor, "pause")
    with store.write() as tx:
        if editions.set_state(tx, edition.id, _MOVING, "paused", paused_at=now, reason=reason):
            deeds.add(tx, actor, "pause", f"edition {edition.name}", now, reason=reason)
        found = editions.get(tx, edition.id)
    if found.state != "paused":
        raise Refused(_NO_PAUSE, edition=edition.name, state=found.state)
    return found


def resume(store: Store, edition: Edition, now: datetime, *, actor: Actor = COMMAND_LINE) -> Edition:
    """Let a paused edition go on, as if it were opened now: nothing is late for the pause (rule 12).

    One paused before it was opened is scheduled again; one that goes on already stays as it is. Raises
    NotAllowed and Refused.
    """
    permissions.check(actor, "resume")
    approving.check(store, edition, now)
    with store.write() as tx:
        before = editions.get(tx, edition.id)
        if before.state == "paused":
            state, opened = ("sending", now) if before.opened_at else ("scheduled", None)
            editions.set_state(tx, edition.id, ["paused"], state, opened_at=opened, paused_at=None, reason="")
            deeds.add(tx, actor, "resume", f"edition {edition.name}", now)
        found = editions.get(tx, edition.id)
    if found.state not in _MOVING:
        raise Refused(_NO_RESUMING, edition=edition.name, state=found.state)
    return found


def hold(store: Store, edition: Edition, now: datetime, *, actor: Actor = COMMAND_LINE) -> Edition:
    """Keep a scheduled edition from being opened by the clock (rule 10); an approval of it is void.

    One that is held stays as it is. Raises NotAllowed, and Refused for one that was opened: pause that.
    """
    permissions.check(actor, "pause")
    with store.write() as tx:
        changes = {"approved_hash": "", "opens_at": None, "reason": ""}
        if editions.set_state(tx, edition.id, ["scheduled"], "held", **changes):
            clock.set_stale(tx, clock.PUBLIC_FILES, now)
            deeds.add(tx, actor, "hold", f"edition {edition.name}", now)
        found = editions.get(tx, edition.id)
    if found.state != "held":
        raise Refused(_NO_HOLD, edition=edition.name, state=found.state)
    return found
