"""What a subscriber changes themselves, by a link that stands in every mail; it names a subscription."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from publisher.config import values
from publisher.config.schema import Config
from publisher.errors import NotFound, Refused
from publisher.store import (
    Store,
    confirmations,
    consents,
    histories,
    in_turn,
    notices,
    private_feeds,
    reports,
    subscribers,
)
from publisher.store.confirmations import Confirmation, Kind
from publisher.store.consents import Consent
from publisher.store.erasing import GONE
from publisher.store.subscribers import Subscriber, Subscription
from publisher.subscribing.choosing import Choice, checked
from publisher.subscribing.signing_up import open_newsletters, pending, request
from publisher.subscribing.taking import Register

_MOST = 100_000  # deliveries of one person


@dataclass(frozen=True, slots=True)
class Own:
    """A person and what they get: by newsletter, those of the configuration that are theirs or open.

    `feeds` are private feeds by subscription.
    """

    person: Subscriber
    subscriptions: Mapping[str, Subscription]
    offered: tuple[str, ...]
    feeds: Mapping[int, int]


def own(tx: Connection, config: Config, subscription_id: int) -> Own:
    """Whose link it is, and what is theirs. Raises NotFound."""
    person = _person(tx, subscription_id)
    theirs = subscribers.subscriptions_of(tx, person.id)
    mine = {s.newsletter: s for s in theirs if s.newsletter in config.newsletters and s.status != "pending"}
    offered = tuple(n for n in open_newsletters(config) if n not in mine)
    return Own(person, mine, offered, private_feeds.of(tx, [s.id for s in theirs]))


def choose(store: Store, config: Config, subscription_id: int, choice: Choice, now: datetime) -> None:
    """Change one newsletter that this person gets. `choice.address` does not count.

    Raises NotFound, and Refused with what was expected.
    """
    with store.write() as tx:
        if _mine(tx, subscription_id, choice.newsletter).status != "confirmed":
            raise NotFound(f"no newsletter {choice.newsletter!r}")
        _take(tx, config, _person(tx, subscription_id), choice, now)


def begin(store: Store, config: Config, subscription_id: int, newsletter: str, now: datetime) -> None:
    """Get one more newsletter, or one again. Raises NotFound where nobody may sign up for it, and Refused."""
    if newsletter not in open_newsletters(config):
        raise NotFound(f"no newsletter {newsletter!r}")
    agreed = Consent(newsletter, "confirmed", "preferences", "", now)
    with store.write() as tx:
        choice = Choice("", newsletter, "confirmed", consents=(agreed,))
        _take(tx, config, _person(tx, subscription_id), choice, now)


def _take(tx: Connection, config: Config, person: Subscriber, choice: Choice, now: datetime) -> None:
    if reason := subscribers.suppression(tx, person.address):
        raise Refused(f"suppressed: no mail may go to {person.address}: {reason}")
    register = Register(tx, config, [person.address], now)
    register.take(checked(replace(choice, address=person.address, status="confirmed"), config))
    register.flush()


def pause(store: Store, subscription_id: int, newsletter: str, until: datetime | None) -> None:
    """Get nothing until then, and afterwards what came meanwhile as one digest (rule 5); None: go on."""
    with store.write() as tx:
        subscribers.change(tx, _mine(tx, subscription_id, newsletter).id, {"paused_until": until})


def stop(store: Store, subscription_id: int, newsletter: str, now: datetime) -> None:
    """End one newsletter. Raises NotFound."""
    with store.write() as tx:
        mine = _mine(tx, subscription_id, newsletter)
        if mine.status != "unsubscribed":
            subscribers.change(tx, mine.id, {"status": "unsubscribed", "ended_at": now})


def make_feed(store: Store, subscription_id: int, newsletter: str, now: datetime) -> int:
    """A private feed of what a subscription chose; an earlier one is taken back. Raises NotFound."""
    with store.write() as tx:
        in_turn(tx, "private feeds")
        mine = _mine(tx, subscription_id, newsletter)
        private_feeds.revoke(tx, mine.id, now)
        return private_feeds.add(tx, mine.id, now)


def feed(store: Store, subscription_id: int, newsletter: str, now: datetime) -> int:
    """The private feed of a subscription; a new one where it has none. Raises NotFound."""
    with store.write() as tx:
        in_turn(tx, "private feeds")
        mine = _mine(tx, subscription_id, newsletter)
        return private_feeds.of(tx, [mine.id]).get(mine.id) or private_feeds.add(tx, mine.id, now)


def revoke_feed(store: Store, subscription_id: int, newsletter: str, now: datetime) -> None:
    """Take a private feed back. Raises NotFound."""
    with store.write() as tx:
        private_feeds.revoke(tx, _mine(tx, subscription_id, newsletter).id, now)


def ask_by_mail(
    store: Store, config: Config, subscription_id: int, kind: Kind, network: str, now: datetime
) -> bool:
    """Send a link for `download` or `erase` to the person's own address; False where a limit says no.

    Whoever was forwarded a mail has its links too, and must not get or delete what is kept of somebody.
    """
    with store.read() as tx:
        person = _person(tx, subscription_id)
    return request(store, config, kind, [person.address], {"subscriber": person.id}, network, now)


def ask_to_move(
    store: Store, config: Config, subscription_id: int, to: str, network: str, now: datetime
) -> bool:
    """Ask both addresses whether mail shall go to the new one; False: a limit says no. Raises Refused."""
    try:
        to = values.address(to.strip())
    except ValueError as error:
        raise Refused(f"address: {error}") from None
    with store.read() as tx:
        person = _person(tx, subscription_id)
    if subscribers.address_key(to) == subscribers.address_key(person.address):
        raise Refused("address: expected another one than the one you have")
    data: dict[str, object] = {"subscriber": person.id, "from": person.address, "to": to}
    # told apart from the same wish of another day
    data["wish"] = secrets.token_hex(8)
    return request(store, config, "move", [person.address, to], data, network, now)


def agree_to_move(store: Store, config: Config, id_: int, now: datetime) -> str:
    """One of the two addresses said yes: `moved`, `waiting` for the other, `taken`, or empty (over)."""
    with store.write() as tx:
        in_turn(tx, "subscribers")
        found = pending(tx, config, "move", id_, now)
        if not found:
            return ""
        confirmations.set_used(tx, id_, found.used_at or now)
        if not confirmations.all_agreed(tx, "move", found.data, (found.data["from"], found.data["to"])):
            return "waiting"
        return _move(tx, found.data)


def _move(tx: Connection, data: Mapping[str, Any]) -> str:
    person = subscribers.find(tx, data["from"])
    there = subscribers.find(tx, data["to"])
    if there and there.id == data["subscriber"]:
        return "moved"
    if there or not person or person.id != data["subscriber"]:
        return "taken"
    subscribers.readdress(tx, person.id, data["to"])
    return "moved"


def still_theirs(tx: Connection, found: Confirmation) -> bool:
    """Whether the mailbox that was asked is still that of the person who asked: they may have moved."""
    person = subscribers.find(tx, found.address)
    return person is not None and person.id == found.data["subscriber"]


def kept(tx: Connection, found: Confirmation) -> dict[str, Any] | None:
    """Everything that is kept of who asked for it, as plain values; None: it is not their mailbox."""
    person = subscribers.find(tx, found.address)
    return kept_of(tx, person) if person and still_theirs(tx, found) else None


def kept_of(tx: Connection, person: Subscriber) -> dict[str, Any]:
    """Everything that is kept of somebody, as plain values."""
    theirs = subscribers.subscriptions_of(tx, person.id)
    rows, texts = histories.deliveries_of(tx, person.id, _MOST), consents.texts(tx)
    return {
        "subscriber": asdict(person),
        "subscriptions": [asdict(s) for s in theirs],
        "private_feeds": private_feeds.of(tx, [s.id for s in theirs]),
        "suppression": subscribers.suppression(tx, person.address),
        "consents": [
            {**one._asdict(), "text": texts.get(one.version, "")}
            for one in consents.of(tx, [person.id]).get(person.id, ())
        ],
        "deliveries": [_delivery(row) for row in rows],
        "notices": [
            dict(row._mapping)
            for row in notices.listed(tx, addresses={person.address, subscribers.address_key(person.address)})
        ],
        "confirmations": [
            {"kind": one.kind, "data": one.data, "created_at": one.created_at, "used_at": one.used_at}
            for one in confirmations.of(tx, person.address)
        ],
        "reports": [dict(row._mapping) for row in reports.of(tx, person.address)],
    }


def _delivery(row: Any) -> dict[str, Any]:
    kept = {
        name: getattr(row, name) for name in ("status", "address", "attempt", "finished_at", "code", "reply")
    }
    return {"edition": f"{row.newsletter}/{row.number}", **kept}


def _person(tx: Connection, subscription_id: int) -> Subscriber:
    found = subscribers.get(tx, subscription_id)
    person = subscribers.by_id(tx, found.subscriber_id) if found else None
    if person is None or person.address == GONE:
        raise NotFound("no such link")
    return person


def _mine(tx: Connection, subscription_id: int, newsletter: str) -> Subscription:
    """The subscription to a newsletter of the person whose link it is."""
    person = _person(tx, subscription_id)
    theirs = subscribers.subscriptions_of(tx, person.id)
    found = next((s for s in theirs if s.newsletter == newsletter), None)
    if found is None:
        raise NotFound(f"no newsletter {newsletter!r}")
    return found
