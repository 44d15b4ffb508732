"""Dates in words and times of day, in any language (Unicode CLDR, by Babel)."""

from __future__ import annotations

from datetime import date, datetime
from functools import lru_cache

from publisher.languages.phrasebooks import is_english

_ENGLISH_DAY, _MONTH, _ENGLISH_DATE = "EEEE d MMMM y", "yMMMM", "d MMMM y"
_MONTH_NAME = "LLLL"


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
    from babel.dates import format_date, format_skeleton

    locale = locale_of(language)
    if pattern == _MONTH:
        return str(format_skeleton(pattern, day, locale=locale))
    return format_date(day, pattern, locale=locale)


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
