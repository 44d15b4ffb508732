"""Changes of feeds that a hub is still to be told of: notes that no kill loses, one for each feed."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, select, update

from publisher.store.bulk import among
from publisher.store.schema import schedule

# With the longest name of a feed (`authors/` and a slug of 80 characters) it fills the column.
_PREFIX = "websub:"
_AT_ONCE = datetime(1970, 1, 1, tzinfo=UTC)
_LETTERS = {"rss": "r", "atom": "a", "json": "j"}
_FORMATS = {letter: kind for kind, letter in _LETTERS.items()}


@dataclass(frozen=True, slots=True)
class Announcement:
    """A feed of which documents have changed, in these formats, and how often its hub was asked in vain."""

    feed: str
    formats: tuple[str, ...]
    attempts: int
    slot: str


def note(tx: Connection, changed: Mapping[str, Collection[str]]) -> None:
    """Note that documents of feeds have changed, or are about to: formats by the name of the feed."""
    names = [_PREFIX + feed for feed in changed]
    query = select(schedule.c.name, schedule.c.slot).where(among(tx, schedule.c.name, names))
    before = {row.name: _read(row.name, row.slot).formats for row in tx.execute(query)}
    tx.execute(schedule.delete().where(among(tx, schedule.c.name, names)))
    rows = [
        {"name": name, "slot": _slot({*changed[feed], *before.get(name, ())}, 0), "at": _AT_ONCE}
        for feed, name in zip(changed, names, strict=True)
    ]
    if rows:
        tx.execute(schedule.insert(), rows)


def due(tx: Connection, now: datetime) -> list[Announcement]:
    """What is to be told now, in the order in which it came due."""
    query = select(schedule).where(schedule.c.name.startswith(_PREFIX, autoescape=True), schedule.c.at <= now)
    return [_read(row.name, row.slot) for row in tx.execute(query.order_by(schedule.c.at, schedule.c.name))]


def settle(tx: Connection, told: Announcement, left: Iterable[str] = (), at: datetime = _AT_ONCE) -> None:
    """The hub was told, but for the formats that are `left` until `at`; a note that came meanwhile stands."""
    same = (schedule.c.name == _PREFIX + told.feed, schedule.c.slot == told.slot)
    if remaining := set(left):
        changed = {"slot": _slot(remaining, told.attempts + 1), "at": at}
        tx.execute(update(schedule).where(*same).values(changed))
    else:
        tx.execute(schedule.delete().where(*same))


def _slot(formats: Collection[str], attempts: int) -> str:
    """Different each time, so that what is noted while a hub is being told is not taken for told."""
    letters = "".join(letter for kind, letter in _LETTERS.items() if kind in formats)
    return f"{letters} {attempts} {secrets.token_hex(6)}"


def _read(name: str, slot: str) -> Announcement:
    letters, attempts, _ = slot.split(" ")
    formats = tuple(_FORMATS[letter] for letter in letters)
    return Announcement(name.removeprefix(_PREFIX), formats, int(attempts), slot)
