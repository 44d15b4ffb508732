"""Slugs and topics."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

_MOST = 80


def slugify(text: str) -> str:
    """Small letters and digits of any script, joined by hyphens; 1 to 80 characters; else `article`."""
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
    words = words.encode()[:240].decode(errors="ignore")
    return words.strip("-") or "article"


def topics_of(labels: Iterable[str], groups: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """The keys of the groups that hold one of the labels, in the order of the configuration, in any case.

    Without groups every label is a topic: their slugs, in order, without doubles.
    """
    if not groups:
        return tuple(dict.fromkeys(slugify(label) for label in labels))
    have = {label.casefold() for label in labels}
    return tuple(key for key, members in groups.items() if have & {member.casefold() for member in members})


def keys_of(names: Iterable[str], groups: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """The topics that somebody named by key or by label; a name that leads to no group is passed over."""
    found = (key for name in names for key in ((name,) if name in groups else topics_of([name], groups)))
    return tuple(dict.fromkeys(found))


def carried(topics: str | Sequence[str], groups: Mapping[str, Sequence[str]]) -> frozenset[str] | None:
    """The topics that a selection (`all`, or names) carries; None for all."""
    return None if isinstance(topics, str) else frozenset(keys_of(topics, groups))
