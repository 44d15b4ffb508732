"""The log: who did what, and when."""

from __future__ import annotations

from starlette.responses import Response

from publisher.admitting import log
from publisher.web.desk.visits import Door, Visit

_A_PAGE = 100


def show(visit: Visit) -> Response:
    """Who did what and when, the newest first, for publishers and admins."""
    before = visit.request.query_params.get("before", "")
    at = int(before) if before.isascii() and before.isdigit() and len(before) < 16 else None
    found = log.read(visit.publisher.store, visit.session.actor, _A_PAGE + 1, at)
    older = found[_A_PAGE - 1].id if len(found) > _A_PAGE else 0
    rows = [(visit.moment(one.at), one, _particulars(one.data)) for one in found[:_A_PAGE]]
    return visit.page("log", rows=rows, older=older, first=at is None)


def _particulars(data: dict[str, object]) -> str:
    """What else is known of a deed, in a line."""
    said = (", ".join(map(str, one)) if isinstance(one, list) else str(one) for one in data.values())
    return " · ".join(one for one in said if one)


DOORS = (Door("/desk/log", show),)
