"""One subscriber: what they get, got and agreed to, and what an editor may do about it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from starlette.responses import Response

from publisher import permissions
from publisher.errors import NotAllowed, NotFound, Refused
from publisher.permissions import N_
from publisher.rendering.signup_pages import Topic
from publisher.store.subscribers import Subscription
from publisher.subscribing import finding, tending
from publisher.subscribing.choosing import Choice
from publisher.subscribing.finding import Known
from publisher.web import choices
from publisher.web.desk.subscribers import titles
from publisher.web.desk.visits import Door, Visit
from publisher.web.private_feeds import addresses

_LONGEST = 320
_LONGEST_PAUSE = timedelta(days=366)
_UNTIL = N_("until: expected a day that is to come, within a year")
_TOPICS = N_("topics: expected at least one, or everything")


@dataclass(frozen=True)
class Reading:
    """A newsletter of this subscriber as the page shows it. `topics` are those that may be chosen."""

    subscription: Subscription
    title: str
    configured: bool
    topics: list[Topic]
    cadences: tuple[str, ...]
    feed: Mapping[str, str]
    paused_until: date | None
    next_due: str
    since: str


def show(visit: Visit, status: int = 200, **more: object) -> Response:
    """Everything that is known of one subscriber."""
    p, asked = visit.publisher, visit.request.query_params.get("before", "")
    before = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 16 else None
    known = finding.known(p.store, visit.session.actor, _id(visit), before)
    readings = [_reading(visit, known, one) for one in known.subscriptions]
    mine = {one.newsletter for one in known.subscriptions if one.status != "unsubscribed"}
    given = {
        "known": known,
        "person": known.person,
        "added": visit.moment(known.person.created_at),
        "readings": readings,
        "offered": {name: title for name, title in titles(visit).items() if name not in mine},
        "titles": titles(visit),
        "consents": [(visit.moment(one.at), one) for one in known.consents],
        "reports": [(visit.moment(one.at), one) for one in known.reports],
        "deliveries": [(_when(visit, one), one) for one in known.deliveries],
        "suppressed": visit.moment(known.suppression[1]) if known.suppression else "",
        "first": before is None,
        "zones": choices.zones(),
        "languages": choices.languages(p, (one.language for one in known.subscriptions)),
        "tomorrow": (visit.now + timedelta(days=1)).date().isoformat(),
        "failed": "",
        "field": "",
        "typed": {name: visit.form.one(name)[:_LONGEST] for name in ("newsletter", "agreed", "reason")},
    }
    return visit.page("subscriber", status, **{"here": "subscribers", **given, **more})


def act(visit: Visit) -> Response:
    """Do the one thing that the button said."""
    do, id_ = visit.form.one("do"), _id(visit)
    if do not in _ACTS:
        raise Refused("")
    permissions.check(visit.session.actor, "change people")  # before what was typed is looked at
    try:
        done = _ACTS[do](visit, id_)
    except NotAllowed:
        raise
    except (Refused, NotFound) as error:
        if str(error) == tending.NOBODY:
            raise
        return show(visit, 422, wrong=str(error), failed=do, field=str(error).partition(":")[0])
    return done if isinstance(done, Response) else visit.to(f"/desk/subscribers/{id_}", said=done)


def _reading(visit: Visit, known: Known, one: Subscription) -> Reading:
    p = visit.publisher
    newsletter, feed = p.config.newsletters.get(one.newsletter), known.feeds.get(one.id)
    topics: list[Topic] = []
    if newsletter:
        with p.store.read() as tx:
            topics = choices.topics_of(tx, p, newsletter, one)
    pauses = one.paused_until is not None and one.paused_until > visit.now
    return Reading(
        one,
        newsletter.title if newsletter else one.newsletter,
        newsletter is not None,
        topics,
        tuple(newsletter.cadences) if newsletter else (one.cadence,),
        addresses(p, feed) if feed else {},
        one.paused_until.astimezone(ZoneInfo(one.zone)).date() if pauses and one.paused_until else None,
        visit.moment(one.next_due_at) if one.next_due_at and one.status == "confirmed" else "",
        visit.moment(one.ended_at or one.created_at),
    )


def _when(visit: Visit, row: Any) -> str:
    at = row.finished_at or row.started_at or row.due_at
    return visit.moment(at) if at else ""


def _choose(visit: Visit, id_: int) -> str:
    p, filled = visit.publisher, visit.form
    topics, everything = filled.all("topics"), filled.one("all") == "yes"
    if not (topics or everything):
        raise Refused(_TOPICS)
    choice = Choice(
        "",
        filled.one("newsletter"),
        "confirmed",
        topics=None if everything else topics,
        all_topics=everything,
        cadence=filled.one("cadence") or None,
        weekday=filled.number("weekday"),
        day=filled.number("day"),
        hour=filled.number("hour"),
        zone=filled.one("zone")[:64] or None,
        language=filled.one("language")[:35] or None,
    )
    tending.choose(p.store, p.config, visit.session.actor, id_, choice, visit.now)
    return "chosen"


def _begin(visit: Visit, id_: int) -> str:
    p, filled = visit.publisher, visit.form
    given = (filled.one("newsletter"), filled.one("agreed")[:_LONGEST])
    tending.begin(p.store, p.config, visit.session.actor, id_, *given, visit.now)
    return "begun"


def _stop(visit: Visit, id_: int) -> str:
    newsletter = visit.form.one("newsletter")
    tending.stop(visit.publisher.store, visit.session.actor, id_, newsletter, visit.now)
    return "stopped"


def _pause(visit: Visit, id_: int) -> str:
    filled = visit.form
    until = _until(filled.one("until"), filled.one("zone"), visit.now)
    newsletter = filled.one("newsletter")
    tending.pause(visit.publisher.store, visit.session.actor, id_, newsletter, until, visit.now)
    return "paused"


def _go_on(visit: Visit, id_: int) -> str:
    newsletter = visit.form.one("newsletter")
    tending.pause(visit.publisher.store, visit.session.actor, id_, newsletter, None, visit.now)
    return "going-on"


def _until(text: str, zone: str, now: datetime) -> datetime:
    """The beginning of a day, where the subscriber is."""
    try:
        day = datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007
        until = datetime.combine(day, time(), ZoneInfo(zone))
    except (ValueError, OSError, KeyError):
        raise Refused(_UNTIL) from None
    if not now < until <= now + _LONGEST_PAUSE:
        raise Refused(_UNTIL)
    return until


def _suppress(visit: Visit, id_: int) -> str:
    reason = visit.form.one("reason")[:_LONGEST]
    tending.suppress(visit.publisher.store, visit.session.actor, id_, reason, visit.now)
    return "suppressed"


def _lift(visit: Visit, id_: int) -> str:
    sure = visit.form.one("sure") == "yes"
    tending.lift(visit.publisher.store, visit.session.actor, id_, sure, visit.now)
    return "lifted"


def _make_feed(visit: Visit, id_: int) -> str:
    newsletter = visit.form.one("newsletter")
    tending.make_feed(visit.publisher.store, visit.session.actor, id_, newsletter, visit.now)
    return "feed-made"


def _revoke_feed(visit: Visit, id_: int) -> str:
    newsletter = visit.form.one("newsletter")
    tending.revoke_feed(visit.publisher.store, visit.session.actor, id_, newsletter, visit.now)
    return "feed-ended"


def _copy(visit: Visit, id_: int) -> Response:
    data = tending.copy(visit.publisher.store, visit.session.actor, id_, visit.now)
    text = json.dumps(data, default=str, ensure_ascii=False, indent=2)
    headers = {"Content-Disposition": f'attachment; filename="subscriber-{id_}.json"'}
    return Response(f"{text}\n", headers=headers, media_type="application/json")


def _erase(visit: Visit, id_: int) -> Response:
    p = visit.publisher
    done = tending.forget(p.store, visit.session.actor, id_, visit.form.one("address")[:_LONGEST], visit.now)
    if done.under_way:
        return visit.to(f"/desk/subscribers/{id_}", said="being-sent")
    return visit.to("/desk/subscribers", said="erased")


def _id(visit: Visit) -> int:
    text = visit.request.path_params["id"]
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else 0


_ACTS: dict[str, Callable[[Visit, int], str | Response]] = {
    "choose": _choose,
    "begin": _begin,
    "stop": _stop,
    "pause": _pause,
    "go on": _go_on,
    "suppress": _suppress,
    "lift": _lift,
    "make feed": _make_feed,
    "revoke feed": _revoke_feed,
    "copy": _copy,
    "erase": _erase,
}
DOORS = (Door("/desk/subscribers/{id}", show, act),)
