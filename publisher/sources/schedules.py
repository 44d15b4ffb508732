"""When a remote feed is asked again: as often as the configuration says, later where the feed asks for it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

LONGEST = timedelta(days=1)
_HOUR = timedelta(hours=1)
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True, slots=True)
class Hints:
    """What a feed says of its own rhythm: RSS `ttl`, and the hours (of GMT) and days that it asks to skip."""

    ttl: timedelta = timedelta()
    skip_hours: frozenset[int] = frozenset()
    skip_days: frozenset[str] = frozenset()


NO_HINTS = Hints()


def hints(ttl: str, hours: list[str], days: list[str]) -> Hints:
    """The hints as they stand in a feed; what is no number, hour or day says nothing."""
    minutes = min(int(ttl), 10_000) if re.fullmatch("[0-9]{1,9}", ttl.strip()) else 0
    numbers = {int(each) % 24 for each in hours if re.fullmatch("[0-9]{1,2}", each.strip())}
    named = {each.strip().lower() for each in days} & set(_DAYS)
    return Hints(timedelta(minutes=minutes), frozenset(numbers), frozenset(named))


def after_answer(now: datetime, every: timedelta, headers: Mapping[str, str], hints: Hints) -> datetime:
    """The next look after an answer: `every`, or what server and feed ask for, up to a day."""
    asked = max(every, min(max(_fresh_for(headers, now), hints.ttl), LONGEST))
    found = now + asked
    limit = max(found, now + LONGEST)
    while _skipped(found, hints) and found < limit:
        found = found.astimezone(UTC).replace(minute=0, second=0, microsecond=0) + _HOUR
    return found


def after_failure(now: datetime, every: timedelta, failures: int, wait: float | None) -> datetime:
    """The next try: twice as long each time, or what the server asks for, up to a day."""
    backoff = every * 2 ** min(failures - 1, 12) if failures > 0 else every
    asked = timedelta(seconds=min(wait, LONGEST.total_seconds())) if wait is not None else timedelta()
    return now + max(every, min(max(backoff, asked), LONGEST))


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """The seconds that a Retry-After asks for (RFC 9110 section 10.2.3); None without one."""
    value = headers.get("retry-after", "").strip()
    if re.fullmatch("[0-9]{1,9}", value):
        return float(value)
    moment = _date(value)
    return max((moment - now).total_seconds(), 0.0) if moment else None


def _fresh_for(headers: Mapping[str, str], now: datetime) -> timedelta:
    """How long an answer is fresh (RFC 9111 section 4.2.1); nothing where it must be asked for each time."""
    control = headers.get("cache-control", "").lower()
    if re.search(r"\bno-(?:cache|store)\b", control):
        return timedelta()
    if found := re.search(r"\bmax-age\s*=\s*\"?([0-9]{1,9})", control):
        age = headers.get("age", "").strip()
        old = int(age) if re.fullmatch("[0-9]{1,9}", age) else 0
        return timedelta(seconds=max(int(found[1]) - old, 0))
    expires, date = _date(headers.get("expires", "")), _date(headers.get("date", ""))
    return max(expires - (date or now), timedelta()) if expires else timedelta()


def _date(value: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _skipped(moment: datetime, hints: Hints) -> bool:
    there = moment.astimezone(UTC)
    return there.hour in hints.skip_hours or _DAYS[there.weekday()] in hints.skip_days
