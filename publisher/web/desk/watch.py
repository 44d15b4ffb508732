"""Watching an edition: how it gets on, by provider and in the servers' words, live where there is script."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime

from starlette.responses import Response

from publisher import permissions
from publisher.app import Publisher
from publisher.delivering import progress
from publisher.delivering.progress import Progress
from publisher.errors import NotFound
from publisher.permissions import N_
from publisher.store import editions
from publisher.store.editions import Edition
from publisher.web.desk.live import Seen
from publisher.web.desk.look import Look
from publisher.web.desk.visits import Door, Visit

PIECES = ("counts", "said", "providers", "senders", "moment")
_PLACE = "/desk/editions/{newsletter}/{number}/watch"


def edition_of(visit: Visit) -> Edition:
    """The edition that the address names. Raises NotFound."""
    newsletter, number = (str(visit.request.path_params[name]) for name in ("newsletter", "number"))
    if re.fullmatch(r"[1-9]\d{0,8}", number, re.ASCII):
        with visit.publisher.store.read() as tx:
            if found := editions.find(tx, newsletter, int(number)):
                return found
    raise NotFound(N_("there is no such edition"))


def show(visit: Visit) -> Response:
    """How an edition gets on, for editors: it goes on by itself where there is script."""
    p, edition = visit.publisher, edition_of(visit)
    found = progress.look(p.store, p.config, visit.session.actor, edition, visit.now)
    return visit.page("watch", **_context(visit.look, edition, found))


def events(visit: Visit) -> Response:
    """The same as server-sent events, one for each piece of the page that has changed."""
    permissions.check(visit.session.actor, "look")
    edition, watch = edition_of(visit), _watching(visit)
    head = visit.request.method == "HEAD"
    return visit.live.answer(edition.id, visit.session.id, watch, head=head)


def _watching(visit: Visit) -> Callable[[], Seen]:
    p, look, actor, edition = visit.publisher, visit.look, visit.session.actor, edition_of(visit)

    def watch() -> Seen:
        found = progress.look(p.store, p.config, actor, edition, p.clock())
        given = _context(look, edition, found)
        # who watches is not asked for: the same goes to all
        return Seen({name: look.page(f"watch-{name}", None, given) for name in PIECES}, found.over)

    return watch


def _context(look: Look, edition: Edition, found: Progress) -> dict[str, object]:
    return {
        "here": "editions",
        "edition": edition,
        "now": found,
        "reason": progress.plain(found.standing.reason),
        "trouble_said": progress.plain(found.trouble.said) if found.trouble else "",
        "moment": lambda at: look.moment(at, found.at),
        "second": _second(look.publisher, found.at),
    }


def _second(p: Publisher, at: datetime) -> str:
    return at.astimezone(p.config.publication.zone).strftime("%H:%M:%S")


DOORS = (Door(_PLACE, show), Door(f"{_PLACE}/events", events))
