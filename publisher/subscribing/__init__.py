"""Coming and going: who gets which newsletter, since when, and who must not be mailed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from publisher.config import values
from publisher.config.schema import Config
from publisher.errors import NotFound, Refused
from publisher.store import Store, subscribers
from publisher.store.subscribers import Subscription
from publisher.subscribing.choosing import Choice, checked, newsletter, only_newsletter
from publisher.subscribing.taking import Register

__all__ = [
    "Choice",
    "checked",
    "newsletter",
    "only_newsletter",
    "remove",
    "subscribe",
    "suppress",
    "suppression_checked",
    "take",
    "unsubscribe",
]
_LONGEST_REASON = 60


def subscribe(store: Store, config: Config, choice: Choice, now: datetime, source: str = "") -> str:
    """Take in one choice: `added`, `updated` or `unchanged`. Raises Refused: bad value, suppressed address.

    With a `source`, where this happened, a new status is kept as consent. Asking again after having left is
    asking: who unsubscribed is taken back here, never by an import.
    """
    choice = checked(choice, config)
    with store.write() as tx:
        if reason := subscribers.suppression(tx, choice.address):
            raise Refused(f"{choice.address} is suppressed: {reason}")
        return take(tx, config, choice, now, (choice.status, source) if source else None)


def take(
    tx: Connection, config: Config, choice: Choice, now: datetime, evidence: tuple[str, str] | None = None
) -> str:
    """Write one checked choice: `added`, `updated` or `unchanged`; `evidence` is that of a `Register`."""
    register = Register(tx, config, [choice.address], now, evidence)
    verdict = register.take(choice)
    register.flush()
    return verdict


def unsubscribe(store: Store, subscription_id: int, now: datetime) -> Subscription | None:
    """End one subscription; the next message of a running send obeys. None: there is no such one."""
    with store.write() as tx:
        found = subscribers.get(tx, subscription_id)
        if found and found.status != "unsubscribed":
            subscribers.change(tx, found.id, {"status": "unsubscribed", "ended_at": now})
        return found


def remove(store: Store, address: str, now: datetime) -> int:
    """Unsubscribe an address everywhere, keep the row; how many subscriptions ended. Raises NotFound."""
    with store.write() as tx:
        person = subscribers.find(tx, address)
        if not person:
            raise NotFound(f"no subscriber {address}")
        ended = [s for s in subscribers.subscriptions_of(tx, person.id) if s.status != "unsubscribed"]
        for one in sorted(ended, key=lambda s: s.id):
            subscribers.change(tx, one.id, {"status": "unsubscribed", "ended_at": now})
        return len(ended)


def suppression_checked(address: str, reason: str) -> tuple[str, str]:
    """Address and reason in their stored form. Raises Refused."""
    try:
        values.address(address)
        values.single_line(reason)
    except ValueError as error:
        raise Refused(str(error)) from None
    return address, reason[:_LONGEST_REASON]


def suppress(store: Store, address: str, reason: str, now: datetime) -> bool:
    """Never mail an address again; False when that was so already. Raises Refused."""
    address, reason = suppression_checked(address, reason)
    with store.write() as tx:
        return subscribers.suppress(tx, address, reason, now)
