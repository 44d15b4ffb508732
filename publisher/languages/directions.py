"""What a language needs from the page it stands on."""

from __future__ import annotations

import unicodedata

_ARABIC_SCRIPT = {"ar", "ckb", "fa", "ks", "ps", "sd", "ug", "ur"}
_RIGHT_TO_LEFT = _ARABIC_SCRIPT | {"arc", "dv", "he", "iw", "nqo", "syr", "yi"}
_SCRIPTS = {"adlm", "arab", "hebr", "nkoo", "rohg", "syrc", "thaa"}


def direction(language: str) -> str:
    """`rtl` or `ltr`, from a language tag (RFC 5646); a script in the tag decides before the language."""
    primary, *rest = language.lower().split("-")
    script = next((part for part in rest if len(part) == 4 and part.isalpha()), "")
    return "rtl" if (script in _SCRIPTS if script else primary in _RIGHT_TO_LEFT) else "ltr"


def direction_of_text(text: str) -> str:
    """`rtl` or `ltr`, from the first letter that has a direction; empty where none has."""
    kinds = (unicodedata.bidirectional(char) for char in text)
    return next(("ltr" if kind == "L" else "rtl" for kind in kinds if kind in ("L", "R", "AL")), "")


def direction_of_article(language: str, default: str, title: str) -> str:
    """`rtl` or `ltr`: by a language of its own, else the letters of its title, else the publication's."""
    own = direction(language) if language and language != default else ""
    return own or direction_of_text(title) or direction(language or default)
