"""Lists, weekdays and days of the month as a sentence holds them (Unicode CLDR, by Babel)."""

from __future__ import annotations

from collections.abc import Sequence

from publisher.languages.dates import locale_of
from publisher.languages.phrasebooks import is_english

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def listed(names: Sequence[str], language: str = "en", serial: bool = False) -> str:
    """`World, Sports and Arts`; in English a comma stands before the last of three only if `serial`."""
    if len(names) < 2:
        return "".join(names)
    if is_english(language):
        comma = "," if serial and len(names) > 2 else ""
        return f"{', '.join(names[:-1])}{comma} and {names[-1]}"
    from babel.lists import format_list

    return format_list(names, locale=locale_of(language))


def weekday(number: int, language: str = "en") -> str:
    """The name of a weekday inside a sentence; Monday is 0."""
    if is_english(language):
        return _DAYS[number]
    from babel.dates import get_day_names

    return str(get_day_names("wide", "format", locale_of(language))[number])


def day_of_month(day: int, language: str = "en") -> str:
    """1st, 2nd, 3rd, 4th, 11th; the plain number in any other language."""
    if not is_english(language):
        return str(day)
    if day % 100 in (11, 12, 13):
        return f"{day}th"
    return f"{day}{({1: 'st', 2: 'nd', 3: 'rd'}).get(day % 10, 'th')}"
