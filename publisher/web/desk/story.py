"""One subscriber's story: why an edition came to somebody, or did not, and what comes next."""

from __future__ import annotations

from starlette.responses import Response

from publisher.delivering import explaining
from publisher.errors import NotFound
from publisher.permissions import N_
from publisher.store import subscribers
from publisher.web.desk.visits import Door, Visit
from publisher.web.desk.watch import edition_of


def show(visit: Visit) -> Response:
    """What became of an edition for one subscriber, for editors: in sentences, with what the server said."""
    p, edition, asked = visit.publisher, edition_of(visit), visit.request.path_params["id"]
    known = str(asked).isascii() and str(asked).isdigit() and len(asked) < 16
    with p.store.read() as tx:
        person = subscribers.by_id(tx, int(asked)) if known else None
    if not person:
        raise NotFound(N_("there is no such subscriber"))
    words = p.templates.words(visit.look.language)
    given = (p.store, visit.session.actor, p.config, person.address, visit.now, edition)
    data = explaining.explain(*given, words=words)
    story, delivery = data["edition"], data["edition"]["delivery"]
    # the history is shown as a table, and the articles as a list
    first = delivery["says"] if delivery else story["says"][:1]
    rest = story["says"][len(first) + len(delivery["events"] if delivery else ()) :]
    about = {"here": "subscribers", "edition": edition, "person": person, "moment": visit.moment}
    barred = data["says"][: len(data["says"]) - len(story["says"])]
    return visit.page("story", **about, says=[*barred, *first], delivery=delivery, articles=rest)


DOORS = (Door("/desk/subscribers/{id}/story/{newsletter}/{number}", show),)
