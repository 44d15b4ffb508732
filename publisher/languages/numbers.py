"""Whole numbers as a language groups their digits (Unicode CLDR, by Babel)."""

from __future__ import annotations

from functools import lru_cache

from publisher.languages.dates import locale_of


def number(value: int, language: str = "en") -> str:
    """12,500 in English; 12.500 in German; digits are those of every keyboard."""
    return f"{value:,}".replace(",", _group(locale_of(language)))


@lru_cache(64)
def _group(locale: str) -> str:
    from babel.numbers import get_group_symbol

    return get_group_symbol(locale, numbering_system="latn")
