"""Choices become subscriptions: new ones with a mark (rule 4), changed ones with a new hour (rule 7)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection

from publisher.config.schema import Config
from publisher.editions.slots import PERIOD, WEEKDAYS, Timetable, earliest, next_due
from publisher.store import catalogue, consents, editions, in_turn, subscribers, webhooks
from publisher.store.bulk import Converted
from publisher.store.consents import Consent
from publisher.store.subscribers import Subscription, address_key
from publisher.subscribing.choosing import Choice

_WHEN = {"status", "cadence", "weekday", "day", "hour", "zone"}
_ASKED = ("status", "cadence", "weekday", "day", "hour", "zone", "language", "paused_until")
_REMEMBERED = 10_000
_asked = attrgetter("newsletter", "topics", *_ASKED)
_Described = tuple[str, Mapping[str, str]]


@dataclass
class Alike:
    """What registers of one moment share, so that each works out less.

    Marks by cadence, new subscriptions by what was chosen, evidence by newsletter; and how both are written.
    """

    marks: dict[str, int] = field(default_factory=dict)
    rows: dict[tuple[Any, ...], dict[str, Any]] = field(default_factory=dict)
    evidence: dict[str, Consent] = field(default_factory=dict)
    written: Converted = field(default_factory=dict)

    def trim(self) -> None:
        """Let go of what has become too much to keep."""
        if len(self.rows) > _REMEMBERED or len(self.written) > _REMEMBERED:
            self.rows.clear()
            self.written.clear()


class Register:
    """The people of one transaction, looked up together, and written together at `flush`.

    `evidence` is what is kept as consent of whoever is new or has a new status, and where it happened.
    `alike` may be shared by registers of one moment. `told`: webhooks hear of it; not of an import, which
    may take in a million at once.
    """

    def __init__(
        self,
        tx: Connection,
        config: Config,
        addresses: Iterable[str],
        now: datetime,
        evidence: tuple[str, str] | None = None,
        alike: Alike | None = None,
        *,
        told: bool = True,
    ) -> None:
        self.tx, self.config, self.now, self._evidence = tx, config, now, evidence
        # an address that is new to two at once is still one person
        in_turn(tx, "subscribers")
        self._known = subscribers.known(tx, addresses)
        self._people: dict[str, tuple[str, _Described]] = {}
        self._described: dict[str, _Described] = {}
        self._new: dict[tuple[str, str], dict[str, Any]] = {}
        self._changed: dict[int, dict[str, Any]] = {}
        self._consents: list[tuple[str, Consent]] = []
        self._imported: list[tuple[str, Consent]] = []
        self._told, self._moved = told, list[tuple[str, str, str]]()
        self._alike = alike or Alike()
        self._alike.trim()
        self._slots: dict[tuple[str, str], dict[int, tuple[str, ...]]] = {}

    def suppression(self, address: str) -> str:
        """Why an address must not be mailed; empty when it may."""
        return self._known[address_key(address)].suppression

    def status(self, address: str, newsletter: str) -> str:
        """The status of a subscription, everything taken so far included; empty for none."""
        mine = self._mine(address_key(address), newsletter)
        return mine.status if mine else ""

    def take(self, choice: Choice) -> str:
        """Take a checked choice: `added`, `updated` or `unchanged`."""
        key = address_key(choice.address)
        renamed = self._describe(key, choice)
        mine = self._mine(key, choice.newsletter)
        if mine is None:
            self._new[key, choice.newsletter] = self._row(choice)
            self._agreed(key, choice, True)
            return "added"
        changed = self._differing(mine, choice)
        if changed:
            self._change(key, mine, changed)
        self._agreed(key, choice, "status" in changed)
        return "updated" if changed or renamed else "unchanged"

    def flush(self) -> None:
        """Write everything that was taken. A register is used once."""
        people = [(address, *described) for address, described in self._people.values()]
        ids = dict(zip(self._people, subscribers.add(self.tx, people, self.now), strict=True))
        ids |= {key: known.person.id for key, known in self._known.items() if known.person}
        subscribers.describe(self.tx, [(ids[key], *said) for key, said in self._described.items()])
        rows = [(ids[key], row) for (key, _), row in self._new.items()]
        subscribers.subscribe(self.tx, rows, self._alike.written)
        subscribers.change_all(self.tx, self._changed)
        self._keep_consents(ids)
        self._tell(ids)

    def _tell(self, ids: Mapping[str, int]) -> None:
        rows = [
            {"type": f"subscriber.{status}", "object_id": ids[key], "newsletter": newsletter, "at": self.now}
            for key, newsletter, status in self._moved
            if status in ("confirmed", "unsubscribed")
        ]
        webhooks.note_all(self.tx, rows)

    def _describe(self, key: str, choice: Choice) -> bool:
        """Whether name or attributes are others than before; of somebody new they are taken as they are."""
        person = self._known[key].person
        if person:
            old = self._described.get(key) or (person.name, person.attributes)
        elif key in self._people:
            old = self._people[key][1]
        else:
            self._people[key] = (choice.address, (choice.name or "", choice.attributes))
            return True
        new = (old[0] if choice.name is None else choice.name, {**old[1], **choice.attributes})
        if new == (old[0], dict(old[1])):
            return False
        if person:
            self._described[key] = new
        else:
            self._people[key] = (self._people[key][0], new)
        return True

    def _mine(self, key: str, newsletter: str) -> Subscription | None:
        for one in self._known[key].subscriptions:
            if one.newsletter == newsletter:
                return replace(one, **_kept(self._changed[one.id])) if one.id in self._changed else one
        row = self._new.get((key, newsletter))
        return Subscription(id=0, subscriber_id=0, revision=1, **_kept(row)) if row else None

    def _row(self, choice: Choice) -> dict[str, Any]:
        """A new subscription. Very many choose alike, and each different choice is worked out once."""
        default = self.config.newsletters[choice.newsletter].default
        asked = (self._mark(choice.cadence or default.cadence), *_asked(choice))
        row = self._alike.rows.get(asked)
        if row is None:
            row = self._alike.rows[asked] = self._worked_out(choice)
        return row

    def _worked_out(self, choice: Choice) -> dict[str, Any]:
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
            "paused_until": choice.paused_until,
            "created_at": self.now,
            "ended_at": self.now if choice.status == "unsubscribed" else None,
        }
        mark = self._mark(row["cadence"])
        return {**row, "mark": mark, "since": mark, "next_due_at": due_after(row, self.now)}

    def _mark(self, cadence: str) -> int:
        marks = self._alike.marks
        if cadence not in marks:
            marks[cadence] = new_mark(self.tx, cadence, self.now)
        return marks[cadence]

    def _differing(self, old: Subscription, choice: Choice) -> dict[str, Any]:
        asked = {name: getattr(choice, name) for name in _ASKED}
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
        whole = {**{name: getattr(old, name) for name in _ASKED}, **changed}
        if changed.get("status") == "confirmed":
            mark = max(old.mark, self._mark(whole["cadence"]))
            changed |= {"mark": mark, "since": mark, "ended_at": None, "paused_until": choice.paused_until}
        elif changed.get("status") == "unsubscribed":
            changed["ended_at"] = self.now
        if not changed.keys() & _WHEN:
            return changed  # what is due already, and not cut yet, stays due
        return {**changed, "next_due_at": due_after(whole, self.now, self._taken(old, whole["cadence"]))}

    def _change(self, key: str, mine: Subscription, changed: dict[str, Any]) -> None:
        if mine.id:
            self._changed.setdefault(mine.id, {}).update(changed)
        else:
            self._new[key, mine.newsletter] = {**self._new[key, mine.newsletter], **changed}

    def _taken(self, old: Subscription, cadence: str) -> tuple[str, ...]:
        """The slots from about now on in which somebody has a delivery."""
        if cadence == "instant" or not old.id:
            return ()
        kind = (old.newsletter, cadence)
        if kind not in self._slots:
            people = [known.person.id for known in self._known.values() if known.person]
            around = earliest(cadence, self.now)
            self._slots[kind] = editions.slots_among(self.tx, people, *kind, around)
        return self._slots[kind].get(old.subscriber_id, ())

    def _agreed(self, key: str, choice: Choice, anew: bool) -> None:
        if choice.consents:
            self._consents += ((key, one) for one in choice.consents)
        if anew and self._told:
            self._moved.append((key, choice.newsletter, choice.status))
        if anew and self._evidence:
            self._imported.append((key, self._proof(choice.newsletter, *self._evidence)))

    def _proof(self, newsletter: str, what: str, source: str) -> Consent:
        """The same value for all to whom the same happened."""
        found = self._alike.evidence.get(newsletter)
        if found is None or found[1:3] != (what, source):
            found = Consent(newsletter, what, source, "", self.now)
            self._alike.evidence[newsletter] = found
        return found

    def _keep_consents(self, ids: Mapping[str, int]) -> None:
        """Each once: who was there before may have them from the last time that the same file was taken."""
        old = {ids[key] for key, _ in self._consents if self._known[key].person}
        there = (
            {(who, one) for who, kept in consents.of(self.tx, old).items() for one in kept} if old else set()
        )
        wanted = dict.fromkeys((ids[key], one) for key, one in self._consents)
        rows = [row for row in wanted if row not in there]
        rows += ((ids[key], one) for key, one in self._imported)
        consents.record_all(self.tx, rows)


def _kept(row: Mapping[str, Any]) -> dict[str, Any]:
    """Values of a row as a Subscription holds them."""
    if row.get("topics") is None:
        return dict(row)
    return {**row, "topics": tuple(row["topics"])}


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
