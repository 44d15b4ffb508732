"""The ledger of an edition: who got it and who did not, why, and what a person does about it."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode

from starlette.responses import Response

from publisher import delivering
from publisher.delivering import perusing, retrying
from publisher.delivering.perusing import Wanted
from publisher.errors import NotAllowed, NotFound, Refused
from publisher.permissions import N_
from publisher.store import ledger, wishes
from publisher.store.editions import Edition
from publisher.web.desk.visits import Door, Visit
from publisher.web.desk.watch import edition_of

_LONGEST = 320
_SECONDS = 1.0  # that a request works on a retry: the clock goes on with the rest
_MORE = N_("there are more of them by now: look at the number, and decide again")


def show(visit: Visit, status: int = 200, **more: object) -> Response:
    """The deliveries of an edition, for editors: searched, page by page, each with its history."""
    p, edition = visit.publisher, edition_of(visit)
    wanted, after = _wanted(visit), _number(visit.request.query_params.get("after", ""))
    found = perusing.page(p.store, visit.session.actor, edition, wanted, after)
    with p.store.read() as tx:
        unseen = ledger.unseen(tx).get(edition.id, 0)
        going_on = [one.status for one in wishes.of(tx, edition.id)]
    query = _query(visit)
    given: dict[str, object] = {
        "here": "editions",
        "edition": edition,
        "wanted": wanted,
        "page": found,
        "first": not after,
        "statuses": ledger.STATUSES,
        "retried": retrying.RETRIED,
        "unseen": unseen,
        "going_on": going_on,
        "query": f"?{urlencode(query)}" if query else "",
        "older": f"?{urlencode(query | {'after': found.after})}" if found.after else "",
        "full": len(found.found) == perusing.A_PAGE,
        "moment": visit.moment,
    }
    return visit.page("deliveries", status, **given, **more)


def act(visit: Visit) -> Response:
    """Send again, or take note: one of them, or all of a status, as the button said."""
    do, edition = visit.form.one("do"), edition_of(visit)
    if do not in _ACTS:
        raise Refused("")
    try:
        said = _ACTS[do](visit, edition)
    except NotAllowed:
        raise
    except (Refused, NotFound) as error:
        status = 404 if isinstance(error, NotFound) else 422
        return show(visit, status, wrong=error, failed=do)
    delivering.finish(visit.publisher.store, visit.now)
    return visit.to(f"/desk/editions/{edition.name}/deliveries", **_query(visit), said=said)


def _wanted(visit: Visit) -> Wanted:
    asked = visit.request.query_params
    begin, provider = (_typed(asked.get(name, "")) for name in ("q", "provider"))
    status = asked.get("status", "")
    return Wanted(begin, status if status in ledger.STATUSES else "", provider.lower().removeprefix("@"))


def _typed(text: str) -> str:
    return "".join(c for c in text if c.isprintable()).strip()[:_LONGEST]


def _query(visit: Visit) -> dict[str, str]:
    """The filters, as they stand in the address of the page."""
    wanted = _wanted(visit)
    given = {"q": wanted.begin, "status": wanted.status, "provider": wanted.provider}
    return {name: value for name, value in given.items() if value}


def _again(visit: Visit, edition: Edition, one: int | None = None) -> str:
    status = visit.form.one("status")
    given = (visit.publisher.store, visit.session.actor, edition, status, visit.now)
    done = retrying.retry(*given, one=one, seconds=_SECONDS)
    if done.left:
        return "going-on"
    return "some-again" if done.suppressed else "again"


def _all_again(visit: Visit, edition: Edition) -> str:
    with visit.publisher.store.read() as tx:
        _check(visit, ledger.counts(tx, edition.id).get(visit.form.one("status"), 0))
    return _again(visit, edition)


def _seen(visit: Visit, edition: Edition, one: int | None = None) -> str:
    retrying.acknowledge(visit.publisher.store, visit.session.actor, edition, visit.now, one=one)
    return "seen"


def _all_seen(visit: Visit, edition: Edition) -> str:
    with visit.publisher.store.read() as tx:
        _check(visit, ledger.unseen(tx).get(edition.id, 0))
    return _seen(visit, edition)


def _check(visit: Visit, there: int) -> None:
    """Nothing is done to more than was said before."""
    if there > (visit.form.number("count") or 0):
        raise Refused(_MORE)


def _id(visit: Visit) -> int:
    if not (found := _number(visit.form.one("id"))):
        raise NotFound(N_("there is no such delivery"))
    return found


def _number(typed: str) -> int:
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 16 else 0


_ACTS: dict[str, Callable[[Visit, Edition], str]] = {
    "retry": _all_again,
    "retry one": lambda visit, edition: _again(visit, edition, _id(visit)),
    "acknowledge": _all_seen,
    "acknowledge one": lambda visit, edition: _seen(visit, edition, _id(visit)),
}
DOORS = (Door("/desk/editions/{newsletter}/{number}/deliveries", show, act),)
