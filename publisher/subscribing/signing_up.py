"""Signing up on a page: asked for by anybody, confirmed by whoever reads the mailbox (double opt-in).

To ask looks at nobody's subscription, so that neither the answer nor its time tells who is known.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from ipaddress import ip_address, ip_network

from sqlalchemy import Connection

from publisher.config import values
from publisher.config.schema import Config
from publisher.errors import Refused
from publisher.links import Keys
from publisher.store import Store, confirmations, consents, erased, in_turn, subscribers
from publisher.store.confirmations import Confirmation, Kind
from publisher.store.consents import Consent
from publisher.subscribing.choosing import Choice, checked
from publisher.subscribing.taking import Register

_DAY, _HOUR = timedelta(days=1), timedelta(hours=1)
_PREFIX = {4: 24, 6: 48}


@dataclass(frozen=True, slots=True)
class SignUp:
    """What a visitor asked for: `address` as typed, `source` is where, `consent` what stood there."""

    address: str
    newsletters: tuple[str, ...]
    language: str
    source: str
    consent: str


@dataclass(frozen=True, slots=True)
class Confirmed:
    """Who may choose now: the address, the newsletters that it gets, and one of its subscriptions."""

    address: str
    newsletters: tuple[str, ...]
    subscription_id: int


def open_newsletters(config: Config) -> list[str]:
    """The newsletters that anybody may sign up for."""
    return [name for name, newsletter in config.newsletters.items() if newsletter.signup == "open"]


def network_of(keys: Keys, client: str) -> str:
    """The network of an internet address, as a keyed hash: counted by, and no address is kept."""
    try:
        address = ip_address(client)
    except ValueError:
        return ""
    if address.version == 6 and address.ipv4_mapped:
        address = address.ipv4_mapped
    network = ip_network((address, _PREFIX[address.version]), strict=False)
    return hmac.new(keys.secrets[-1], f"network {network}".encode(), sha256).hexdigest()[:32]


def sign_up(store: Store, config: Config, asked: SignUp, network: str, now: datetime) -> None:
    """Note what was asked for; the clock mails whoever reads that address. Raises Refused for bad values.

    Nothing is noted, and nothing said, where this address was asked for within a day, or a budget is spent.
    """
    try:
        address = values.address(asked.address.strip())
    except ValueError as error:
        raise Refused(f"address: {error}") from None
    wanted = [name for name in open_newsletters(config) if name in asked.newsletters]
    if not wanted:
        raise Refused("newsletters: expected at least one")
    data = {"newsletters": wanted, "language": asked.language, "source": asked.source}
    request(store, config, "signup", [address], data | {"consent": asked.consent}, network, now)


def request(
    store: Store,
    config: Config,
    kind: Kind,
    addresses: Sequence[str],
    data: Mapping[str, object],
    network: str,
    now: datetime,
) -> bool:
    """Note something that each of these addresses must confirm by mail; False where a limit says no."""
    with store.read() as tx:
        # most of an attack ends here, without the write lock
        if not _allowed(tx, config, kind, addresses, network, now):
            return False
    with store.write() as tx:
        in_turn(tx, "confirmations")
        if not _allowed(tx, config, kind, addresses, network, now):
            return False
        for address in addresses:
            confirmations.add(tx, kind, address, data, network, now)
    return True


def _allowed(
    tx: Connection, config: Config, kind: Kind, addresses: Sequence[str], network: str, now: datetime
) -> bool:
    """One pending a day for an address, and the budgets of the last hour."""
    limits, hour = config.signup, now - _HOUR
    if any(confirmations.anything_since(tx, kind, address, now - _DAY) for address in addresses):
        return False
    if network and confirmations.count_since(tx, hour, network) >= limits.network_per_hour:
        return False
    return confirmations.count_since(tx, hour) < limits.total_per_hour


def pending(
    tx: Connection, config: Config, kind: Kind, id_: int, now: datetime, *, held: bool = False
) -> Confirmation | None:
    """What a link in a mail stands for; None when there is no such thing, or its time is over.

    `held`: whoever follows it in the same moment waits.
    """
    found = confirmations.get(tx, id_, held=held)
    if not found or found.kind != kind or now > found.created_at + config.signup.valid_for:
        return None
    return found


def confirm(store: Store, config: Config, id_: int, now: datetime) -> Confirmed | None:
    """Somebody who reads the mailbox said yes: subscribe them. Twice is harmless. None: the link is over."""
    with store.write() as tx:
        in_turn(tx, "subscribers")
        found = pending(tx, config, "signup", id_, now, held=True)
        if not found:
            return None
        if reason := subscribers.suppression(tx, found.address):
            if reason != erased.REASON:
                return None
            # who was erased may come back, by their own word
            subscribers.lift_erasure(tx, found.address)
        open_now = [n for n in open_newsletters(config) if n in found.data["newsletters"]]
        if not found.used_at:
            _subscribe(tx, config, found, open_now, now)
            confirmations.set_used(tx, id_, now)
            if warm := [name for name in open_now if config.newsletters[name].welcome]:
                data = {"newsletters": warm, "language": found.data["language"]}
                confirmations.add(tx, "welcome", found.address, data, "", now)
        person = subscribers.find(tx, found.address)
        theirs = subscribers.subscriptions_of(tx, person.id) if person else []
    mine = [s for s in theirs if s.newsletter in open_now and s.status == "confirmed"]
    return Confirmed(found.address, tuple(s.newsletter for s in mine), mine[0].id) if mine else None


def _subscribe(
    tx: Connection, config: Config, found: Confirmation, newsletters: list[str], now: datetime
) -> None:
    """Who gets a newsletter already keeps what they chose."""
    register = Register(tx, config, [found.address], now)
    version = consents.keep_text(tx, str(found.data["consent"]))
    for name in newsletters:
        known = register.status(found.address, name)
        language = None if known else str(found.data["language"]) or None
        agreed = Consent(name, "confirmed", str(found.data["source"]), version, now)
        choice = Choice(found.address, name, "confirmed", language=language, consents=(agreed,))
        register.take(checked(choice, config))
    register.flush()
