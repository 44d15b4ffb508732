"""Dates as people and programs write them, made aware and put into UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
# RFC 5322 section 4.3, and what has one meaning only; every other name of a zone is ambiguous
_NAMED = {
    **{"utc": 0, "gmt": 0, "z": 0, "est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6},
    **{"pst": -8, "pdt": -7, "akst": -9, "akdt": -8, "hst": -10, "wet": 0, "west": 1, "cet": 1, "cest": 2},
    **{"eet": 2, "eest": 3, "msk": 3, "jst": 9, "kst": 9, "aest": 10, "aedt": 11, "nzst": 12, "nzdt": 13},
}
_DAY = r"(?:[A-Za-z]{3,9}\.?,?\s+)?"
_FORMS = (
    re.compile(
        r"(?P<y>\d{4})[-/.](?P<m>\d{1,2})[-/.](?P<d>\d{1,2})(?!\d)"
        r"(?:,?\s+(?i:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?\b\.?)?"
    ),
    re.compile(r"(?P<y>\d{4})(?P<m>\d{2})(?P<d>\d{2})(?!\d)"),
    re.compile(r"(?P<a>\d{1,2})(?P<sign>[-/.])(?P<b>\d{1,2})[-/.](?P<y>\d{4})(?!\d)"),
    re.compile(
        _DAY + r"(?P<d>\d{1,2})(?:st|nd|rd|th)?[\s-]+(?P<name>[A-Za-z]{3,9})\.?,?[\s-]+(?P<y>\d{4})(?!\d)"
    ),
    re.compile(_DAY + r"(?P<name>[A-Za-z]{3,9})\.?\s+(?P<d>\d{1,2})(?:st|nd|rd|th)?,?\s+(?P<y>\d{4})(?!\d)"),
    re.compile(
        r"(?P<y>\d{4})\s*[\u5e74\ub144]\s*(?P<m>\d{1,2})\s*[\u6708\uc6d4]\s*(?P<d>\d{1,2})\s*[\u65e5\uc77c]"
    ),
)
# date(1) puts the year last: Thu May  9 10:00:00 CEST 2014
_YEAR_LAST = re.compile(
    r"([A-Za-z]{3} [A-Za-z]{3} +\d{1,2}) (\d{1,2}:\d{2}(?::\d{2})?)( [A-Za-z+\d-]+)? (\d{4})"
)
_STAMP = re.compile(r"(\d{10})(?:\d{3})?")
_TIME = re.compile(
    r"(?:T|,?\s+)(?:(?:at|-)\s+)?(?P<h>\d{1,2})[:.h](?P<min>\d{1,2})(?::(?P<s>\d{1,2})(?:[.,](?P<f>\d+))?)?"
    r"(?:\s*(?P<half>[AaPp])\.?[Mm]\b\.?)?\s*(?P<zone>[Zz]|(?:UTC|GMT)?[+-]\d{2}:?\d{2}|[+-]\d{1,2}|[A-Za-z][\w/+-]*)?"
    # as Go and JavaScript write out a zone: its name stands behind the offset
    r"(?:\s*\([^()]*\)|(?<=\d)\s+[A-Z]{3,5})?"
)
_LONGEST = 80
_MONTH = re.compile(r"(\d{4})-(\d{1,2})|[A-Za-z]{3,9}\.?,? \d{4}")
_NO_OFFSET = re.compile(r"\s*[+-]:?\d{0,2}(?::?\d{0,2}){0,2}$|\s+(?:[A-Z]{3,5}|\d{4})$")
_COMPACT = re.compile(r"(\d{8})T?(\d{2})(\d{2})(\d{2})?(?=\D|$)")
_IN_NAME = re.compile(r"(?:^|/)(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?=[-_./]|$)")


def parse(value: str, zone: tzinfo) -> datetime:
    """The instant in UTC; without a zone of its own in `zone`, without a time at its midnight.

    Raises ValueError with a plain reason.
    """
    text = value.strip().strip("\"'[]")
    if stamp := _STAMP.fullmatch(text):
        return datetime.fromtimestamp(int(stamp[1]), UTC)
    text = _YEAR_LAST.sub(r"\1 \4 \2\3", text)
    if text[:8].isdigit() and (compact := _COMPACT.match(text)):
        clock = ":".join(part for part in compact.groups()[1:] if part)
        text = f"{compact[1]} {clock}{text[compact.end() :]}"
    for form in _FORMS:
        if day := form.match(text):
            year, month, date = _day(day.groupdict(), text)
            return _instant(text, day.end(), (year, month, date), zone)
    raise ValueError(f"expected a date such as 2023-08-24 12:55, got {_shown(value)}")


def mended(value: str, zone: tzinfo, day: datetime | None) -> tuple[datetime, str] | None:
    """A date with a wrong offset or an ambiguous day, and what was done; None where that is not plain.

    `day` is what the file's name says; it tells which of 3 and 4 is the month.
    """
    if len(value) > _LONGEST:
        return None
    without = _NO_OFFSET.sub("", value.strip())
    if without != value.strip() and re.search(r"\d:\d", without):
        try:
            moment = parse(without, zone)
        except ValueError:
            return None
        offset = value.strip()[len(without) :].strip()
        if exact := re.fullmatch(r"([+-])(\d{2}):?([0-5]\d)", offset):
            minutes = int(f"{exact[1]}1") * (int(exact[2]) * 60 + int(exact[3]))
            if not 14 * 60 < abs(minutes) < 24 * 60 or moment.year < 2:
                return None
            shifted = parse(without, UTC) - timedelta(minutes=minutes)
            return shifted, f"no place is {offset} from UTC: the time was counted so"
        fault = "may be several zones" if offset.isalpha() else "is no offset from UTC"
        return moment, f"{offset} {fault}: the publication's zone counts"
    if only := _MONTH.fullmatch(value.strip()):
        return _of_month(f"{only[0]}-01" if only[1] else f"1 {only[0]}", zone, day)
    either = re.fullmatch(r"(\d{1,2})/(\d{1,2})/(\d{4})(.*)", value.strip())
    if either is None or day is None:
        return None
    local = day.astimezone(zone)
    for month, date in ((1, 2), (2, 1)):
        if (int(either[3]), int(either[month]), int(either[date])) == (local.year, local.month, local.day):
            rest = f"{either[3]}-{either[month]}-{either[date]}{either[4]}"
            return parse(rest, zone), "day and month were told apart by the file's name"
    return None


def _of_month(first: str, zone: tzinfo, day: datetime | None) -> tuple[datetime, str] | None:
    try:
        begins = parse(first, zone)
    except ValueError:
        return None
    local, named = begins.astimezone(zone), day.astimezone(zone) if day else None
    if named and day and (named.year, named.month) == (local.year, local.month):
        return day, "a month without a day: the day is that of the file's name"
    return begins, "a month without a day: its first was taken"


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
    # ISO 8601: 24:00 is the end of the day
    late = clock[:3] == (24, 0, 0)
    try:
        local = datetime(*day, *((0, 0, 0, 0) if late else clock), tzinfo=zone) + timedelta(days=late)
        return local.astimezone(UTC)
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
    if name[:3].upper() in ("UTC", "GMT") and name[3:4] in ("+", "-"):
        name = name[3:]
    if name[0] in "+-":
        digits = name[1:].replace(":", "").zfill(2).ljust(4, "0")
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
