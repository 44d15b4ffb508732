"""Subscribers: looked for, counted, added by hand, and written into a file."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.responses import Response, StreamingResponse

from publisher import permissions
from publisher.errors import NotAllowed, NotFound, Refused
from publisher.store import people, tallies
from publisher.store.people import PAUSED
from publisher.subscribing import exports, finding, tending
from publisher.subscribing.choosing import STATUSES, Choice, only_newsletter
from publisher.subscribing.finding import Wanted
from publisher.web.desk.visits import Door, Visit

_NUMBERS = ("confirmed", "pending", "unsubscribed")
_LONGEST, _MANY = 320, 10_000


def show(visit: Visit, status: int = 200, **more: object) -> Response:
    """Subscribers by search, newsletter and status, and how many there are of each."""
    p, asked = visit.publisher, visit.request.query_params
    names = tuple(p.config.newsletters)
    wanted = Wanted(
        asked.get("q", "")[:_LONGEST].replace("\0", ""),
        _one_of(asked.get("newsletter", ""), names),
        _one_of(asked.get("status", ""), (*STATUSES, PAUSED)),
    )
    after = asked.get("after", "")[:_LONGEST].replace("\0", "")
    page = finding.find(p.store, p.config, visit.session.actor, wanted, after, visit.now)
    query = {"q": wanted.text, "newsletter": wanted.newsletter, "status": wanted.status}
    given = {
        "wanted": wanted,
        "page": page,
        "rows": [(one, visit.moment(one.created_at)) for one in page.rows],
        "numbers": _numbers(visit),
        "many": _MANY,
        "titles": titles(visit),
        "statuses": finding.FILTERS,
        "older": address(visit, "/desk/subscribers", **query, after=page.more) if page.more else "",
        "newest": address(visit, "/desk/subscribers", **query) if after else "",
    }
    return visit.page("subscribers", status, here="subscribers", **given, **more)


def export(visit: Visit) -> Response:
    """A file of subscribers, written down as a deed: a POST, though it only reads."""
    p, filled = visit.publisher, visit.form
    if filled.one("do") != "export":
        raise Refused("")
    newsletter = _one_of(filled.one("newsletter"), tuple(p.config.newsletters))
    status = _one_of(filled.one("status"), STATUSES)
    pieces = exports.streamed(p.store, visit.session.actor, newsletter, status, visit.now)
    name = "-".join(["subscribers", *filter(None, (newsletter, status)), visit.now.date().isoformat()])
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return StreamingResponse(pieces, headers=headers, media_type="text/csv")


def show_add(visit: Visit, status: int = 200, **more: object) -> Response:
    """The form for one subscriber who has agreed."""
    permissions.check(visit.session.actor, "change people")
    filled = visit.form
    fields = ("address", "name", "newsletter", "agreed")
    given = {name: filled.one(name)[:_LONGEST] for name in fields}
    given["newsletter"] = given["newsletter"] or visit.request.query_params.get("newsletter", "")[:63]
    page = {"titles": titles(visit), "given": given, "field": ""}
    return visit.page("subscriber-add", status, **{"here": "subscribers", **page, **more})


def add(visit: Visit) -> Response:
    """Add one subscriber, with how they agreed."""
    p, filled = visit.publisher, visit.form
    try:
        choice = Choice(
            filled.one("address").strip()[:_LONGEST],
            only_newsletter(p.config, filled.one("newsletter")),
            "confirmed",
            name=filled.one("name")[:_LONGEST] or None,
        )
        actor = visit.session.actor
        id_ = tending.add(p.store, p.config, actor, choice, filled.one("agreed")[:_LONGEST], visit.now)
    except NotAllowed:
        raise
    except (Refused, NotFound) as error:
        return show_add(visit, 422, wrong=str(error), field=str(error).partition(":")[0])
    return visit.to(f"/desk/subscribers/{id_}", said="added")


def titles(visit: Visit) -> Mapping[str, str]:
    """What each newsletter of the configuration is called."""
    return {name: one.title for name, one in visit.publisher.config.newsletters.items()}


def address(visit: Visit, path: str, **query: str) -> str:
    """The address of a page, without what is empty in its query."""
    return visit.look.address(path, **{name: value for name, value in query.items() if value})


def _one_of(text: str, known: tuple[str, ...]) -> str:
    return text if text in known else ""


def _numbers(visit: Visit) -> list[tuple[str, dict[str, int], int]]:
    """Of each newsletter how many subscriptions have a status, counted as they changed; and pause."""
    names = titles(visit)
    numbers = {name: dict.fromkeys(_NUMBERS, 0) for name in names}
    with visit.publisher.store.read() as tx:
        for (newsletter, _, status), number in tallies.subscriptions(tx).items():
            if newsletter in numbers and status in _NUMBERS:
                numbers[newsletter][status] += number
        paused = {name: people.paused(tx, name, visit.now, _MANY) for name in names}
    return [(title, numbers[name], paused[name]) for name, title in names.items()]


DOORS = (
    Door("/desk/subscribers", show, export),
    Door("/desk/subscribers/add", show_add, add),
)
