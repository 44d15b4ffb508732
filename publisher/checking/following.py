"""Feeds: every document that a build would write is made once, and held against what validators say."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from publisher import feeds
from publisher.checking.feed_documents import validate
from publisher.checking.findings import Finding
from publisher.config.public import Feed
from publisher.config.schema import Config
from publisher.feeds import Piece, derived, history
from publisher.model.articles import Article


def look(config: Config, found: Sequence[Article]) -> Iterator[Finding]:
    """What is wrong with the feeds; of an article once, whatever feeds and formats carry it."""
    looking = _Looking(config, found, _sizes(config, found))
    seen: set[Finding] = set()
    for finding in looking.findings():
        if finding not in seen:
            seen.add(finding)
            yield finding


def _sizes(config: Config, found: Sequence[Article]) -> dict[str, int]:
    """Bytes of the files that articles bring along, by URL; what is not there is told elsewhere."""
    folders = list(config.named_sources.values())
    sizes = {}
    for asset in (asset for article in found for asset in article.assets):
        files = (folder / asset.file for folder in folders)
        if file := next((file for file in files if file.is_file()), None):
            sizes[asset.url] = file.stat().st_size
    return sizes


@dataclass
class _Looking:
    config: Config
    articles: Sequence[Article]
    sizes: Mapping[str, int]

    def findings(self) -> Iterator[Finding]:
        """Of every document."""
        for name, feed in self.config.feeds.items():
            carried = list(feeds.carries(feed, self.articles))
            releases = self._releases(carried) if feed.history else {}
            pages = history.pages(releases.values(), len(self.articles), feeds.page_size(feed))
            yield from self._judged(name, feed, feeds.select(feed, carried), pages)
            by_page = defaultdict[int, list[Article]](list)
            for article in carried if pages else ():
                by_page[history.page_of(releases[article.id], feeds.page_size(feed))].append(article)
            for page in pages:
                yield from self._judged(name, feed, by_page[page], pages, page)
        yield from self._derived()

    def _derived(self) -> Iterator[Finding]:
        main, held = self.config.feeds["main"], defaultdict[str, list[Article]](list)
        for article in self.articles:
            for name in derived.names(article, self.config.derived_feeds):
                held[name].append(article)
        for name, carried in held.items():
            title = derived.title(name, carried, bool(self.config.topics))
            feed = derived.feed(main, self.config.publication, title)
            yield from self._judged(name, feed, feeds.select(feed, carried), ())

    def _judged(
        self, name: str, feed: Feed, carried: Sequence[Article], pages: Sequence[int], page: int = 0
    ) -> Iterator[Finding]:
        paths = {article.id: article.path for article in carried}
        pieces = feeds.newest(self._piece(feed, article) for article in carried)
        made = feeds.documents(
            name, feed, self.config.publication, pieces, hub=self.config.websub, pages=pages, page=page
        )
        for document in made:
            address = f"{self.config.publication.url}/{quote(document.path)}"
            yield from validate(document, address, self.sizes, [paths[piece.id] for piece in pieces])

    def _piece(self, feed: Feed, article: Article) -> Piece:
        publication = self.config.publication
        return feeds.piece(article, publication, content=feed.content, sizes=self.sizes, formats=feed.formats)

    def _releases(self, carried: Sequence[Article]) -> dict[str, int]:
        """As a first gather numbers them (rule 1): in the order of their dates."""
        ordered = sorted(self.articles, key=lambda article: (article.published_at, article.id))
        numbers = {article.id: number for number, article in enumerate(ordered, 1)}
        return {article.id: numbers[article.id] for article in carried}
