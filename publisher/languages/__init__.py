"""Languages: the words of pages and of mail, dates, and which way a text runs. The source is English."""

from __future__ import annotations

from publisher.languages.corrections import correction_heading
from publisher.languages.dates import (
    clock_time,
    day_of_year,
    long_date,
    month,
    month_name,
    short_date,
    short_month,
)
from publisher.languages.directions import direction, direction_of_article
from publisher.languages.enumerating import day_of_month, listed, weekday
from publisher.languages.numbers import number
from publisher.languages.phrasebooks import Phrasebook, Phrasebooks, is_english

__all__ = [
    "Phrasebook",
    "Phrasebooks",
    "clock_time",
    "correction_heading",
    "day_of_month",
    "day_of_year",
    "direction",
    "direction_of_article",
    "is_english",
    "listed",
    "long_date",
    "month",
    "month_name",
    "number",
    "short_date",
    "short_month",
    "weekday",
]
