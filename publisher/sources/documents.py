"""A remote feed at one moment, whatever format it is in: what stands in it, and nothing cleaned yet."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote, urljoin, urlsplit, urlunsplit

from publisher.sources.schedules import NO_HINTS, Hints

_CONTROL = re.compile("[\\x00-\\x1f\\x7f]")
_SAFE = "!$%&'()*+,/:;=?@[]~"
_HOST = re.compile(r"[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]")
_LONGEST = 4000


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
    """An absolute http or https address in ASCII (RFC 3986); empty for anything else, or with a password."""
    if not isinstance(address, str) or not address.strip():
        return ""
    try:
        parts = urlsplit(urljoin(base, _CONTROL.sub("", address).strip()))
        host, port = parts.hostname or "", f":{parts.port}" if parts.port else ""
        if parts.scheme not in ("http", "https") or not host or "@" in parts.netloc:
            return ""
        host = f"[{host}]" if ":" in host else host.encode("idna").decode()
        if not _HOST.fullmatch(host):
            return ""
        others = [quote(part, safe=_SAFE) for part in (parts.path, parts.query, parts.fragment)]
        found = urlunsplit((parts.scheme, host + port, *others))
    except ValueError:  # UnicodeError too: a name that no DNS can hold
        return ""
    return found if len(found) <= _LONGEST else ""
