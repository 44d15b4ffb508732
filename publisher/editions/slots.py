"""Slots and due times (rule 7): a slot is a period in the subscriber's local calendar, not an instant."""

from __future__ import annotations

import calendar
from collections.abc import Container, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import count
from zoneinfo import ZoneInfo

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
CADENCES = ("instant", "daily", "weekly", "monthly")
PERIOD = {"daily": timedelta(days=1), "weekly": timedelta(days=7), "monthly": timedelta(days=31)}
# The last place on earth where a date ends (UTC-12).
_LAST_ZONE = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Timetable:
    """When somebody's digest comes. Monday is `weekday` 0; a `day` past a month's end means its last."""

    cadence: str
    hour: int
    weekday: int
    day: int
    zone: str


def slot_of(cadence: str, day: date) -> str:
    """The slot that a local date lies in: `2026-11-21`, `2026-W47` (ISO 8601 week) or `2026-11`."""
    if cadence == "weekly":
        year, week, _ = day.isocalendar()
        return f"{year}-W{week:02d}"
    return day.strftime("%Y-%m" if cadence == "monthly" else "%Y-%m-%d")


def first_day(cadence: str, slot: str) -> date:
    """The first local date of a slot."""
    if cadence == "weekly":
        return date.fromisocalendar(int(slot[:4]), int(slot[6:]), 1)
    return date.fromisoformat(f"{slot}-01" if cadence == "monthly" else slot)


def next_slot_begins(cadence: str, day: date) -> date:
    """The first local date after the slot that `day` lies in."""
    if cadence == "weekly":
        return day + timedelta(days=7 - day.weekday())
    if cadence == "monthly":
        return (day.replace(day=1) + timedelta(days=32)).replace(day=1)
    return day + timedelta(days=1)


def local(cadence: str, moment: datetime, zone: str) -> str:
    """The slot of a moment's date in a zone; empty for instant, which has no periods."""
    return "" if cadence == "instant" else slot_of(cadence, moment.astimezone(ZoneInfo(zone)).date())


def earliest(cadence: str, moment: datetime) -> str:
    """The earliest slot whose hour may still come anywhere on earth."""
    return slot_of(cadence, (moment - timedelta(days=1)).date())


def closes_at(cadence: str, slot: str) -> datetime:
    """The instant at which the slot's period has passed in the last zone on earth."""
    end = next_slot_begins(cadence, first_day(cadence, slot))
    return datetime.combine(end, time(), UTC) + _LAST_ZONE


def local_instant(day: date, hour: int, zone: str) -> datetime:
    """The instant, in UTC, of a local hour: if skipped, the next that exists; if repeated, the first."""
    local = datetime.combine(day, time(hour), ZoneInfo(zone))
    instant = local.astimezone(UTC)
    if instant.astimezone(local.tzinfo).replace(tzinfo=None) == local.replace(tzinfo=None):
        return instant
    # In a gap, fold=0 and fold=1 give instants on its two sides: the clocks change between them.
    early, late = sorted((instant, local.replace(fold=1).astimezone(UTC)))
    before = early.astimezone(local.tzinfo).utcoffset()
    while late - early > timedelta(seconds=1):
        middle = early + (late - early) / 2
        if middle.astimezone(local.tzinfo).utcoffset() == before:
            early = middle
        else:
            late = middle
    return late.replace(microsecond=0)


def _day_in(timetable: Timetable, begin: date) -> date:
    """The day of the slot that begins on `begin`."""
    if timetable.cadence == "weekly":
        return begin + timedelta(days=timetable.weekday)
    if timetable.cadence == "monthly":
        last = calendar.monthrange(begin.year, begin.month)[1]
        return begin.replace(day=min(timetable.day, last))
    return begin


def _occurrences(timetable: Timetable, begin: date, forward: bool) -> Iterator[tuple[str, datetime]]:
    for _ in count():
        slot = slot_of(timetable.cadence, begin)
        yield slot, local_instant(_day_in(timetable, begin), timetable.hour, timetable.zone)
        if forward:
            begin = next_slot_begins(timetable.cadence, begin)
        else:
            begin = first_day(timetable.cadence, slot_of(timetable.cadence, begin - timedelta(days=1)))


def _begin(timetable: Timetable, moment: datetime) -> date:
    local = moment.astimezone(ZoneInfo(timetable.zone)).date()
    return first_day(timetable.cadence, slot_of(timetable.cadence, local))


def next_due(timetable: Timetable, after: datetime, taken: Container[str] = ()) -> datetime:
    """The first occurrence strictly after `after`, in a slot that is not among `taken`."""
    if not taken:
        return _next_due(timetable, after)
    begin = _begin(timetable, after)
    return next(at for slot, at in _occurrences(timetable, begin, True) if at > after and slot not in taken)


@lru_cache(maxsize=4096)
def _next_due(timetable: Timetable, after: datetime) -> datetime:
    return next(at for _, at in _occurrences(timetable, _begin(timetable, after), True) if at > after)


@lru_cache(maxsize=4096)
def newest(timetable: Timetable, now: datetime) -> tuple[str, datetime]:
    """The slot and instant of the newest occurrence that has passed: after a gap, one cut is for this one."""
    return next((s, at) for s, at in _occurrences(timetable, _begin(timetable, now), False) if at <= now)


def next_hour(timetable: Timetable, now: datetime) -> datetime:
    """The next time that the local hour comes, whatever the weekday (rule 13)."""
    return next_due(Timetable("daily", timetable.hour, 0, 1, timetable.zone), now)
