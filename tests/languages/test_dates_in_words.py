"""Dates in words and numbers are what Babel says, in languages that share nothing of them."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from babel.dates import format_date
from babel.numbers import format_decimal

from publisher.languages import long_date, month_name, number, short_date

WIDTHS = {"de": "de", "pt-BR": "pt_BR", "zh-Hant-TW": "zh_Hant_TW", "ar": "ar", "fa": "fa", "ja": "ja"}
WIDTHS |= {"th": "th", "hi": "hi", "cs": "cs", "eu": "eu", "lv": "lv", "ga": "ga"}


@pytest.mark.parametrize("tag", WIDTHS)
def test_a_date_in_words_is_what_babel_says(tag: str) -> None:
    """Every weekday, month and day of a month, over the turn of a year."""
    for days in range(0, 800, 13):
        day = date(2023, 12, 25) + timedelta(days)
        said = long_date(day, tag), short_date(day, tag), month_name(day, tag)
        assert said == tuple(format_date(day, width, WIDTHS[tag]) for width in ("full", "long", "LLLL"))


@pytest.mark.parametrize("tag", ["en", "de", "fr", "de-CH", "pt-BR", "he", "ja"])
def test_the_digits_of_a_number_stand_in_groups_as_the_language_groups_them(tag: str) -> None:
    for value in (0, 999, 12_500, -1_234_567):
        said = number(value, tag).replace("\u200e", "")
        assert said == format_decimal(value, locale=tag.replace("-", "_")).replace("\u200e", "")
