"""Pausing an edition and letting it go on. The next start on any worker obeys: starts look at the state."""

from __future__ import annotations

from datetime import datetime

from publisher.delivering import approving
from publisher.errors import Refused
from publisher.store import Store, editions
from publisher.store.editions import Edition

_MOVING = ("sending", "scheduled")


def pause(store: Store, edition: Edition, now: datetime, reason: str = "") -> Edition:
    """Start nothing more of an edition until somebody resumes it; what was started ends as it ends.

    One that is paused stays as it is. Raises Refused for one that is not on its way.
    """
    with store.write() as tx:
        editions.set_state(tx, edition.id, _MOVING, "paused", paused_at=now, reason=reason)
        found = editions.get(tx, edition.id)
    if found.state != "paused":
        raise Refused(f"{edition.name} cannot be paused: it is {found.state}")
    return found


def resume(store: Store, edition: Edition, now: datetime) -> Edition:
    """Let a paused edition go on, as if it were opened now: nothing is late for the pause (rule 12).

    One paused before it was opened is scheduled again; one that goes on already stays as it is. Raises
    Refused.
    """
    approving.check(store, edition, now)
    with store.write() as tx:
        before = editions.get(tx, edition.id)
        if before.state == "paused":
            state, opened = ("sending", now) if before.opened_at else ("scheduled", None)
            editions.set_state(tx, edition.id, ["paused"], state, opened_at=opened, paused_at=None, reason="")
        found = editions.get(tx, edition.id)
    if found.state not in _MOVING:
        raise Refused(f"{edition.name} cannot be resumed: it is {found.state}")
    return found
