"""Documents of feeds, held against what validators, and readers of all ages, complain of."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from lxml import etree

from publisher.checking.feed_documents import atom, json_feed, rss
from publisher.checking.feed_documents.notes import Notes
from publisher.checking.findings import Finding
from publisher.model.articles import FeedDocument

__all__ = ["validate"]

_ATOM = "{http://www.w3.org/2005/Atom}feed"
_TYPES = {"rss": "application/rss+xml", _ATOM: "application/atom+xml", "json": "application/feed+json"}
# The W3C's validator reads no more; programs of small machines take less.
_LARGEST = 2_000_000
_NO_SIZES: Mapping[str, int] = MappingProxyType({})


def validate(
    document: FeedDocument,
    address: str = "",
    sizes: Mapping[str, int] = _NO_SIZES,
    places: Sequence[str] = (),
) -> list[Finding]:
    """What is wrong with a feed: RSS 2.0, Atom (RFC 4287) or JSON Feed 1.1, as its bytes say.

    `address` is where the document will be, empty where that is unknown; `sizes` are bytes by URL of hosted
    files. The place of a finding is the document's path, or that of the entry among `places`, in their order.
    """
    notes = Notes(document.path, places)
    if len(document.body) > _LARGEST:
        megabytes = f"{len(document.body) / 1_000_000:.1f} MB"
        notes.warning(
            "size", f"{megabytes}: validators and many readers stop at 2 MB; fewer entries, or summaries"
        )
    if document.body.lstrip()[:1] == b"{":
        _json(notes, document, address, sizes)
    else:
        _xml(notes, document, address, sizes)
    return notes.found


def _json(notes: Notes, document: FeedDocument, address: str, sizes: Mapping[str, int]) -> None:
    try:
        feed: Any = json.loads(document.body.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        notes.error("well-formed", f"not JSON: {error}")
        return
    _media_type(notes, document, "json")
    json_feed.look(notes, feed, address, sizes)


def _xml(notes: Notes, document: FeedDocument, address: str, sizes: Mapping[str, int]) -> None:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True)
    try:
        root = etree.fromstring(document.body, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        notes.error("well-formed", f"not well-formed: {error}")
        return
    if root.getroottree().docinfo.doctype:
        notes.error("well-formed", "a document type declaration: many readers refuse it")
    if (root.getroottree().docinfo.encoding or "UTF-8").upper() != "UTF-8":
        notes.warning("well-formed", "not in UTF-8")
    if root.tag not in ("rss", _ATOM):
        notes.error("format", f"expected RSS 2.0 or Atom, got <{root.tag}>")
        return
    _media_type(notes, document, root.tag)
    (rss if root.tag == "rss" else atom).look(notes, root, address, sizes)


def _media_type(notes: Notes, document: FeedDocument, kind: str) -> None:
    if document.media_type != _TYPES[kind]:
        notes.error("media type", f"expected {_TYPES[kind]}, got {document.media_type}")
