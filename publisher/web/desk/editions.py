"""All editions, the newest first."""

from __future__ import annotations

from urllib.parse import urlencode

from starlette.responses import Response

from publisher import permissions
from publisher.store import edition_lists, ledger
from publisher.web.desk.visits import Door, Visit

A_PAGE = 50
STATES = ("held", "scheduled", "cutting", "sending", "paused", "done", "cancelled")


def show(visit: Visit) -> Response:
    """All editions, for editors: of which newsletter, for how many, and how each stands."""
    permissions.check(visit.session.actor, "look")
    asked, names = visit.request.query_params, visit.publisher.config.newsletters
    newsletter, state = asked.get("newsletter", "")[:63], asked.get("state", "")[:10]
    before = number(asked.get("before", ""))
    states = (state,) if state in STATES else ()
    with visit.publisher.store.read() as tx:
        found = edition_lists.page(tx, A_PAGE + 1, before, newsletter, states)
        counts = ledger.counts_of(tx, [one.id for one in found])
    shown, query = found[:A_PAGE], {"newsletter": newsletter, "state": state}
    kept = {name: value for name, value in query.items() if value}
    return visit.page(
        "editions",
        rows=[(one, visit.moment(one.created_at), counts[one.id]) for one in shown],
        names={name: one.title or name for name, one in names.items()},
        newsletter=newsletter,
        state=state,
        states=STATES,
        older=f"?{urlencode(kept | {'before': shown[-1].id})}" if len(found) > A_PAGE else "",
        newest=f"?{urlencode(kept)}" if before is not None else "",
    )


def number(text: str) -> int | None:
    """A whole number that an address holds; None for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None


DOORS = (Door("/desk/editions", show),)
