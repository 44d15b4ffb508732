"""Which slots a request reaches, and the record of a cut, so that a killed one can go on."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from publisher.config.schema import Config
from publisher.cutting.asking import Request
from publisher.editions import slots
from publisher.editions.slots import Timetable
from publisher.errors import Refused
from publisher.model.editors import Actor
from publisher.store import Store, audience, catalogue, clock, cuts, editions
from publisher.store.cuts import Cut


def reached(tx: Connection, config: Config, request: Request) -> tuple[list[str], int]:
    """The slots that a request reaches, oldest first, and the newest release. Raises Refused."""
    newest = catalogue.newest_release(tx)
    hi = newest.number if newest else 0
    wanted = _slots(tx, config, request, hi)
    return [slot for slot in wanted if _open(tx, config, request, slot)], hi


def _slots(tx: Connection, config: Config, request: Request, hi: int) -> list[str]:
    if request.slot or request.kind == "hand":
        return [request.slot]
    if request.kind == "now" and request.cadence != "instant":
        today = request.at.astimezone(config.publication.zone).date()
        return [slots.slot_of(request.cadence, today)]
    if request.cadence == "instant":
        waiting = audience.waiting_instants(tx, request.newsletter, hi, request.at)
        return [str(hi)] if waiting else []
    timetables = audience.due_timetables(tx, request.newsletter, request.cadence, request.at)
    return sorted({slots.newest(Timetable(request.cadence, *t), request.at)[0] for t in timetables})


def _open(tx: Connection, config: Config, request: Request, slot: str) -> bool:
    """Whether this slot may be cut now. Raises Refused to a person, with the reason."""
    if request.kind == "hand":
        return True
    name, cadence = request.newsletter, request.cadence
    there = editions.of_slot(tx, name, cadence, slot)
    reason = ""
    if there and config.newsletters[name].approval and cadence != "instant":
        reason = f"{there.name} is the edition of {slot}: with approval, nobody is added to it later"
    elif request.by_person and (held := later_held(tx, name, cadence, slot)):
        reason = f"{held} is held, and is for a later slot: send or cancel it first"
    if reason and request.by_person:
        raise Refused(reason)
    # a person stopped it; digests move on to their next slot (in planning), instant mail waits for a release
    stopped = cadence == "instant" and not there and editions.cancelled(tx, name, cadence, slot)
    return not reason and (request.by_person or not stopped)


def later_held(tx: Connection, newsletter: str, cadence: str, slot: str) -> str:
    """The name of an undecided edition of a later slot, if there is one."""
    held = [e for e in editions.listed(tx, newsletter, ("held",)) if e.cadence == cadence]
    return next((e.name for e in held if order(e.cadence, e.slot) > order(cadence, slot)), "")


def order(cadence: str, slot: str) -> tuple[int, str]:
    """Slots of one cadence in the order of time."""
    return (int(slot) if cadence == "instant" else 0, slot)


def start(store: Store, request: Request, slot: str, hi: int, now: datetime, actor: Actor) -> Cut | None:
    """Record a cut; None when the clock has started this one already."""
    values = cut_values(request, slot, hi, now, actor)
    once = bool(request.slot) and not request.by_person
    with store.write() as tx:
        # one transaction: a kill between the two would lose the slot
        if once and not clock.advance_slot(tx, f"cut {request.newsletter} {request.cadence}", slot, now):
            return None
        return cuts.start(tx, values)


def cut_values(request: Request, slot: str, hi: int, now: datetime, actor: Actor) -> dict[str, Any]:
    """The columns of a cut."""
    return {
        "newsletter": request.newsletter,
        "cadence": "hand" if request.kind == "hand" else request.cadence,
        "slot": slot,
        "request": {
            "kind": request.kind,
            "by_person": request.by_person,
            "articles": list(request.articles),
            "intro": request.intro,
            "asked_at": now.isoformat(),
            # whose work the edition is, also when somebody else finishes it (rule 13)
            "by": [actor.id, actor.name],
        },
        "edition_id": None,
        "at": request.at,
        "hi": hi,
    }
