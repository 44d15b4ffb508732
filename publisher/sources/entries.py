"""One entry of a remote feed into a manuscript: cleaned, its addresses whole, its dates believable."""

from __future__ import annotations

import hashlib
import posixpath
import re
from datetime import datetime
from html import escape, unescape
from urllib.parse import unquote, urljoin, urlsplit

from lxml.html import HtmlElement

from publisher.articles import embeds, slugify
from publisher.articles.prose import cut, joined, opening, words
from publisher.articles.sanitising import markup, repair, sanitise, too_deep, tree
from publisher.model.articles import Author, Manuscript, Picture
from publisher.sources.documents import Entry, Text, web_address
from publisher.sources.identity import Known

_MARKUP = re.compile(r"<[^<>]*>")
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z]{2,8});")
_LONGEST_TITLE, _LONGEST_NAME, _MOST_LABELS, _MOST_FILES = 300, 80, 20, 5
_LONGEST_TEXT, _LONGEST_DATA = 1_000_000, 20_000


def manuscript(
    known: Known, path: str, *, home: str, seen: datetime, full: bool, language: str
) -> Manuscript | None:
    """The manuscript of an entry, called `path`; None for one that says nothing at all.

    `home` is the address of one without a page; `seen` is when it was first there: a date after that counts
    as none. `language` is that of words put in, where the entry names none.
    """
    entry = known.entry
    url = page_of(entry, home)
    root, notes = _body(entry, url, full, _language(entry.language) or language)
    said = opening(root)
    title = title_of(entry) or cut(said, _LONGEST_NAME) or _file_name(url)
    if not (entry.title.value.strip() or said or entry.link or entry.enclosures or len(root)):
        return None
    published = entry.published if entry.published and entry.published <= seen else None
    updated = entry.updated if entry.updated and published and published < entry.updated <= seen else None
    return Manuscript(
        path=path,
        title=title,
        summary=cut(words(_tree(entry.summary))) or said,
        html=markup(root),
        slug=f"{slugify(title)}-{hashlib.sha256(path.encode()).hexdigest()[:8]}",
        authors=tuple(Author(name) for name in _lines(entry.authors)),
        labels=_lines(entry.labels),
        picture=_picture(entry),
        published_at=published,
        updated_at=updated,
        language=_language(entry.language),
        explicit_id=known.guid,
        body_hash=known.body,
        notes=notes,
        url=url,
    )


def page_of(entry: Entry, home: str) -> str:
    """The address of an entry: its page, else a file that goes with it, else `home`."""
    return entry.link or next((each.url for each in entry.enclosures), "") or web_address(entry.guid) or home


def title_of(entry: Entry) -> str:
    """The headline as plain text on one line."""
    value = entry.title.value
    if entry.title.html:
        return cut(words(_tree(entry.title)), _LONGEST_TITLE)
    return cut(joined(unescape(value) if _ENTITY.search(value) else value), _LONGEST_TITLE)


def _tree(text: Text, language: str = "en") -> HtmlElement:
    """The text as a cleaned tree; what is nested too deep for any parser loses its markup."""
    if "<" in text.value and text.html:
        html = embeds.linked(text.value, language)
        if not too_deep(html):
            return tree(sanitise(html))
    plain = unescape(_MARKUP.sub(" ", text.value)) if text.html else text.value
    blocks = re.split(r"\n\s*\n", plain.strip())
    return tree(sanitise("".join(f"<p>{escape(block)}</p>" for block in blocks if block.strip())))


def _body(entry: Entry, url: str, full: bool, language: str) -> tuple[HtmlElement, tuple[str, ...]]:
    text, notes = entry.content if entry.content.value.strip() else entry.summary, tuple[str, ...]()
    if len(text.value) > _LONGEST_TEXT:
        notes = ("its text is over a million characters: only its summary was taken",)
    if notes or not full:
        short = cut(words(_tree(entry.summary))) or ("" if notes else opening(_tree(text)))
        return _tree(Text(short)), notes
    root = _tree(text, language)
    for element in list(root.iter("a", "img", "source", "audio", "video")):
        _settle(element, text.base or url, url)
    repair(root)
    _attach(root, entry)
    return root, notes


def _settle(element: HtmlElement, base: str, page: str) -> None:
    """Make the addresses of one element absolute; what cannot be shown elsewhere goes."""
    if element.tag == "img" and {element.get("width", ""), element.get("height", "")} & {"0", "1"}:
        element.drop_tree()  # it counts readers, and shows nothing
        return
    for name in ("src", "href", "poster"):
        if (address := element.get(name)) is not None:
            if settled := _address(address.strip(), base, page):
                element.set(name, settled)
            else:
                del element.attrib[name]
    if element.tag == "img" and not element.get("src"):
        alternative = joined(element.get("alt") or "")
        element.tail = f"{alternative} {element.tail or ''}" if alternative else element.tail
        element.drop_tree()


def _address(address: str, base: str, page: str) -> str:
    if address[:5].lower() == "data:":
        return address if len(address) <= _LONGEST_DATA else ""
    if re.match(r"(?i)(?:mailto|tel|ftp):", address):
        return address
    return web_address(address, page if address.startswith("#") else _joined(page, base))


def _joined(page: str, base: str) -> str:
    try:
        return urljoin(page, base)
    except ValueError:
        return page


def _attach(root: HtmlElement, entry: Entry) -> None:
    """Links to the files that go with the entry, where the text has none."""
    there = {
        element.get(name)
        for element in root.iter("a", "audio", "source", "video")
        for name in ("href", "src")
    }
    files = [e.url for e in entry.enclosures if not e.media_type.startswith("image/") and e.url not in there]
    for url in files[:_MOST_FILES]:
        root.append(tree(f'<p><a href="{escape(url)}">{escape(_file_name(url))}</a></p>')[0])


def _file_name(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        return url[:_LONGEST_NAME]
    name = unquote(posixpath.basename(parts.path.rstrip("/")))
    return cut(joined(name), _LONGEST_NAME) or parts.netloc or url[:_LONGEST_NAME]


def _picture(entry: Entry) -> Picture | None:
    images = (each.url for each in entry.enclosures if each.media_type.startswith("image/"))
    url = entry.picture or next(images, "")
    return Picture(url) if url else None


def _lines(names: tuple[str, ...]) -> tuple[str, ...]:
    """Names and labels on one line each, in any case only once."""
    found: dict[str, str] = {}
    for name in names[: _MOST_LABELS * 5]:
        if line := cut(joined(unescape(_MARKUP.sub("", name))), _LONGEST_NAME):
            found.setdefault(line.casefold(), line)
    return tuple(found.values())[:_MOST_LABELS]


def _language(tag: str) -> str:
    """A language tag (RFC 5646) in its usual letters; what is none says nothing."""
    tag = tag.strip().replace("_", "-")
    if len(tag) > 35 or not re.fullmatch(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*", tag):
        return ""
    first, *others = tag.split("-")
    shape = {2: str.upper, 4: str.title}
    return "-".join([first.lower(), *(shape.get(len(part), str.lower)(part) for part in others)])
