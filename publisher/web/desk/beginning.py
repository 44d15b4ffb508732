"""An edition that an editor begins: what it would hold and for how many is said before it is cut."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from urllib.parse import urlencode

from starlette.responses import Response

from publisher import cutting, gathering, permissions
from publisher.app import Publisher
from publisher.cutting import Request, Result
from publisher.errors import ContentError, NotAllowed, NotFound, Refused
from publisher.permissions import N_
from publisher.store import catalogue, searching
from publisher.web.desk.visits import Door, Visit

_PLACE = "/desk/editions/new"
_LISTED, _MOST = 30, 100
KINDS = ("now", "due", "hand")
_NEWSLETTER = N_("newsletter: expected one of this publication")
_CHOOSE = N_("choose an article first, or let it hold what is new")
_OUTDATED = N_("the articles have not been read under this configuration yet: the clock does that next")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was chosen so far: whose edition, of which kind, in which cadence, of which articles in order."""

    newsletter: str
    kind: str
    cadence: str
    articles: tuple[str, ...]

    def query(self, **more: str) -> str:
        """As the address of the page holds it."""
        pairs = [("newsletter", self.newsletter), ("kind", self.kind), ("cadence", self.cadence)]
        return urlencode([*pairs, *(("chosen", one) for one in self.articles), *more.items()])


def show(visit: Visit, status: int = 200, **more: object) -> Response:
    """What an edition that is cut now would hold, for editors, and the articles to choose from."""
    permissions.check(visit.session.actor, "cut")
    p, asked = visit.publisher, visit.request.query_params
    wanted, words = _wanted(visit), asked.get("q", "")[:200]
    known = p.config.newsletters.get(wanted.newsletter)
    with p.store.read() as tx:
        chosen = catalogue.listings(tx, ids=wanted.articles)
        before = _before(asked.get("before", ""))
        found = searching.articles(tx, words, "published", before=before, most=_LISTED + 1)
    last = found[_LISTED - 1] if len(found) > _LISTED else None
    order = {one.article.id: one for one in chosen}
    given: dict[str, object] = {
        "here": "editions",
        "wanted": wanted,
        "kinds": KINDS,
        "names": {name: one.title or name for name, one in p.config.newsletters.items()},
        "cadences": known.cadences if known else (),
        "chosen": [order[one] for one in wanted.articles if one in order],
        "found": [one for one in found[:_LISTED] if one.id not in wanted.articles],
        "words": words,
        "older": f"?{wanted.query(q=words, before=_after(last))}" if last else "",
        "without": {one: f"?{_but(wanted, one).query(q=words)}" for one in wanted.articles},
        "moment": visit.moment,
        "look": asked.get("do", "") == "look",
        "foreseen": None,
        "counting": None,
    }
    if given["look"] and not more:
        try:
            given |= _foresee(visit, wanted)
        except (Refused, NotFound) as error:
            status, more = 422, {"wrong": error}
    return visit.page("beginning", status, **{**given, **more})


def _foresee(visit: Visit, wanted: Wanted) -> dict[str, object]:
    """What a cut would make; or how far the counting is."""
    p, actor = visit.publisher, visit.session.actor
    request = _request(p, wanted, visit.now)

    def count(_progress: object) -> Result:
        return cutting.cut(p.store, p.config, p.templates, request, visit.now, actor=actor, dry_run=True)

    about = f"look {sha256(wanted.query().encode()).hexdigest()} {visit.now:%Y-%m-%d %H:%M}"
    errand = visit.look.errands.of(about) or visit.look.errands.begin(about, count)
    found = errand.wait()
    if found is None:
        return {"counting": errand, "again": f"?{wanted.query(do='look')}"}
    with p.store.read() as tx:
        titles = {x.article.id: x.article.title for x in catalogue.listings(tx, ids=found.articles)}
    return {"foreseen": found, "titles": [titles[one] for one in found.articles]}


def act(visit: Visit) -> Response:
    """Cut it: then it is held, and can be looked at and changed."""
    p, actor = visit.publisher, visit.session.actor
    permissions.check(actor, "cut")
    wanted = _wanted(visit)
    if visit.form.one("do") != "cut":
        raise Refused("")
    try:
        request = _request(p, wanted, visit.now)

        def cut(progress: Callable[[int, int], None]) -> Result:
            given = (p.store, p.config, p.templates, request, visit.now)
            return cutting.cut(*given, actor=actor, progress=progress)

        made = visit.look.errands.begin(f"cut {wanted.newsletter}", cut).wait()
    except NotAllowed:
        raise
    except (Refused, NotFound, ContentError) as error:
        return show(visit, 422, wrong=error)
    if made is None:
        return visit.to("/desk/editions", newsletter=wanted.newsletter, said="cutting")
    if made.edition is None:
        return show(visit, 422, wrong=_NOTHING)
    return visit.to(f"/desk/editions/{made.edition.name}", said="cut")


_NOTHING = N_("there is nothing to cut: nothing is new for anybody whom it would be for")


def _request(p: Publisher, wanted: Wanted, now: datetime) -> Request:
    """What is asked of the cut. Raises Refused and NotFound."""
    if wanted.newsletter not in p.config.newsletters:
        raise NotFound(_NEWSLETTER)
    if wanted.kind == "hand" and not wanted.articles:
        raise Refused(_CHOOSE)
    if gathering.outdated(p.store, p.config):
        raise Refused(_OUTDATED)
    by_hand = wanted.articles if wanted.kind == "hand" else ()
    cadence = "" if by_hand else wanted.cadence
    everybody = wanted.kind == "now"
    return cutting.asked(
        p.config, wanted.newsletter, cadence, now, everybody=everybody, articles=tuple(by_hand)
    )


def _wanted(visit: Visit) -> Wanted:
    """From the address, or from the form that was sent."""
    asked, filled = visit.request.query_params, visit.form
    posted = visit.request.method == "POST"

    def one(name: str) -> str:
        return (filled.one(name) if posted else asked.get(name, ""))[:63]

    names = tuple(visit.publisher.config.newsletters)
    chosen = filled.all("chosen") if posted else tuple(dict.fromkeys(asked.getlist("chosen")))
    newsletter = one("newsletter") or next(iter(names), "")
    known = visit.publisher.config.newsletters.get(newsletter)
    cadence = one("cadence")
    if known and cadence not in known.cadences:
        cadence = known.default.cadence
    kind = one("kind")
    return Wanted(
        newsletter, kind if kind in KINDS else "now", cadence, tuple(a[:400] for a in chosen[:_MOST])
    )


def _but(wanted: Wanted, article: str) -> Wanted:
    return Wanted(
        wanted.newsletter, wanted.kind, wanted.cadence, tuple(a for a in wanted.articles if a != article)
    )


def _before(text: str) -> tuple[datetime, str] | None:
    """Where a page of articles goes on: the moment and id of the last one."""
    at, _, id_ = text.partition(" ")
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        return None
    return (moment, id_[:400]) if moment.tzinfo else None


def _after(one: searching.FoundArticle) -> str:
    return f"{one.published_at.isoformat()} {one.id}"


DOORS = (Door(_PLACE, show, act),)
