"""An edition by name: opening it, and saying how it stands."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from publisher import permissions
from publisher.delivering import approving, due_times
from publisher.errors import NotFound, Refused
from publisher.model.editors import COMMAND_LINE, Actor
from publisher.permissions import N_
from publisher.store import Store, clock, deeds, editions, ledger
from publisher.store.editions import Edition

_CLOSED = ("held", "scheduled")
_OPENED = N_("%(edition)s was opened already: --at cannot hold it any more")
_UNAPPROVED = N_("%(edition)s waits for approval: publisher approve %(edition)s")
_FAULTY = N_("%(edition)s cannot be sent: %(fault)s")
_NOT_NOW = N_("%(edition)s cannot be sent: it is %(state)s%(because)s")


def named(store: Store, name: str) -> Edition:
    """The edition `NEWSLETTER/NUMBER`. Raises NotFound."""
    found = re.fullmatch(r"([a-z0-9-]+)/(\d{1,9})", name)
    with store.read() as tx:
        edition = editions.find(tx, found[1], int(found[2])) if found else None
        if edition:
            return edition
        known = [e.name for e in editions.listed(tx)[:5]]
    raise NotFound(
        f"no edition {name!r}; expected NEWSLETTER/NUMBER, such as {', '.join(known) or 'daily/1'}"
    )


def open_edition(
    store: Store,
    edition: Edition,
    now: datetime,
    *,
    at: datetime | None = None,
    when: str = "",
    actor: Actor = COMMAND_LINE,
) -> Edition:
    """Let an edition go: at once, or from `at` on. Raises NotAllowed, and Refused for one unapproved, changed
    since it was approved, paused or ended.

    `when` is now (every waiting row), local (each one's next hour) or empty (each row at its own time).
    """
    permissions.check(actor, "send")
    _check(edition)
    approving.check(store, edition, now)
    if at and edition.state in ("sending", "done"):
        raise Refused(_OPENED, edition=edition.name)
    if when == "local":
        due_times.next_hours(store, edition, now)
    elif when == "now":
        due_times.all_now(store, edition, now)
    with store.write() as tx:
        if at and at > now:
            editions.set_state(tx, edition.id, _CLOSED, "scheduled", opens_at=at, reason="")
        elif editions.set_state(tx, edition.id, _CLOSED, "sending", opened_at=now, opens_at=None, reason=""):
            clock.set_stale(tx, clock.PUBLIC_FILES, now)
        found = editions.get(tx, edition.id)
        _check(found)  # somebody may have cancelled it meanwhile
        said = {"when": when or (at.isoformat() if at else "")}
        deeds.add(tx, actor, "send", f"edition {edition.name}", now, **said)
        return found


def _check(edition: Edition) -> None:
    if edition.needs_approval and not edition.approved_hash:
        raise Refused(_UNAPPROVED, edition=edition.name)
    if edition.fault and not edition.opened_at:
        raise Refused(_FAULTY, edition=edition.name, fault=edition.fault)
    if edition.state in ("cutting", "cancelled", "paused"):
        values = {"edition": edition.name, "state": edition.state, "because": _because(edition)}
        raise Refused(_NOT_NOW, **values)


def _because(edition: Edition) -> str:
    return f" ({edition.reason})" if edition.reason else ""


def open_due(store: Store, now: datetime) -> list[Edition]:
    """Open what is scheduled and due; what a person left held stays held (rule 10)."""
    with store.read() as tx:
        if not _openable(tx, now):
            return []
    with store.write() as tx:
        opened = _openable(tx, now)
        for edition in opened:
            editions.set_state(tx, edition.id, ["scheduled"], "sending", opened_at=now)
        clock.set_stale(tx, clock.PUBLIC_FILES, now)
        return opened


def _openable(tx: Connection, now: datetime) -> list[Edition]:
    return [
        e
        for e in editions.listed(tx, states=("scheduled",))
        if not (e.needs_approval and not e.approved_hash) and (e.opens_at is None or e.opens_at <= now)
    ]


def counts(store: Store, edition: Edition) -> dict[str, Any]:
    """How an edition stands: its state and why, `planned`, and the number of deliveries in each status."""
    with store.read() as tx:
        found = ledger.counts(tx, edition.id)
        now = editions.get(tx, edition.id)
    about = {"edition": edition.name, "state": now.state, "reason": now.reason}
    return {**about, "planned": sum(found.values()), **found}
