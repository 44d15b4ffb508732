"""How the endpoints fare: how far each has been told, what it said, and whether it was given up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from publisher import permissions
from publisher.config.schema import Config
from publisher.errors import NotFound
from publisher.model.editors import Actor
from publisher.store import Store, deeds, webhooks
from publisher.store.webhooks import Told


@dataclass(frozen=True, slots=True)
class Standing:
    """An endpoint. `state`: new (the clock has not seen it yet), well, failing (it is tried again at
    `next_at`), or off (it failed for three days, or said that it is gone).

    `waiting` is how many events lie ahead of it, those that it does not want included.
    """

    url: str
    events: Sequence[str]
    state: str
    waiting: int
    attempts: int
    failing_since: datetime | None
    next_at: datetime | None
    disabled_at: datetime | None
    delivered_at: datetime | None
    said: str


def standings(store: Store, config: Config, actor: Actor) -> list[Standing]:
    """All endpoints of the configuration. Raises NotAllowed."""
    permissions.check(actor, "see webhooks")
    with store.read() as tx:
        known = {one.url: one for one in webhooks.endpoints(tx)}
        ahead = {url: webhooks.waiting(tx, one.told) for url, one in known.items()}
    return [
        _standing(one.url, one.events, known.get(one.url), ahead.get(one.url, 0)) for one in config.webhooks
    ]


def off(store: Store, config: Config, actor: Actor) -> list[Standing]:
    """Those that are told nothing more; none for somebody who may not see them."""
    if not config.webhooks or permissions.may(actor, "see webhooks"):
        return []
    return [one for one in standings(store, config, actor) if one.state == "off"]


def _standing(url: str, events: Sequence[str], told: Told | None, waiting: int) -> Standing:
    if told is None:
        return Standing(url, events, "new", 0, 0, None, None, None, None, "")
    state = "off" if told.disabled_at else "failing" if told.failing_since else "well"
    times = (told.failing_since, told.next_at, told.disabled_at, told.delivered_at)
    return Standing(url, events, state, waiting, told.attempts, *times, told.said)


def enable(store: Store, actor: Actor, url: str, now: datetime) -> None:
    """Try an endpoint again at once, with what is still kept for it. Raises NotAllowed, NotFound."""
    permissions.check(actor, "keep webhooks")
    with store.write() as tx:
        if not webhooks.enable(tx, url):
            raise NotFound(f"no endpoint {url} is known yet: the configuration lists them under webhooks")
        deeds.add(tx, actor, "enable", f"webhook {url}"[:200], now)
