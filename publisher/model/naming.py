"""Names as addresses: the one way from a label, a topic or an author to the slug in a path."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache

_MOST = 80


def slugify(text: str) -> str:
    """Small letters and digits of any script, joined by hyphens; 1 to 80 characters; else `article`."""
    return _words(text) or "article"


def slug_of(name: str) -> str:
    """The slug of an author or a topic, from the name alone: two names with one slug are the same to readers.

    So it is the same whoever else is there, and names that differ in case, spaces or points only
    ("J. P. Smith", "J P Smith") share a page. A name without letters and digits is called by its hash.
    """
    return _words(name) or hashlib.sha256(name.strip().encode("utf-8", "replace")).hexdigest()[:12]


def name_of(slug: str, spelled: Iterable[str]) -> str:
    """How most write what has this slug, ties by the alphabet; from the slug itself where nobody does."""
    return commonest(slug, Counter(" ".join(name.split()) for name in spelled))


def commonest(slug: str, counts: Mapping[str, int]) -> str:
    """As `name_of`, from how many write it in which way."""
    if counts:
        return min(counts, key=lambda name: (-counts[name], name))
    return slug.replace("-", " ").title()


@lru_cache(8192)
def _words(text: str) -> str:
    small = unicodedata.normalize("NFC", text).lower().replace("'", "").replace("’", "")
    if small.isascii():
        words = re.sub(r"[^a-z0-9]+", "-", small)
    else:
        # \w lacks the vowel signs (Mn, Mc) without which Hindi or Thai words fall apart
        words = "".join(c if unicodedata.category(c)[0] in "LMN" else "-" for c in small)
        words = re.sub(r"-+", "-", words)
    words = words.strip("-")
    if len(words) > _MOST:
        cut = words.rfind("-", _MOST // 2, _MOST + 1)
        words = words[: cut if cut > 0 else _MOST]
    # a file's name may have 255 bytes
    return words.encode()[:240].decode(errors="ignore").strip("-")
