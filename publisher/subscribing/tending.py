"""What editors do for one subscriber: the same acts as the subscriber's own, asked for by somebody else.

Each asks whether the actor may, and is written down in the transaction that does it: by the subscriber's
number, so that the log names nobody who is erased later.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from publisher import permissions
from publisher.config import values
from publisher.config.schema import Config
from publisher.errors import NotFound, Refused
from publisher.model.editors import Actor
from publisher.permissions import N_
from publisher.store import Store, deeds, in_turn, private_feeds, subscribers
from publisher.store.consents import LONGEST_SOURCE, Consent
from publisher.store.erasing import GONE
from publisher.store.subscribers import Subscriber, Subscription
from publisher.subscribing import suppressing
from publisher.subscribing.choosing import Choice, checked
from publisher.subscribing.erasing import Erased, erase
from publisher.subscribing.preferences import kept_of
from publisher.subscribing.taking import Register

NOBODY = N_("there is no such subscriber")
_NO_SUBSCRIPTION = N_("newsletter: this subscriber does not get it")
_SUPPRESSED = N_("this address is suppressed, and no mail may go to it: lift that first")
_AGREED = N_("agreed: expected how they agreed, in a few words")
_ADDRESS = N_("address: this does not look like an e-mail address")
_TYPED = N_("address: what was typed is not the address of this subscriber")


def add(store: Store, config: Config, actor: Actor, choice: Choice, agreed: str, now: datetime) -> int:
    """A new subscriber, or another newsletter for one: `agreed` says how they agreed. The subscriber's id.

    Who had left is taken back. Raises NotAllowed, and Refused: bad value, suppressed address.
    """
    permissions.check(actor, "change people")
    try:
        values.address(choice.address)
    except ValueError:
        raise Refused(_ADDRESS) from None
    with store.write() as tx:
        _take(tx, config, choice, now, (choice.status, _agreed(agreed)))
        person = subscribers.find(tx, choice.address)
        if person is None:
            raise NotFound(NOBODY)
        about = {"newsletter": choice.newsletter, "status": choice.status}
        deeds.add(tx, actor, "add subscriber", _object(person.id), now, **about)
        return person.id


def begin(
    store: Store, config: Config, actor: Actor, id_: int, newsletter: str, agreed: str, now: datetime
) -> None:
    """Another newsletter for a subscriber, or one again. Raises as `add`, and NotFound."""
    permissions.check(actor, "change people")
    with store.write() as tx:
        choice = Choice(_person(tx, id_).address, newsletter, "confirmed")
        _take(tx, config, choice, now, ("confirmed", _agreed(agreed)))
        deeds.add(tx, actor, "subscribe", _object(id_), now, newsletter=newsletter)


def choose(store: Store, config: Config, actor: Actor, id_: int, choice: Choice, now: datetime) -> None:
    """Change what somebody chose of a newsletter that they get: its `status` and `address` do not count.

    Raises NotAllowed, NotFound and Refused.
    """
    permissions.check(actor, "change people")
    with store.write() as tx:
        person, mine = _mine(tx, id_, choice.newsletter)
        if mine.status == "unsubscribed":
            raise NotFound(_NO_SUBSCRIPTION)
        _take(tx, config, replace(choice, address=person.address, status=mine.status), now)
        deeds.add(tx, actor, "choose", _object(id_), now, newsletter=choice.newsletter)


def _take(
    tx: Connection, config: Config, choice: Choice, now: datetime, evidence: tuple[str, str] | None = None
) -> None:
    if subscribers.suppression(tx, choice.address):
        raise Refused(_SUPPRESSED)
    if evidence:
        # asking again for what they have is no change, and nevertheless a word that was given
        said = Consent(choice.newsletter, *evidence, "", now)
        choice = replace(choice, consents=(said,))
    register = Register(tx, config, [choice.address], now)
    register.take(checked(choice, config))
    register.flush()


def stop(store: Store, actor: Actor, id_: int, newsletter: str, now: datetime) -> None:
    """End one newsletter; the next message of a running send obeys. Raises NotAllowed and NotFound."""
    ended = {"status": "unsubscribed", "ended_at": now}
    _change(store, actor, id_, newsletter, "unsubscribe", now, ended, {})


def pause(
    store: Store, actor: Actor, id_: int, newsletter: str, until: datetime | None, now: datetime
) -> None:
    """Nothing until then, and afterwards what came meanwhile as one digest (rule 5); None: go on."""
    verb = "pause subscription" if until else "resume subscription"
    about = {"until": until.isoformat(timespec="minutes")} if until else {}
    _change(store, actor, id_, newsletter, verb, now, {"paused_until": until}, about)


def _change(
    store: Store,
    actor: Actor,
    id_: int,
    newsletter: str,
    verb: str,
    now: datetime,
    changed: dict[str, Any],
    about: dict[str, str],
) -> None:
    permissions.check(actor, "change people")
    with store.write() as tx:
        _, mine = _mine(tx, id_, newsletter)
        if mine.status == "unsubscribed":
            raise NotFound(_NO_SUBSCRIPTION)
        subscribers.change(tx, mine.id, changed)
        deeds.add(tx, actor, verb, _object(id_), now, newsletter=newsletter, **about)


def suppress(store: Store, actor: Actor, id_: int, reason: str, now: datetime) -> bool:
    """Never mail a subscriber again; False when that was so. Raises NotAllowed, NotFound and Refused."""
    permissions.check(actor, "change people")
    with store.write() as tx:
        return suppressing.add(tx, actor, _person(tx, id_).address, reason, now)


def lift(store: Store, actor: Actor, id_: int, sure: bool, now: datetime) -> None:
    """Let a subscriber be mailed again; what a bounce or complaint suppressed only who is `sure` lifts.

    Raises NotAllowed, NotFound and Refused.
    """
    permissions.check(actor, "change people")
    with store.write() as tx:
        suppressing.remove(tx, actor, _person(tx, id_).address, sure, now)


def make_feed(store: Store, actor: Actor, id_: int, newsletter: str, now: datetime) -> int:
    """A private feed of what a subscription chose; an earlier one is taken back. Raises as `stop`."""
    permissions.check(actor, "change people")
    with store.write() as tx:
        in_turn(tx, "private feeds")
        _, mine = _mine(tx, id_, newsletter)
        private_feeds.revoke(tx, mine.id, now)
        deeds.add(tx, actor, "make feed", _object(id_), now, newsletter=newsletter)
        return private_feeds.add(tx, mine.id, now)


def revoke_feed(store: Store, actor: Actor, id_: int, newsletter: str, now: datetime) -> None:
    """Take a private feed back. Raises as `stop`."""
    permissions.check(actor, "change people")
    with store.write() as tx:
        _, mine = _mine(tx, id_, newsletter)
        if private_feeds.revoke(tx, mine.id, now):
            deeds.add(tx, actor, "end feed", _object(id_), now, newsletter=newsletter)


def copy(store: Store, actor: Actor, id_: int, now: datetime) -> dict[str, Any]:
    """Everything that is kept of somebody, as plain values. Raises NotAllowed and NotFound."""
    permissions.check(actor, "export people")
    with store.write() as tx:
        person = _person(tx, id_)
        deeds.add(tx, actor, "copy subscriber", _object(id_), now)
    with store.read() as tx:
        return kept_of(tx, person)


def forget(store: Store, actor: Actor, id_: int, typed: str, now: datetime) -> Erased:
    """Erase somebody for good (rule 29), when their address was typed. Raises as `choose`."""
    permissions.check(actor, "erase people")
    with store.read() as tx:
        address = _person(tx, id_).address
    if subscribers.address_key(typed.strip()) != subscribers.address_key(address):
        raise Refused(_TYPED)

    def noted(tx: Connection) -> None:
        deeds.add(tx, actor, "erase", _object(id_), now)

    return erase(store, address, now, noted)


def _person(tx: Connection, id_: int) -> Subscriber:
    person = subscribers.by_id(tx, id_)
    if person is None or person.address == GONE:
        raise NotFound(NOBODY)
    return person


def _mine(tx: Connection, id_: int, newsletter: str) -> tuple[Subscriber, Subscription]:
    person = _person(tx, id_)
    for one in subscribers.subscriptions_of(tx, id_):
        if one.newsletter == newsletter:
            return person, one
    raise NotFound(_NO_SUBSCRIPTION)


def _agreed(text: str) -> str:
    said = " ".join(text.split())
    if not said or not said.isprintable():
        raise Refused(_AGREED)
    return f"desk: {said}"[:LONGEST_SOURCE]


def _object(id_: int) -> str:
    return f"subscriber {id_}"
