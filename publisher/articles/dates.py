"""Dates as people and programs write them, made aware and put into UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
# RFC 5322 section 4.3; every other name of a zone is ambiguous
_NAMED = {"utc": 0, "gmt": 0, "z": 0, "est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6} | {
    "pst": -8,
    "pdt": -7,
}
_DAY = r"(?:[A-Za-z]{3,9}\.?,?\s+)?"
_FORMS = (
    re.compile(r"(?P<y>\d{4})[-/.](?P<m>\d{1,2})[-/.](?P<d>\d{1,2})(?!\d)"),
    re.compile(r"(?P<y>\d{4})(?P<m>\d{2})(?P<d>\d{2})(?!\d)"),
    re.compile(r"(?P<a>\d{1,2})(?P<sign>[-/.])(?P<b>\d{1,2})[-/.](?P<y>\d{4})(?!\d)"),
    re.compile(
        _DAY + r"(?P<d>\d{1,2})(?:st|nd|rd|th)?[\s-]+(?P<name>[A-Za-z]{3,9})\.?,?[\s-]+(?P<y>\d{4})(?!\d)"
    ),
    re.compile(_DAY + r"(?P<name>[A-Za-z]{3,9})\.?\s+(?P<d>\d{1,2})(?:st|nd|rd|th)?,?\s+(?P<y>\d{4})(?!\d)"),
)
_TIME = re.compile(
    r"(?:T|,?\s+)(?:at\s+)?(?P<h>\d{1,2}):(?P<min>\d{2})(?::(?P<s>\d{2})(?:[.,](?P<f>\d+))?)?"
    r"(?:\s*(?P<half>[AaPp])\.?[Mm]\b\.?)?\s*(?P<zone>[Zz]|[+-]\d{2}:?\d{2}|[+-]\d{2}|[A-Za-z][\w/+-]*)?"
)
_IN_NAME = re.compile(r"(?:^|/)(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?=[-_./]|$)")


def parse(value: str, zone: tzinfo) -> datetime:
    """The instant in UTC; without a zone of its own in `zone`, without a time at its midnight.

    Raises ValueError with a plain reason.
    """
    text = value.strip()
    for form in _FORMS:
        if day := form.match(text):
            year, month, date = _day(day.groupdict(), text)
            return _instant(text, day.end(), (year, month, date), zone)
    raise ValueError(f"expected a date such as 2023-08-24 12:55, got {_shown(value)}")


def in_name(path: str, zone: tzinfo) -> datetime | None:
    """Midnight of the day that a file's name or path carries (`2023-08-24-title.md`); None without one."""
    for found in reversed(list(_IN_NAME.finditer(path))):
        try:
            return datetime(int(found[1]), int(found[2]), int(found[3]), tzinfo=zone).astimezone(UTC)
        except (ValueError, OverflowError):
            continue
    return None


def without_date(name: str) -> str:
    """A file's name without the date at its start."""
    return re.sub(r"^\d{4}-\d{1,2}-\d{1,2}(?:[-_.]|$)", "", name)


def _day(parts: dict[str, str | None], text: str) -> tuple[int, int, int]:
    year = int(parts["y"] or 0)
    if name := parts.get("name"):
        if name[:3].lower() not in _MONTHS:
            raise ValueError(f"{name!r} is no English name of a month")
        return year, _MONTHS.index(name[:3].lower()) + 1, int(parts["d"] or 0)
    if "a" not in parts:
        return year, int(parts["m"] or 0), int(parts["d"] or 0)
    one, two = int(parts["a"] or 0), int(parts["b"] or 0)
    if parts["sign"] != "/" or one > 12:
        return year, two, one
    if one != two and two <= 12:
        raise ValueError(f"{_shown(text)} may be day or month first: write year-month-day")
    return year, one, two


def _instant(text: str, at: int, day: tuple[int, int, int], zone: tzinfo) -> datetime:
    time = _TIME.fullmatch(text, at)
    if time is None and text[at:].strip():
        raise ValueError(f"expected a date such as 2023-08-24 12:55, got {_shown(text)}")
    clock = _clock(time) if time else (0, 0, 0, 0)
    if time and time["zone"]:
        zone = _zone(time["zone"])
    try:
        return datetime(*day, *clock, tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(f"there is no such day or time: {_shown(text)}") from None


def _clock(time: re.Match[str]) -> tuple[int, int, int, int]:
    hour = int(time["h"])
    if time["half"]:
        if not 1 <= hour <= 12:
            raise ValueError(f"there is no {hour} o'clock am or pm")
        hour = hour % 12 + (12 if time["half"] in "Pp" else 0)
    return hour, int(time["min"]), int(time["s"] or 0), int((time["f"] or "0")[:6].ljust(6, "0"))


def _zone(name: str) -> tzinfo:
    if name[0] in "+-":
        digits = name[1:].replace(":", "").ljust(4, "0")
        minutes = int(digits[:2]) * 60 + int(digits[2:])
        if minutes > 14 * 60 or int(digits[2:]) > 59:
            raise ValueError(f"{name} is no offset from UTC: these lie between -12:00 and +14:00")
        return timezone(timedelta(minutes=minutes if name[0] == "+" else -minutes))
    if name.lower() in _NAMED:
        return timezone(timedelta(hours=_NAMED[name.lower()]))
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"{name!r} is no time zone that this program knows") from None


def _shown(value: str) -> str:
    return repr(value if len(value) <= 60 else value[:60] + "…")
