"""Dates in words and times of day, in any language (Unicode CLDR, by Babel)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from functools import lru_cache

from publisher.languages.phrasebooks import is_english

_ENGLISH_DAY, _MONTH, _ENGLISH_DATE = "EEEE d MMMM y", "yMMMM", "d MMMM y"
_MONTH_NAME = "LLLL"
# for the axes of charts, where there is little room
_ENGLISH_DAY_OF_YEAR, _DAY_OF_YEAR, _SHORT_MONTH = "d MMM", "MMMd", "LLL"


def long_date(day: date, language: str = "en") -> str:
    """Saturday 21 November 2026; Samstag, 21. November 2026."""
    return _formatted(_plain(day), _ENGLISH_DAY if is_english(locale_of(language)) else "full", language)


def short_date(day: date, language: str = "en") -> str:
    """21 November 2026; 21. November 2026."""
    return _formatted(_plain(day), _ENGLISH_DATE if is_english(locale_of(language)) else "long", language)


def month(day: date, language: str = "en") -> str:
    """November 2026."""
    return _formatted(date(day.year, day.month, 1), _MONTH, language)


def month_name(day: date, language: str = "en") -> str:
    """November, as it stands alone."""
    return _formatted(date(day.year, day.month, 1), _MONTH_NAME, language)


def day_of_year(day: date, language: str = "en") -> str:
    """21 Nov; 21. Nov."""
    english = is_english(locale_of(language))
    return _formatted(_plain(day), _ENGLISH_DAY_OF_YEAR if english else _DAY_OF_YEAR, language)


def short_month(day: date, language: str = "en") -> str:
    """Nov."""
    return _formatted(date(day.year, day.month, 1), _SHORT_MONTH, language)


def clock_time(at: datetime, language: str = "en") -> str:
    """07:10, as the language writes it."""
    if is_english(locale_of(language)):
        return f"{at:%H:%M}"
    from babel.dates import format_time

    return format_time(at.timetz(), "short", locale=locale_of(language))


# the days of some twenty years, in the few ways that a build says them
@lru_cache(16_384)
def _formatted(day: date, pattern: str, language: str) -> str:
    """Kept: a front page shows the same few days again and again."""
    # loaded only where a page or a mail is made
    from babel.dates import format_skeleton

    locale = locale_of(language)
    if pattern in (_MONTH, _DAY_OF_YEAR):
        return str(format_skeleton(pattern, day, locale=locale))
    return _wording(pattern, locale) % _Fields(day, locale)


@lru_cache(256)
def _wording(pattern: str, locale: str) -> str:
    """`%(EEEE)s %(d)s %(MMMM)s %(y)s`."""
    from babel import Locale
    from babel.dates import parse_pattern

    known = Locale.parse(locale).date_formats.get(pattern, pattern)
    return str(parse_pattern(known).format)


class _Fields(dict[str, str]):
    """The fields of a day: what Babel calls a weekday, a month, a year holds for all days that share it."""

    def __init__(self, day: date, locale: str) -> None:
        self._day, self._locale = day, locale

    def __missing__(self, field: str) -> str:
        alike = _ALIKE.get(field[0])
        return _field(field, alike(self._day) if alike else self._day, self._locale)


_ALIKE: dict[str, Callable[[date], date]] = {
    "y": lambda day: date(day.year, 1, 1),
    "M": lambda day: date(2000, day.month, 1),
    "L": lambda day: date(2000, day.month, 1),
    "d": lambda day: date(2000, 1, day.day),
    "E": lambda day: date.fromordinal(day.isoweekday()),
}


@lru_cache(1024)
def _field(field: str, day: date, locale: str) -> str:
    from babel.dates import DateTimeFormat

    return str(DateTimeFormat(day, locale)[field])


@lru_cache(64)
def locale_of(language: str) -> str:
    """The name of the nearest locale that Babel knows; English for a language that it does not."""
    from babel import Locale, UnknownLocaleError

    parts = language.split("-")
    for length in range(len(parts), 0, -1):
        try:
            return str(Locale.parse("_".join(parts[:length])))
        except (UnknownLocaleError, ValueError):
            continue
    return "en"


def _plain(day: date) -> date:
    """A moment is a date too, and has more in it than is shown."""
    return date(day.year, day.month, day.day)
