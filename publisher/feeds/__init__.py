"""Feeds: articles in, the bytes of RSS, Atom and JSON documents out. No clock, no files, no locale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from publisher.config.public import Feed, Publication
from publisher.feeds.entries import channel, entry
from publisher.feeds.json_feed import JSON_TYPE, json_feed
from publisher.feeds.rss_atom import ATOM_TYPE, RSS_TYPE, atom, rss
from publisher.feeds.selection import select
from publisher.model.articles import Article, FeedDocument

__all__ = ["paths", "render"]

_FORMATS = {"rss": (rss, RSS_TYPE), "atom": (atom, ATOM_TYPE), "json": (json_feed, JSON_TYPE)}
_MAIN = {"rss": "feed.xml", "atom": "atom.xml", "json": "feed.json"}
_OTHERS = {"rss": "feeds/{}.xml", "atom": "feeds/{}.atom", "json": "feeds/{}.json"}
_NO_SIZES: Mapping[str, int] = MappingProxyType({})


def paths(name: str, feed: Feed) -> dict[str, str]:
    """Where the documents of a feed go under output.path, by format (`rss`, `atom`, `json`)."""
    names = _MAIN if name == "main" else _OTHERS
    return {kind: names[kind].format(name) for kind in names if kind in feed.formats}


def render(
    name: str,
    feed: Feed,
    publication: Publication,
    articles: Sequence[Article],
    sizes: Mapping[str, int] = _NO_SIZES,
) -> list[FeedDocument]:
    """The feed in each of its formats, from articles that are all public.

    The same input gives the same bytes, anywhere and at any time. `sizes` are bytes by URL of the files
    that the publication hosts: sound, film and lead pictures among them become enclosures.
    """
    entries = [entry(article, feed, publication, sizes) for article in select(feed, articles)]
    head = channel(feed, publication, entries)
    return [
        FeedDocument(path, media_type, serialise(head, entries, path))
        for kind, path in paths(name, feed).items()
        for serialise, media_type in [_FORMATS[kind]]
    ]
