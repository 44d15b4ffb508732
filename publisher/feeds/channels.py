"""The feed itself: its own facts, and how its documents hang together (RFC 5005, W3C WebSub)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit

from publisher.config.public import Feed, Publication
from publisher.feeds import places
from publisher.feeds.escaping import line

# what a browser shows a feed with, under output.path
STYLESHEET = "assets/feed.css"
EMPTY_FEED = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Channel:
    """One document of a feed: `home` is the page beside it, `base` the address that its paths follow.

    `page` numbers an archive document (0: the one that is subscribed to); `previous` and `following` are the
    archive documents around it (0: none), each of at most `size` entries. `hub` may be empty.
    """

    name: str
    title: str
    description: str
    language: str
    author: str
    home: str
    base: str
    updated: datetime
    hub: str = ""
    page: int = 0
    previous: int = 0
    following: int = 0
    size: int = 0

    def address(self, kind: str, page: int = 0) -> str:
        """Where a document of this feed is: the one subscribed to, or an archive document."""
        return f"{self.base}/{quote(places.path_of(self.name, kind, page, self.size))}"

    @property
    def stylesheet(self) -> str:
        """The path of the style in which a browser shows it, so that a copy is whole at any host."""
        return f"{urlsplit(self.base).path}/{STYLESHEET}"

    def own(self, kind: str) -> str:
        """Where this document is."""
        return self.address(kind, self.page)


def channel(name: str, feed: Feed, publication: Publication, updated: datetime) -> Channel:
    """The feed's own facts; it was updated when its latest entry was, an empty one in 1970."""
    base = line(publication.url)
    title = line(feed.title) or line(publication.title) or base
    return Channel(
        name=name,
        title=title,
        description=line(feed.description) or line(publication.description) or title,
        language=publication.language,
        author=line(publication.title) or title,
        home=f"{base}/{quote(name)}/" if places.is_derived(name) else f"{base}/",
        base=base,
        updated=updated,
        size=places.page_size(feed),
    )
