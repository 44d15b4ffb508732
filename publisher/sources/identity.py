"""Which entry is which: by what sign an entry of a feed is known again, and which ones say the same twice.

A sign that several entries of one feed share says nothing of any of them: a guid that is everybody's, a link
to the front page. What is left decides, the link before the guid: where a program makes new guids, the pages
stay where they were.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from html import unescape
from urllib.parse import parse_qsl, urlencode, urlsplit

from publisher.articles.decoding import printable
from publisher.sources.documents import Document, Entry

NOTHING = hashlib.sha256(b"").hexdigest()
_LONGEST = 400
_TELLING = 40
# nobody published a feed before; programs without a clock begin to count in 1970
_FIRST = datetime(1990, 1, 1, tzinfo=UTC)
_MARKUP = re.compile(r"<[^<>]*>")
_TRACKING = re.compile(r"(?i)utm_\w+|fbclid|gclid|mc_[ce]id|at_medium|at_campaign")


@dataclass(frozen=True, slots=True)
class Known:
    """An entry and its signs: `path` is its name inside the source; `guid` is empty where it says nothing.

    `body` is the hash of what it says, whatever the markup (that of nothing, where it is too short);
    `stamp` changes when anything but its dates does.
    """

    entry: Entry
    path: str
    guid: str
    body: str
    stamp: str

    @property
    def signs(self) -> frozenset[str]:
        """Short hashes of the signs that it can be known by."""
        said = f"{self.entry.title.value}\n{self.body}" if self.body != NOTHING else ""
        telling = [self.path, self.guid and f"id:{self.guid}", said]
        return frozenset(_digest(sign)[:12] for sign in telling if sign)


def identify(document: Document) -> list[Known]:
    """The entries of a feed in their order, each once: of several that are the same the newest."""
    home = link_sign(document.link)
    found = [(_dated(entry), link_sign(entry.link), _guid(entry.guid)) for entry in document.entries]
    links, guids = Counter(link for _, link, _ in found), _guids((g, link) for _, link, g in found)
    known: dict[str, Known] = {}
    places: dict[object, str] = {}
    for entry, link, own in found:
        link = "" if link == home or links[link] > 2 else link
        guid = own if guids[own] == 1 else ""
        one = _known(entry, link, guid)
        # the same text of the same day under the same headline, in two places
        same = (entry.title.value, one.body, entry.published) if one.body != NOTHING else one.path
        path = places.setdefault(same, one.path)
        other = known.get(path)
        if other is None or _newer(entry, other.entry):
            known[path] = replace(one, path=path)
    return list(known.values())


def link_sign(link: str) -> str:
    """An address without what changes while the page does not: scheme, www, tracking, a last slash.

    Empty for none, and for the front page of a host.
    """
    try:
        parts = urlsplit(link)
        query = [pair for pair in parse_qsl(parts.query, True) if not _TRACKING.fullmatch(pair[0])]
        port = f":{parts.port}" if parts.port not in (None, 80, 443) else ""
    except ValueError:
        return ""
    host, path = (parts.hostname or "").removeprefix("www."), parts.path.rstrip("/")
    if not host or not (path or query or parts.fragment):
        return ""
    sign = f"{host}{port}{path}" + (f"?{urlencode(query)}" if query else "")
    return _short(sign + (f"#{parts.fragment}" if parts.fragment else ""))


def lies_under(link: str, site: str) -> bool:
    """Whether an address is that of a site, or of a page of it, whatever the scheme."""
    return f"{link_sign(_inner(link))}/".startswith(link_sign(_inner(site)).removesuffix("-"))


def _inner(link: str) -> str:
    """The address of a page below one: a front page has no sign of its own."""
    return f"{link.partition('?')[0].partition('#')[0].rstrip('/')}/-"


def _dated(entry: Entry) -> Entry:
    early = entry.published and entry.published < _FIRST
    return replace(entry, published=None, updated=None) if early else entry


def _guids(pairs: Iterable[tuple[str, str]]) -> Counter[str]:
    """How many different pages carry a guid."""
    return Counter(guid for guid, _ in set(pairs))


def _guid(guid: str) -> str:
    return _short(" ".join(printable(guid).split()))


def _short(text: str) -> str:
    text = printable(text)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…{_digest(text)[:16]}"


def _known(entry: Entry, link: str, guid: str) -> Known:
    text = entry.content.value or entry.summary.value
    # two recordings may be announced in the same words
    files = "".join(urlsplit(each.url).path.rpartition("/")[2] for each in entry.enclosures)
    said = re.sub(r"\W+", "", unescape(_MARKUP.sub("", text)) + files).casefold()
    body = _digest(said) if len(said) >= _TELLING else NOTHING
    path = link or (f"id:{guid}" if guid else f"text:{_digest(entry.title.value + said)[:32]}")
    undated = asdict(replace(entry, published=None, updated=None))
    return Known(entry, path, guid, body, _digest(json.dumps([undated, guid]))[:24])


def _newer(entry: Entry, other: Entry) -> bool:
    mine, theirs = entry.updated or entry.published, other.updated or other.published
    return bool(mine and (theirs is None or mine > theirs))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
