"""Feeds: articles in, the bytes of RSS, Atom and JSON documents out. No clock, no files, no locale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from publisher.config.public import Feed, Publication
from publisher.feeds.channels import STYLESHEET
from publisher.feeds.pieces import MEDIA_TYPES, Piece, documents, newest, piece
from publisher.feeds.places import address, feed_at, page_size, paths
from publisher.feeds.selection import carries, select
from publisher.model.articles import Article, FeedDocument

__all__ = [
    "MEDIA_TYPES",
    "STYLESHEET",
    "Piece",
    "address",
    "carries",
    "documents",
    "feed_at",
    "newest",
    "page_size",
    "paths",
    "piece",
    "render",
    "select",
]

_NO_SIZES: Mapping[str, int] = MappingProxyType({})


def render(
    name: str,
    feed: Feed,
    publication: Publication,
    articles: Sequence[Article],
    sizes: Mapping[str, int] = _NO_SIZES,
) -> list[FeedDocument]:
    """The feed in each of its formats, from articles that are all public; without archive documents.

    `sizes` are bytes by URL of the files that the publication hosts. The same input gives the same bytes.
    """
    carried = select(feed, articles)
    pieces = [piece(a, publication, content=feed.content, sizes=sizes, formats=feed.formats) for a in carried]
    return documents(name, feed, publication, pieces)
