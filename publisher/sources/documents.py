"""A remote feed at one moment, whatever format it is in: what stands in it, and nothing cleaned yet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urljoin, urlsplit

from publisher.sources.schedules import NO_HINTS, Hints


@dataclass(frozen=True, slots=True)
class Text:
    """Words as a feed has them: plain, or HTML whose relative addresses count from `base`."""

    value: str = ""
    html: bool = False
    base: str = ""


@dataclass(frozen=True, slots=True)
class Enclosure:
    """A file that goes with an entry."""

    url: str
    media_type: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry as it stands in a feed; what is missing is empty. Dates are aware, in UTC."""

    guid: str = ""
    link: str = ""
    title: Text = Text()
    summary: Text = Text()
    content: Text = Text()
    authors: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    published: datetime | None = None
    updated: datetime | None = None
    enclosures: tuple[Enclosure, ...] = ()
    picture: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """A feed at one moment: its own page, and its entries in their order."""

    title: str
    link: str
    entries: tuple[Entry, ...] = ()
    hints: Hints = NO_HINTS


def web_address(address: object, base: str = "") -> str:
    """An absolute http or https address; empty for anything else."""
    if not isinstance(address, str) or not address.strip():
        return ""
    try:
        found = urljoin(base, "".join(address.split()))
        parts = urlsplit(found)
        right = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        return ""
    return found if right and len(found) <= 4000 and found.isprintable() else ""
