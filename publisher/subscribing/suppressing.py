"""Addresses that must never be mailed, whoever's they are: suppressed by an editor, and lifted."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from publisher import permissions
from publisher.errors import Refused
from publisher.model.editors import Actor
from publisher.permissions import N_
from publisher.store import Store, deeds, subscribers
from publisher.subscribing import suppression_checked

_NOT_SUPPRESSED = N_("this address is not suppressed")
_SURE = N_("mail to this address bounced, or somebody complained about it: say that you are sure")
# who suppressed it was not a person: the next mail would do the same again
_WARNED = ("complaint", "hard bounce", "soft bounces")


def needs_care(reason: str) -> bool:
    """Whether lifting a suppression with this reason is likely to do harm."""
    return reason.startswith(_WARNED)


def suppress(store: Store, actor: Actor, address: str, reason: str, now: datetime) -> bool:
    """Never mail an address again, a subscriber's or nobody's; False when that was so.

    Raises NotAllowed and Refused.
    """
    permissions.check(actor, "change people")
    with store.write() as tx:
        return add(tx, actor, address, reason, now)


def lift(store: Store, actor: Actor, address: str, sure: bool, now: datetime) -> None:
    """Let an address be mailed again; what a bounce or complaint suppressed only who is `sure` lifts.

    Raises NotAllowed and Refused.
    """
    permissions.check(actor, "change people")
    with store.write() as tx:
        remove(tx, actor, address, sure, now)


def add(tx: Connection, actor: Actor, address: str, reason: str, now: datetime) -> bool:
    """As `suppress`, in a transaction of somebody who has asked whether the actor may."""
    address, why = suppression_checked(address, reason.strip() or "by hand")
    fresh = subscribers.suppress(tx, address, why, now)
    if fresh:
        deeds.add(tx, actor, "suppress", _object(tx, address), now)
    return fresh


def remove(tx: Connection, actor: Actor, address: str, sure: bool, now: datetime) -> None:
    """As `lift`, in a transaction of somebody who has asked whether the actor may."""
    reason = subscribers.suppression(tx, address)
    if not reason:
        raise Refused(_NOT_SUPPRESSED)
    if needs_care(reason) and not sure:
        raise Refused(_SURE)
    subscribers.unsuppress(tx, address)
    about = {"reason": reason} if needs_care(reason) else {}
    deeds.add(tx, actor, "lift suppression", _object(tx, address), now, **about)


def _object(tx: Connection, address: str) -> str:
    """A subscriber by their number; the log names nobody who may be erased later."""
    person = subscribers.find(tx, address)
    return f"subscriber {person.id}" if person else "an address of no subscriber"
