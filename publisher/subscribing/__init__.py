"""Coming and going: who gets which newsletter, since when, and who must not be mailed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from publisher import articles
from publisher.config import values
from publisher.config.schema import Config, Newsletter
from publisher.editions.slots import PERIOD, WEEKDAYS, Timetable, next_due
from publisher.errors import NotFound, Refused
from publisher.store import Store, catalogue, editions, subscribers
from publisher.store.subscribers import Subscription


@dataclass(frozen=True, slots=True)
class Choice:
    """What somebody asks for; None leaves a thing as it is, or as the newsletter's default has it."""

    address: str
    newsletter: str
    status: str
    name: str | None = None
    topics: tuple[str, ...] | None = None
    all_topics: bool = False
    cadence: str | None = None
    weekday: int | None = None
    day: int | None = None
    hour: int | None = None
    zone: str | None = None
    language: str | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)


def newsletter(config: Config, name: str) -> Newsletter:
    """The newsletter of that name. Raises NotFound, naming those there are."""
    if name not in config.newsletters:
        known = ", ".join(config.newsletters) or "none is configured"
        raise NotFound(f"no newsletter {name!r}; there is: {known}")
    return config.newsletters[name]


def only_newsletter(config: Config, name: str) -> str:
    """`name`, or the one newsletter there is when none was named. Raises NotFound or Refused."""
    if name:
        newsletter(config, name)
        return name
    if len(config.newsletters) != 1:
        raise Refused(f"say which newsletter (--newsletter); there is: {', '.join(config.newsletters)}")
    return next(iter(config.newsletters))


def checked(choice: Choice, config: Config) -> Choice:
    """The same choice, every value in its stored form. Raises Refused with what was expected."""
    try:
        letter = newsletter(config, choice.newsletter)
        values.address(choice.address)
        if choice.zone:
            values.zone(choice.zone)
        if choice.language:
            values.language(choice.language)
    except (ValueError, NotFound) as error:
        raise Refused(str(error)) from None
    if choice.status not in ("pending", "confirmed", "unsubscribed"):
        raise Refused(f"status: expected pending, confirmed or unsubscribed, got {choice.status!r}")
    if choice.cadence and choice.cadence not in letter.cadences:
        raise Refused(f"cadence: expected {', '.join(letter.cadences)}, got {choice.cadence!r}")
    if choice.hour is not None and not 0 <= choice.hour <= 23:
        raise Refused(f"hour: expected 0 to 23, got {choice.hour}")
    if choice.day is not None and not 1 <= choice.day <= 31:
        raise Refused(f"day: expected 1 to 31, got {choice.day}")
    return replace(choice, topics=_topics(choice.topics, config))


def _topics(chosen: tuple[str, ...] | None, config: Config) -> tuple[str, ...] | None:
    if chosen is None:
        return None
    for one in chosen:
        if not articles.keys_of([one], config.topics):
            raise Refused(f"topics: expected {', '.join(config.topics)}, got {one!r}")
    return articles.keys_of(chosen, config.topics)


def subscribe(store: Store, config: Config, choice: Choice, now: datetime) -> str:
    """Take in one choice: `added`, `updated` or `unchanged`. Raises Refused for a bad value or a suppressed address.

    Asking again after having left is asking: somebody who unsubscribed is taken back here, never by an import.
    """
    choice = checked(choice, config)
    with store.write() as tx:
        if reason := subscribers.suppression(tx, choice.address):
            raise Refused(f"{choice.address} is suppressed: {reason}")
        return take(tx, config, choice, now)


def take(tx: Connection, config: Config, choice: Choice, now: datetime) -> str:
    """Write a checked choice: `added`, `updated` or `unchanged`."""
    person = subscribers.find(tx, choice.address)
    if not person:
        name = choice.name or ""
        key = subscribers.add(tx, choice.address, name, choice.attributes, now)
        subscribers.subscribe(tx, _new(tx, config, choice, key, now))
        return "added"
    attributes = {**person.attributes, **choice.attributes}
    name = person.name if choice.name is None else choice.name
    renamed = (name, attributes) != (person.name, dict(person.attributes))
    if renamed:
        subscribers.describe(tx, person.id, name, attributes)
    mine = [s for s in subscribers.subscriptions_of(tx, person.id) if s.newsletter == choice.newsletter]
    if not mine:
        subscribers.subscribe(tx, _new(tx, config, choice, person.id, now))
        return "added"
    changed = _changed(tx, mine[0], choice, now)
    if changed:
        subscribers.change(tx, mine[0].id, changed)
    return "updated" if changed or renamed else "unchanged"


