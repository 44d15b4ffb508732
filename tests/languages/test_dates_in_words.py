"""A date in words is what Babel says, in languages whose dates share nothing."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from babel.dates import format_date

from publisher.languages import long_date, month_name, short_date

WIDTHS = {"de": "de", "pt-BR": "pt_BR", "zh-Hant-TW": "zh_Hant_TW", "ar": "ar", "fa": "fa", "ja": "ja"}
WIDTHS |= {"th": "th", "hi": "hi", "cs": "cs", "eu": "eu", "lv": "lv", "ga": "ga"}


@pytest.mark.parametrize("tag", WIDTHS)
def test_a_date_in_words_is_what_babel_says(tag: str) -> None:
    """Every weekday, month and day of a month, over the turn of a year."""
    for days in range(0, 800, 13):
        day = date(2023, 12, 25) + timedelta(days)
        said = long_date(day, tag), short_date(day, tag), month_name(day, tag)
        assert said == tuple(format_date(day, width, WIDTHS[tag]) for width in ("full", "long", "LLLL"))
