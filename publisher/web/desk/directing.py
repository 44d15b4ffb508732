"""What editors do with an edition: change, test, approve, send, hold, pause, resume or cancel it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from starlette.responses import Response

from publisher import cutting, delivering, permissions
from publisher.cutting import cancelling
from publisher.cutting.editing import Changes
from publisher.delivering import approving, controlling, copies, opening
from publisher.delivering.messages import Composer
from publisher.errors import ContentError, NotAllowed, NotFound, PublisherError, Refused
from publisher.permissions import N_
from publisher.store import editions
from publisher.store.editions import Edition
from publisher.web.desk.edition import show
from publisher.web.desk.editions import number
from publisher.web.desk.errands import Do
from publisher.web.desk.visits import Door, Visit
from publisher.web.desk.watch import edition_of

_COPIES = 20
_AT = N_("at: expected a date and a time, such as 2026-11-21 07:00")
_PAST = N_("at: this moment has passed")
_WHOM = N_("give an address, or several with commas between them, twenty at most")
_BY_HAND = "by hand"


def act(visit: Visit) -> Response:
    """Change it, send copies, approve, send, hold, pause, resume or cancel it, as the button said."""
    do, edition = visit.form.one("do"), edition_of(visit)
    if do not in _ACTS:
        raise Refused("")
    try:
        return _ACTS[do](visit, edition)
    except NotAllowed:
        raise
    except (Refused, NotFound, ContentError) as error:
        typed = {name: values[0] for name, values in visit.form.values.items() if name not in ("token", "do")}
        typed |= {"keep": visit.form.all("keep")} if do == "change" else {}  # type: ignore[dict-item]
        return show(visit, 422, wrong=error, typed=typed, failed=do)


def _errand(visit: Visit, edition: Edition, said: str, do: Do) -> Response:
    """Do it aside; where that takes long, the page says how far it is."""
    errand = visit.look.errands.begin(edition.name, do)
    try:
        errand.wait()
    except PublisherError:
        visit.look.errands.forget(edition.name)
        raise
    return visit.to(f"/desk/editions/{edition.name}", said=said if errand.ended else "under way")


def _change(visit: Visit, edition: Edition) -> Response:
    p, actor, changes = visit.publisher, visit.session.actor, _changes(visit)
    permissions.check(actor, "change")

    def change(progress: Callable[[int, int], None]) -> Any:
        given = (p.store, p.config, p.templates, edition, changes, visit.now)
        return cutting.change(*given, actor=actor, progress=progress)

    return _errand(visit, edition, "changed", change)


def _changes(visit: Visit) -> Changes:
    """What the form says: the articles that are kept, in the order of the numbers beside them."""
    filled = visit.form
    listed, keep = filled.all("article"), set(filled.all("keep"))
    places = {a: (number(filled.one(f"place {a}")) or 0, n) for n, a in enumerate(listed)}
    dropped = tuple(a for a in listed if a not in keep)
    kept = tuple(a for a in listed if a in keep)
    # the list is one for all variants: whoever leaves it as it stands asks for no order in any of them
    order = found if (found := tuple(sorted(kept, key=lambda a: places[a]))) != kept else None
    seen = filled.number("seen")
    lines = {name: filled.one(name) for name in ("intro", "subject", "preheader")}
    return Changes(order, dropped, **lines, seen=seen)


def _test(visit: Visit, edition: Edition) -> Response:
    p = visit.publisher
    permissions.check(visit.session.actor, "test")
    whom = [one.strip() for one in visit.form.one("addresses").replace("\n", ",").split(",") if one.strip()]
    if not 0 < len(whom) <= _COPIES:
        raise Refused(_WHOM)
    composer = Composer(p.store, p.config, p.keys)
    copies.queue_copies(composer, edition, whom, visit.now, actor=visit.session.actor)
    return visit.to(f"/desk/editions/{edition.name}", said="tested")


def _approve(visit: Visit, edition: Edition) -> Response:
    p, actor, seen = visit.publisher, visit.session.actor, visit.form.one("fingerprint")[:64]
    permissions.check(actor, "approve")
    if not seen:
        raise Refused("")
    with p.store.read() as tx:
        if reason := approving.refusal(tx, edition, actor):
            raise NotAllowed(reason)

    def approve(_progress: object) -> Any:
        return approving.approve(p.store, edition, visit.now, seen, actor=actor)

    return _errand(visit, edition, "approved", approve)


def _send(visit: Visit, edition: Edition) -> Response:
    p, actor, when = visit.publisher, visit.session.actor, visit.form.one("when")
    permissions.check(actor, "send")
    at = _moment(visit) if when == "at" else None
    how = when if when in ("now", "local") else ""

    def send(_progress: object) -> Any:
        return opening.open_edition(p.store, edition, visit.now, at=at, when=how, actor=actor)

    return _errand(visit, edition, "scheduled" if at else "sent", send)


def _moment(visit: Visit) -> datetime:
    """The moment that was typed, in the publication's zone. Raises Refused."""
    try:
        found = datetime.fromisoformat(visit.form.one("at").strip())
    except ValueError:
        raise Refused(_AT) from None
    at = found if found.tzinfo else found.replace(tzinfo=visit.publisher.config.publication.zone)
    if at <= visit.now:
        raise Refused(_PAST)
    return at


def _hold(visit: Visit, edition: Edition) -> Response:
    controlling.hold(visit.publisher.store, edition, visit.now, actor=visit.session.actor)
    return visit.to(f"/desk/editions/{edition.name}", said="held")


def _pause(visit: Visit, edition: Edition) -> Response:
    store, actor = visit.publisher.store, visit.session.actor
    reason = " ".join(visit.form.one("reason").split())[:200]
    controlling.pause(store, edition, visit.now, reason or _BY_HAND, actor=actor)
    return visit.to(f"/desk/editions/{edition.name}", said="paused")


def _resume(visit: Visit, edition: Edition) -> Response:
    store, actor = visit.publisher.store, visit.session.actor
    permissions.check(actor, "resume")

    def resume(_progress: object) -> Any:
        found = controlling.resume(store, edition, visit.now, actor=actor)
        delivering.finish(store, visit.now)
        return found

    return _errand(visit, edition, "resumed", resume)


def _cancel(visit: Visit, edition: Edition) -> Response:
    store, actor = visit.publisher.store, visit.session.actor
    permissions.check(actor, "cancel")
    reason = " ".join(visit.form.one("reason").split())[:200]

    def cancel(_progress: object) -> Any:
        cancelling.cancel(store, edition, visit.now, reason or _BY_HAND, actor=actor)
        with store.read() as tx:
            return editions.get(tx, edition.id)

    return _errand(visit, edition, "cancelled", cancel)


_ACTS: dict[str, Callable[[Visit, Edition], Response]] = {
    "change": _change,
    "test": _test,
    "approve": _approve,
    "send": _send,
    "hold": _hold,
    "pause": _pause,
    "resume": _resume,
    "cancel": _cancel,
}
DOORS = (Door("/desk/editions/{newsletter}/{number}", show, act),)
