"""Today: what needs a person, what is under way, what is due next, and what has come in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection
from starlette.responses import Response

from publisher import permissions, webhooks
from publisher.app import Publisher
from publisher.cutting.asking import approval_timetable
from publisher.delivering import progress, watching
from publisher.delivering.watching import Standing
from publisher.editions import slots
from publisher.errors import StoreError
from publisher.gathering.fetching import Trouble, troubles
from publisher.model.editors import Actor
from publisher.store import editions, ledger, outlook, refusals, restores
from publisher.store import troubles as mail_troubles
from publisher.store.editions import Edition
from publisher.store.outlook import Arrival, Due
from publisher.store.refusals import Refusal
from publisher.store.troubles import Noted
from publisher.web.desk.visits import Door, Visit
from publisher.web.health import clock_fault

_ARRIVALS, _REFUSED = 10, 20
_LATELY = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Coming:
    """What is due next in a newsletter, cadence by cadence."""

    title: str
    name: str
    approval: bool
    due: tuple[Due, ...]


@dataclass(frozen=True, slots=True)
class Waiting:
    """An edition that a person must decide about, with how many deliveries it plans or are unknown."""

    name: str
    count: int
    needs_approval: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Today:
    """Everything on the page, of one moment."""

    held: list[Waiting]
    unknown: list[Waiting]
    stopped: list[Waiting]
    refused: list[Refusal]
    refused_count: int
    troubles: list[Trouble]
    endpoints: list[webhooks.Standing]
    server: Noted | None
    clock_stands: bool
    restored: bool
    under_way: list[Standing]
    coming: list[Coming]
    arrivals: list[Arrival]
    lately: int

    @property
    def needs_somebody(self) -> bool:
        """Whether anything waits for a person."""
        matters = (self.held, self.unknown, self.stopped, self.refused, self.troubles, self.endpoints)
        return any(matters) or self.clock_stands or self.restored or self.server is not None


def look(p: Publisher, now: datetime, actor: Actor) -> Today:
    """How the publication stands, as far as somebody may see it. Raises StoreError."""
    with p.store.read() as tx:
        going = editions.listed(tx, states=editions.OPEN_STATES)
        arrivals = outlook.arrivals(tx, _ARRIVALS)
        found = {
            "held": [_held(tx, one) for one in going if one.state == "held"],
            "unknown": [Waiting(editions.get(tx, id_).name, n) for id_, n in ledger.unseen(tx).items()],
            "stopped": [
                Waiting(e.name, 0, reason=progress.plain(e.reason))
                for e in going
                if e.state == "paused" and e.reason
            ],
            "refused": refusals.listed(tx, _REFUSED),
            "refused_count": refusals.count(tx),
            "server": _unreachable(tx),
            "restored": bool(restores.restored(tx)),
            "coming": list(coming(tx, p, now)),
            "arrivals": arrivals,
            "lately": outlook.arrived_since(tx, now - _LATELY),
        }
    moving = [one for one in going if one.state != "held"]
    return Today(
        **found,  # type: ignore[arg-type]
        troubles=troubles(p.store, p.config),
        endpoints=webhooks.off(p.store, p.config, actor),
        clock_stands=_clock_stands(p),
        under_way=watching.standings(p.store, moving, now),
    )


def _unreachable(tx: Connection) -> Noted | None:
    """Why no mail leaves; what is in it is for everybody."""
    found = mail_troubles.noted(tx, mail_troubles.MAIL_SERVER)
    return found._replace(said=progress.plain(found.said)) if found else None


def _held(tx: Connection, edition: Edition) -> Waiting:
    planned = sum(ledger.counts(tx, edition.id).values())
    return Waiting(edition.name, planned, edition.needs_approval, progress.plain(edition.reason))


def coming(tx: Connection, p: Publisher, now: datetime) -> Iterator[Coming]:
    """What is due next in each newsletter of the configuration, in its order."""
    for name, newsletter in p.config.newsletters.items():
        found, people = [], outlook.receivers(tx, name, now)
        for cadence in slots.CADENCES:
            if newsletter.approval and cadence != "instant":
                # rule 13: one cut for everybody, at the newsletter's own hour
                at = slots.next_due(approval_timetable(p.config, name, cadence), now)
                due = Due(cadence, at, people[cadence]) if cadence in people else None
            else:
                due = outlook.next_due(tx, name, cadence, people, now)
            if due:
                found.append(due)
        yield Coming(newsletter.title or name, name, newsletter.approval, tuple(found))


def _clock_stands(p: Publisher) -> bool:
    try:
        return bool(clock_fault(p.store))
    except StoreError:
        return True


def show(visit: Visit) -> Response:
    """Today, for editors: what needs a person, what is under way, what is due next, what has come in."""
    actor = visit.session.actor
    permissions.check(actor, "look")
    sources = [str(source.path.name) for source in visit.publisher.config.sources if source.path]
    today = look(visit.publisher, visit.now, actor)
    return visit.page("today", today=today, moment=visit.moment, sources=sources)


DOORS = (Door("/desk/", show),)
