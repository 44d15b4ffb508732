"""Pieces: each article is serialised once; every document that carries it is joined from these bytes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType

from publisher.config.public import Feed, Publication
from publisher.feeds import frames, history, json_feed, rss_atom
from publisher.feeds.channels import EMPTY_FEED, channel
from publisher.feeds.entries import entry
from publisher.feeds.escaping import line, xml
from publisher.feeds.places import FORMATS, paths
from publisher.languages import Phrasebooks, correction_heading
from publisher.model.articles import Article, FeedDocument

MEDIA_TYPES = {"rss": frames.RSS_TYPE, "atom": frames.ATOM_TYPE, "json": json_feed.JSON_TYPE}
_FRAMES = {"rss": frames.rss, "atom": frames.atom, "json": json_feed.frame}
_OURS = Phrasebooks()
_NO_SIZES: Mapping[str, int] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Piece:
    """An article as it stands in every feed of one publication and content: bytes, in parts to be joined.

    The parts of RSS and Atom share the text. It depends on nothing but the arguments of `piece`.
    """

    id: str
    published: datetime
    updated: datetime
    rss: tuple[bytes, ...]
    atom: tuple[bytes, ...]
    json: tuple[bytes, ...]


def piece(
    article: Article,
    publication: Publication,
    *,
    content: str = "full",
    sizes: Mapping[str, int] = _NO_SIZES,
    phrasebooks: Phrasebooks = _OURS,
    formats: Sequence[str] = FORMATS,
) -> Piece:
    """The article, `content` full or summary, in each of the formats; the others stay empty.

    `sizes` are bytes by URL of the files that the publication hosts: sound, film and lead pictures among
    them become enclosures.
    """
    heading = correction_heading(article, publication, phrasebooks) if article.correction else ""
    made = entry(article, content, publication, sizes, heading)
    author = line(publication.title) or line(publication.url)
    html = xml(made.html or b"") if "rss" in formats or "atom" in formats else b""
    return Piece(
        article.id,
        article.published_at,
        made.updated,
        rss_atom.rss_item(made, html) if "rss" in formats else (),
        rss_atom.atom_entry(made, html, author) if "atom" in formats else (),
        (json_feed.item(made),) if "json" in formats else (),
    )


def newest(pieces: Iterable[Piece]) -> list[Piece]:
    """The order of every feed: the newest first, equal dates by id."""
    by_id = sorted(pieces, key=lambda piece: piece.id)
    return sorted(by_id, key=lambda piece: piece.published, reverse=True)


def documents(
    name: str,
    feed: Feed,
    publication: Publication,
    pieces: Sequence[Piece],
    *,
    hub: str = "",
    pages: Sequence[int] = (),
    page: int = 0,
) -> list[FeedDocument]:
    """A feed in each of its formats, from the pieces of its entries, the newest first.

    `pages` are the archive documents that the feed has (`history.pages`), and `page` is the one to be made:
    0 for the document that is subscribed to. The same input gives the same bytes, anywhere and at any time.
    """
    updated = max((piece.updated for piece in pieces), default=EMPTY_FEED)
    previous, following = history.neighbours(page, list(pages))
    head = channel(name, feed, publication, updated)
    head = replace(head, hub=line(hub), page=page, previous=previous, following=following)
    made = []
    for kind, path in paths(name, feed, page).items():
        start, end = _FRAMES[kind](head)
        made.append(FeedDocument(path, MEDIA_TYPES[kind], b"".join((start, *_joined(kind, pieces), end))))
    return made


def _joined(kind: str, pieces: Sequence[Piece]) -> Iterable[bytes]:
    for number, piece in enumerate(pieces):
        if kind == "json" and number:
            yield b","
        yield from getattr(piece, kind)
