"""Links of an RSS or Atom document to itself, to its hub, and to its archive documents."""

from __future__ import annotations

from lxml import etree

from publisher.checking.feed_documents import texts
from publisher.checking.feed_documents.notes import Notes

_ATOM = "{http://www.w3.org/2005/Atom}"
_ARCHIVE = "{http://purl.org/syndication/history/1.0}archive"
_ONCE = ("self", "current", "prev-archive", "next-archive")


def links(notes: Notes, parent: etree._Element, address: str) -> None:
    """RFC 4287 section 4.2.7.2, RFC 5005 section 4, WebSub section 4."""
    found: dict[str, list[str]] = {}
    for link in parent.findall(f"{_ATOM}link"):
        found.setdefault(link.get("rel", "alternate"), []).append(link.get("href", ""))
    for rel, hrefs in found.items():
        for href in hrefs:
            texts.address(notes, href, f"link {rel}")
        if rel in _ONCE and len(hrefs) > 1:
            notes.error("self link" if rel == "self" else "archive", f"{len(hrefs)} links say {rel}")
    own = found.get("self", [""])[0]
    of_itself(notes, own, address)
    older = [href for rel in ("prev-archive", "next-archive") for href in found.get(rel, [])]
    if own and own in older:
        notes.error("archive", "the document names itself as another archive document: readers go in circles")
    if parent.find(_ARCHIVE) is not None and not (found.get("current", [""])[0] not in ("", own)):
        notes.error("archive", "an archive document without a link to the current feed (RFC 5005 section 4)")


def of_itself(notes: Notes, own: str, address: str) -> None:
    """A document that is copied must still say where it comes from."""
    if not own:
        notes.error("self link", "the document does not say where it is")
    elif address and own != address:
        notes.error("self link", f"the document says it is at {own}, but it is at {address}")