def _new(tx: Connection, config: Config, choice: Choice, subscriber_id: int, now: datetime) -> dict[str, Any]:
    default = newsletter(config, choice.newsletter).default
    values_: dict[str, Any] = {
        "subscriber_id": subscriber_id,
        "newsletter": choice.newsletter,
        "status": choice.status,
        "topics": list(choice.topics) if choice.topics else None,
        "cadence": choice.cadence or default.cadence,
        "weekday": WEEKDAYS.index(default.weekday) if choice.weekday is None else choice.weekday,
        "day": default.day if choice.day is None else choice.day,
        "hour": default.hour if choice.hour is None else choice.hour,
        "zone": choice.zone or config.publication.timezone,
        "language": choice.language or config.publication.language,
        "created_at": now,
    }
    mark = new_mark(tx, values_["cadence"], now)
    return {**values_, "mark": mark, "since": mark, "next_due_at": due_after(values_, now)}


def new_mark(tx: Connection, cadence: str, now: datetime) -> int:
    """Where a new subscription's mark stands: before the releases of the last one period (rule 4)."""
    if cadence == "instant":
        newest = catalogue.newest_release(tx)
        return newest.number if newest else 0
    return catalogue.release_before(tx, now - PERIOD[cadence])


def due_after(values_: Mapping[str, Any], now: datetime, taken: tuple[str, ...] = ()) -> datetime | None:
    """When a subscription with these values is next due; None for instant (rule 7)."""
    if values_["cadence"] == "instant":
        return None
    names = ("cadence", "hour", "weekday", "day", "zone")
    return next_due(Timetable(*(values_[name] for name in names)), now, taken)


def _changed(tx: Connection, old: Subscription, choice: Choice, now: datetime) -> dict[str, Any]:
    asked: dict[str, Any] = {
        "status": choice.status,
        "cadence": choice.cadence,
        "weekday": choice.weekday,
        "day": choice.day,
        "hour": choice.hour,
        "zone": choice.zone,
        "language": choice.language,
    }
    changed = {k: v for k, v in asked.items() if v is not None and v != getattr(old, k)}
    if choice.all_topics and old.topics is not None:
        changed["topics"] = None
    elif choice.topics is not None and choice.topics != old.topics:
        changed["topics"] = list(choice.topics)
    if not changed:
        return {}
    whole = {**{k: getattr(old, k) for k in asked}, **changed}
    if changed.get("status") == "confirmed" and old.status == "unsubscribed":
        mark = max(old.mark, new_mark(tx, whole["cadence"], now))
        changed |= {"mark": mark, "since": mark, "ended_at": None, "paused_until": None}
    if changed.get("status") == "unsubscribed":
        changed["ended_at"] = now
    changed["next_due_at"] = due_after(whole, now, taken_slots(tx, old, whole["cadence"]))
    return changed


def taken_slots(tx: Connection, old: Subscription, cadence: str) -> tuple[str, ...]:
    """The slots of a cadence in which this subscription already has a delivery."""
    return editions.slots_of(tx, old.id, old.newsletter, cadence)


def unsubscribe(store: Store, subscription_id: int, now: datetime) -> Subscription | None:
    """End one subscription; it takes effect on the next message of a running send. None: there is no such one."""
    with store.write() as tx:
        found = subscribers.get(tx, subscription_id)
        if found and found.status != "unsubscribed":
            subscribers.change(tx, found.id, {"status": "unsubscribed", "ended_at": now})
        return found


def remove(store: Store, address: str, now: datetime) -> int:
    """Unsubscribe an address everywhere and keep the row; how many subscriptions that ended. Raises NotFound."""
    with store.write() as tx:
        person = subscribers.find(tx, address)
        if not person:
            raise NotFound(f"no subscriber {address}")
        ended = [s for s in subscribers.subscriptions_of(tx, person.id) if s.status != "unsubscribed"]
        for one in ended:
            subscribers.change(tx, one.id, {"status": "unsubscribed", "ended_at": now})
        return len(ended)


def suppress(store: Store, address: str, reason: str, now: datetime) -> bool:
    """Never mail an address again; False when that was so already. Raises Refused."""
    try:
        values.address(address)
        values.single_line(reason)
    except ValueError as error:
        raise Refused(str(error)) from None
    with store.write() as tx:
        return subscribers.suppress(tx, address, reason[:60], now)
