"""Web pages from articles and editions: whole HTML documents, asking nothing elsewhere.

Each function is one page in a `Frame`, which is made once for a build. Only the search page has a script.
"""

from __future__ import annotations

from publisher.rendering.pages.articles import Neighbour, article, line, withdrawn
from publisher.rendering.pages.editions import ArchiveEntry, archive
from publisher.rendering.pages.feeds_page import ListedFeed, feed_stylesheet, feeds
from publisher.rendering.pages.front_page import index
from publisher.rendering.pages.lists import (
    Collection,
    authors,
    collection,
    directory_paths,
    month,
    months,
    topics,
)
from publisher.rendering.pages.notes import ask_unsubscribe, expired_link, not_found, unsubscribed
from publisher.rendering.pages.presenting import Presented, present
from publisher.rendering.pages.search_page import script, search
from publisher.rendering.pages.site import FeedLink, Frame, NewsletterLink, Site, stylesheet
from publisher.rendering.pages.sitemaps import Address, robots, sitemap

__all__ = [
    "Address",
    "ArchiveEntry",
    "Collection",
    "FeedLink",
    "Frame",
    "ListedFeed",
    "Neighbour",
    "NewsletterLink",
    "Presented",
    "Site",
    "archive",
    "article",
    "ask_unsubscribe",
    "authors",
    "collection",
    "directory_paths",
    "expired_link",
    "feed_stylesheet",
    "feeds",
    "index",
    "line",
    "month",
    "months",
    "not_found",
    "present",
    "robots",
    "script",
    "search",
    "sitemap",
    "stylesheet",
    "topics",
    "unsubscribed",
    "withdrawn",
]
