"""Choices become subscriptions: new ones with a mark (rule 4), changed ones with a new hour (rule 7)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from publisher.config.schema import Config
from publisher.editions.slots import PERIOD, WEEKDAYS, Timetable, earliest, next_due
from publisher.store import catalogue, editions, in_turn, subscribers
from publisher.store.subscribers import Known, Subscriber, Subscription, address_key
from publisher.subscribing.choosing import Choice


class Register:
    """The people of one transaction, looked up together; new ones are written together at `flush`."""

    def __init__(self, tx: Connection, config: Config, addresses: Iterable[str], now: datetime) -> None:
        self.tx, self.config, self.now = tx, config, now
        # an address that is new to two at once is still one person
        in_turn(tx, "subscribers")
        self._known = subscribers.known(tx, addresses)
        self._people: dict[str, Choice] = {}
        self._subscriptions: list[tuple[str, dict[str, Any]]] = []
        self._marks: dict[str, int] = {}

    def known(self, address: str) -> Known:
        """What the store knows of one of the addresses, everything taken so far included."""
        key = address_key(address)
        if key in self._people or any(key == mine for mine, _ in self._subscriptions):
            self.flush()
        return self._known[key]

    def take(self, choice: Choice) -> str:
        """Write a checked choice: `added`, `updated` or `unchanged`."""
        known = self.known(choice.address)
        key = address_key(choice.address)
        if known.person is None:
            self._people[key] = choice
            self._subscriptions.append((key, self._new(choice)))
            return "added"
        renamed = self._describe(known.person, choice)
        mine = next((s for s in known.subscriptions if s.newsletter == choice.newsletter), None)
        if mine is None:
            self._subscriptions.append((key, self._new(choice)))
            return "added"
        changed = self._changed(mine, choice)
        if changed:
            subscribers.change(self.tx, mine.id, changed)
        if changed or renamed:
            self._known |= subscribers.known(self.tx, [choice.address])
            return "updated"
        return "unchanged"

    def flush(self) -> None:
        """Write who is new."""
        new = [(c.address, c.name or "", c.attributes) for c in self._people.values()]
        ids = dict(zip(self._people, subscribers.add(self.tx, new, self.now), strict=True)) if new else {}
        ids |= {k: known.person.id for k, known in self._known.items() if known.person}
        rows = [{"subscriber_id": ids[key], **row} for key, row in self._subscriptions]
        if rows:
            subscribers.subscribe(self.tx, rows)
            self._known |= subscribers.known(self.tx, {key for key, _ in self._subscriptions})
        self._people.clear()
        self._subscriptions.clear()

    def _describe(self, person: Subscriber, choice: Choice) -> bool:
        attributes = {**person.attributes, **choice.attributes}
        name = person.name if choice.name is None else choice.name
        if (name, attributes) == (person.name, dict(person.attributes)):
            return False
        subscribers.describe(self.tx, person.id, name, attributes)
        return True

    def _new(self, choice: Choice) -> dict[str, Any]:
        default = self.config.newsletters[choice.newsletter].default
        row: dict[str, Any] = {
            "newsletter": choice.newsletter,
            "status": choice.status,
            "topics": list(choice.topics) if choice.topics else None,
            "cadence": choice.cadence or default.cadence,
            "weekday": WEEKDAYS.index(default.weekday) if choice.weekday is None else choice.weekday,
            "day": default.day if choice.day is None else choice.day,
            "hour": default.hour if choice.hour is None else choice.hour,
            "zone": choice.zone or self.config.publication.timezone,
            "language": choice.language or self.config.publication.language,
            "created_at": self.now,
            "ended_at": self.now if choice.status == "unsubscribed" else None,
        }
        mark = self._mark(row["cadence"])
        return {**row, "mark": mark, "since": mark, "next_due_at": due_after(row, self.now)}

    def _mark(self, cadence: str) -> int:
        if cadence not in self._marks:
            self._marks[cadence] = new_mark(self.tx, cadence, self.now)
        return self._marks[cadence]

    def _changed(self, old: Subscription, choice: Choice) -> dict[str, Any]:
        names = ("status", "cadence", "weekday", "day", "hour", "zone", "language")
        asked = {name: getattr(choice, name) for name in names}
        changed = {k: v for k, v in asked.items() if v is not None and v != getattr(old, k)}
        # who has confirmed is not asked again because a list still has them as pending
        if changed.get("status") == "pending" and old.status == "confirmed":
            del changed["status"]
        if choice.all_topics and old.topics is not None:
            changed["topics"] = None
        elif choice.topics is not None and choice.topics != old.topics:
            changed["topics"] = list(choice.topics)
        if not changed:
            return {}
        whole = {**{name: getattr(old, name) for name in names}, **changed}
        if changed.get("status") == "confirmed":
            mark = max(old.mark, self._mark(whole["cadence"]))
            changed |= {"mark": mark, "since": mark, "ended_at": None, "paused_until": None}
        elif changed.get("status") == "unsubscribed":
            changed["ended_at"] = self.now
        return {**changed, "next_due_at": due_after(whole, self.now, self._taken(old, whole["cadence"]))}

    def _taken(self, old: Subscription, cadence: str) -> tuple[str, ...]:
        """The slots from about now on in which somebody has a delivery."""
        if cadence == "instant":
            return ()
        around = earliest(cadence, self.now)
        return editions.slots_of(self.tx, old.subscriber_id, old.newsletter, cadence, around)


def new_mark(tx: Connection, cadence: str, now: datetime) -> int:
    """Where a new subscription's mark stands: before the releases of the last one period (rule 4)."""
    if cadence == "instant":
        newest = catalogue.newest_release(tx)
        return newest.number if newest else 0
    return catalogue.release_before(tx, now - PERIOD[cadence])


def due_after(row: Mapping[str, Any], now: datetime, taken: tuple[str, ...] = ()) -> datetime | None:
    """When a subscription with these values is next due; None for instant (rule 7)."""
    if row["cadence"] == "instant":
        return None
    names = ("cadence", "hour", "weekday", "day", "zone")
    return next_due(Timetable(*(row[name] for name in names)), now, taken)
