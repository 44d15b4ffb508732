"""Rules about texts, whatever the format: titles, HTML, addresses, languages, dates, hosted files."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from urllib.parse import urlsplit

from lxml import etree
from lxml.html import HtmlElement, HTMLParser, fragment_fromstring

from publisher.checking.feed_documents.notes import Notes
from publisher.feeds.media import media_type

_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")
_REFERENCE = re.compile(r"&(?:amp|lt|gt|quot|apos|nbsp|#[0-9]+|#[xX][0-9a-fA-F]+);")
_LONGEST_TITLE, _MOST_DATA = 300, 64 * 1024
# U+0080 to U+009F are Windows-1252 read wrongly; U+FFFD is what was lost before
_ODD = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffd\ufffe\uffff\ud800-\udfff\u202d\u202e]")
_LANGUAGE = re.compile(
    r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*|[A-Za-z]{4,8}(-[A-Za-z0-9]{1,8})*|[iIxX](-[A-Za-z0-9]{1,8})+"
)
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)")
_DAYS, _MONTHS = "Mon Tue Wed Thu Fri Sat Sun", "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec"
_RFC822 = re.compile(
    rf"(?:(?P<day>{_DAYS.replace(' ', '|')}), )?\d\d? (?:{_MONTHS.replace(' ', '|')}) \d{{4}} "
    r"\d\d:\d\d(?::\d\d)? (?:GMT|UT|[+-]\d{4})"
)
_DANGEROUS = {
    "applet", "base", "button", "embed", "form", "frame", "frameset", "iframe", "input", "link", "meta",
    "object", "script", "select", "style", "svg", "textarea",
}  # fmt: skip
_ADDRESSES = ("href", "src", "poster", "cite", "longdesc", "srcset")
_SCRIPTS = ("javascript:", "vbscript:", "data:text/html")
_STYLE = re.compile(r"url\s*\(|expression\s*\(|@import|position\s*:|behavior\s*:|-moz-binding", re.IGNORECASE)
_PARSER = HTMLParser(huge_tree=True)


def title(notes: Notes, text: str, what: str = "title") -> None:
    """A title is plain text in one line that says something."""
    if not text.strip():
        notes.error("title", f"{what} is missing or empty")
        return
    if found := _TAG.search(text):
        notes.warning("title", f"{what} holds HTML, which many readers show as it stands: {found[0]}")
    elif found := _REFERENCE.search(text):
        notes.warning("title", f"{what} is escaped twice: readers show {found[0]}")
    if text.strip("-–—. ") == "" or text.startswith(("http://", "https://")):
        notes.warning("title", f"{what} says nothing: {text[:80]}")
    if len(text) > _LONGEST_TITLE:
        notes.warning("title", f"{what} has {len(text)} characters: readers cut it off")
    characters(notes, text, what)


def characters(notes: Notes, text: str, what: str) -> None:
    """No control characters, and nothing that was lost in a wrong encoding."""
    if found := _ODD.search(text):
        notes.warning("characters", f"{what} holds the character U+{ord(found[0]):04X}")


def language(notes: Notes, tag: str | None, what: str = "language") -> None:
    """A language tag as RFC 5646 writes it."""
    if tag is not None and not _LANGUAGE.fullmatch(tag):
        notes.error("language", f"{what}: expected a language tag such as en or pt-BR, got {tag!r}")


def address(notes: Notes, url: str, what: str) -> bool:
    """An absolute address of the web, without anything that would have to be encoded."""
    try:
        parts = urlsplit(url)
        whole = (
            parts.scheme in ("http", "https")
            and bool(parts.hostname)
            and not re.search(r"[\s<>\"{}|\\^`]", url)
        )
    except ValueError:
        whole = False
    if not whole:
        notes.error("address", f"{what}: expected an absolute address, got {url[:120]!r}")
    return whole


def rfc822(notes: Notes, text: str, what: str) -> datetime | None:
    """A date of RSS: RFC 822 with a year of four digits."""
    found = _RFC822.fullmatch(text)
    try:
        moment = parsedate_to_datetime(text) if found else None
    except ValueError:
        moment = None
    if moment is None:
        notes.error("date", f"{what}: expected a date such as Sat, 21 Nov 2026 12:00:00 +0000, got {text!r}")
        return None
    if found and found["day"] and found["day"] != _DAYS.split()[moment.weekday()]:
        notes.error("date", f"{what}: {text!r} is no {found['day']}")
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def rfc3339(notes: Notes, text: str, what: str) -> datetime | None:
    """A date of Atom and JSON Feed: RFC 3339, with a zone."""
    try:
        if _RFC3339.fullmatch(text):
            return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    notes.error("date", f"{what}: expected a date such as 2026-11-21T12:00:00Z, got {text!r}")
    return None


def hosted(notes: Notes, url: str, kind: str, length: str | None, sizes: Mapping[str, int]) -> None:
    """An enclosure: where it is, what it is, and how many bytes it has, as the file itself says."""
    address(notes, url, "enclosure")
    expected = media_type(url)
    if "/" not in kind:
        notes.error("enclosure", f"{url}: expected a media type, got {kind!r}")
    elif expected and kind.partition("/")[0] != expected.partition("/")[0]:
        notes.error("enclosure", f"{url}: is called {kind}, but its name says {expected}")
    if length is None:
        notes.warning("enclosure", f"{url}: has no length: players cannot say how long it takes")
    elif not length.isdecimal() or int(length) == 0:
        notes.error("enclosure", f"{url}: expected its length in bytes, got {length!r}")
    elif url in sizes and sizes[url] != int(length):
        notes.error("enclosure", f"{url}: has {sizes[url]} bytes, and not {length}")


def html(notes: Notes, text: str, what: str) -> None:
    """HTML that a reader can show wherever it stands: whole addresses, nothing that acts."""
    characters(notes, text, what)
    for rule, message in _faults(text):
        say = notes.error if rule == "html" else notes.warning
        say(rule, f"{what}: {message}")


# an article's text is the same in every format and every feed
@lru_cache(maxsize=512)
def _faults(text: str) -> tuple[tuple[str, str], ...]:
    if not text.strip():
        return ()
    try:
        root = fragment_fromstring(text, create_parent="div", parser=_PARSER)
    except (etree.ParserError, ValueError, AssertionError) as error:
        return (("html", f"cannot be read as HTML: {error}"),)
    return tuple(dict.fromkeys(fault for element in root.iter() for fault in _of_element(element)))


def _of_element(element: HtmlElement) -> Iterator[tuple[str, str]]:
    if not isinstance(element.tag, str):
        return
    if element.tag in _DANGEROUS:
        yield "html", f"<{element.tag}> is dropped or refused by readers"
    for name, value in element.attrib.items():
        if name.startswith("on"):
            yield "html", f"{name} on <{element.tag}> is a script"
        elif name == "style" and _STYLE.search(value):
            yield "html", f"style on <{element.tag}> may reach beyond the article: {value[:60]}"
        elif name in _ADDRESSES:
            yield from _of_address(element.tag, name, value.strip())


def _of_address(tag: str, name: str, value: str) -> Iterator[tuple[str, str]]:
    if value.lower().startswith(_SCRIPTS):
        yield "html", f"{name} of <{tag}> is a script"
    elif value[:5].lower() == "data:":
        if len(value) > _MOST_DATA:
            yield "size", f"{name} of <{tag}> carries {len(value) // 1024} kB of data: let it be a file"
    elif _is_relative(value):
        yield "relative address", f"{name} of <{tag}> counts from the reader's own address: {value[:80]!r}"


def _is_relative(value: str) -> bool:
    # a place in the article itself works wherever the article is shown
    return not value.startswith("#") and not re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", value)
