"""Publish: feeds, pages and the archive as public files, from what the catalogue and the editions hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from pathlib import Path
from urllib.parse import unquote, urlsplit

from publisher import feeds
from publisher.config.schema import Config
from publisher.errors import ContentError
from publisher.freezing import variants
from publisher.model.articles import Article, Asset
from publisher.output import Output, Report
from publisher.publishing import following, lists
from publisher.publishing.site import STYLESHEET, logo_path, site_of
from publisher.rendering import pages
from publisher.rendering.environment import Templates
from publisher.rendering.pages import ArchiveEntry, Frame
from publisher.rendering.pages.front_page import LOOKED_AT
from publisher.sources import folder
from publisher.store import Store, catalogue, clock, editions
from publisher.store.catalogue import Listing
from publisher.store.editions import Edition

_SENT = ("sending", "paused", "done")
File = tuple[str, bytes | Path]


def refresh(store: Store, config: Config, templates: Templates) -> None:
    """Publish if something was noted to have changed since the last time. Raises as `publish` does."""
    with store.alone("publish"), templates.settled():
        with store.read() as tx:
            noted = clock.stale_since(tx, clock.PUBLIC_FILES)
        if noted is None:
            return
        _publish(store, config, templates)
        with store.write() as tx:
            clock.set_fresh(tx, clock.PUBLIC_FILES, noted)


def publish(store: Store, config: Config, templates: Templates) -> Report:
    """Write everything under output.path, each file only if its bytes changed, and remove what nothing names.

    Raises ContentError for a fault in a template, Refused or StoreError where the folder cannot be written.
    """
    # alone from the reading on: an older look must not be written over a newer one
    with store.alone("publish"), templates.settled():
        return _publish(store, config, templates)


def _publish(store: Store, config: Config, templates: Templates) -> Report:
    with store.read() as tx:
        listings = catalogue.listings(tx)
        hidden = [x for x in listings if x.release and x.status != "published"]
        mailed = catalogue.mailed(tx, [x.article.id for x in hidden])
        past = [
            e for e in editions.listed(tx, states=_SENT) if e.archive and e.newsletter in config.newsletters
        ]
        counts = {e.id: len(editions.articles_of(tx, e.id)) for e in past}
    public = [x for x in listings if x.status == "published" and x.release]
    withdrawn = [x.article for x in hidden if x.article.id in mailed]
    frame = Frame(templates, site_of(config))
    making = _Pages(store, config, frame, [x.article for x in public])
    # what articles bring along never stands in the place of a page or a feed
    files = dict(_assets(config, public))
    files.update(lists.files(frame, {x.release: x.article for x in public if x.release}))
    files.update(following.files(frame, config, {}))
    files.update(making.pages(withdrawn))
    files.update(making.archives(past, counts))
    sizes = {
        f"{config.publication.url}/{p}": x.stat().st_size for p, x in files.items() if isinstance(x, Path)
    }
    for name, feed in config.feeds.items():
        documents = feeds.render(name, feed, config.publication, making.articles, sizes)
        files.update((d.path, d.body) for d in documents)
    return Output(config.output.path).publish(files)


def path_of(url: str, config: Config) -> str | None:
    """Where the page at an address goes under output.path; None where no file can stand for it."""
    base = f"{config.publication.url}/"
    if not url.startswith(base) or "?" in url or "#" in url or "\\" in unquote(url):
        return None
    path = unquote(urlsplit(url[len(base) - 1 :]).path).lstrip("/")
    name = path.rsplit("/", 1)[-1]
    if not name:
        return f"{path}index.html"
    return path if "." in name else f"{path}/index.html"


def _assets(config: Config, listings: Sequence[Listing]) -> Iterator[File]:
    """The pictures and files that public articles refer to, and the logo; one that is gone is passed over."""
    for listing in listings:
        for asset in listing.article.assets:
            path = path_of(asset.url, config)
            if path and (file := _file(config, listing.source, asset, path.removesuffix("/index.html"))):
                yield path.removesuffix("/index.html"), file
    if config.look.logo:
        if not config.look.logo.is_file():
            raise ContentError(str(config.look.logo), 0, "look.logo", "no such file")
        yield logo_path(config), config.look.logo


def _file(config: Config, source: str, asset: Asset, path: str) -> Path | None:
    """The file to be copied; where its source cannot be read, the copy that was made earlier (rule 24)."""
    try:
        return folder.find(config.named_sources[source], asset.file)
    except (KeyError, ContentError):
        copy = config.output.path / path
        return copy if copy.is_file() else None


@dataclass
class _Pages:
    store: Store
    config: Config
    frame: Frame
    articles: list[Article]

    def pages(self, withdrawn: Sequence[Article]) -> Iterator[File]:
        """Index, stylesheet, and a page for each article."""
        yield "index.html", pages.index(self.frame, self.articles[:LOOKED_AT]).encode()
        yield STYLESHEET, pages.stylesheet(self.frame.templates, self.config.look).encode()
        around = [None, *self.articles, None]
        for newer, article, older in zip(around, self.articles, around[2:], strict=False):
            if path := path_of(article.url, self.config):
                html = pages.article(self.frame, article, older, newer)
                yield path, html.encode()
        for article in withdrawn:
            if path := path_of(article.url, self.config):
                yield path, pages.withdrawn(self.frame, article).encode()

    def archives(self, past: Sequence[Edition], counts: dict[int, int]) -> Iterator[File]:
        """Past editions of newsletters with a public archive, and the list of each newsletter."""
        for name, newsletter in self.config.newsletters.items():
            if newsletter.archive != "public":
                continue
            mine = [e for e in past if e.newsletter == name]
            entries = [self._entry(e, counts[e.id]) for e in mine]
            listed = pages.archive(self.frame, newsletter.title, entries)
            yield f"archive/{name}/index.html", listed.encode()
            for edition in mine:
                html = variants.archive_page(self.store, edition)
                yield f"archive/{name}/{edition.number}/index.html", html.encode()

    def _entry(self, edition: Edition, count: int) -> ArchiveEntry:
        day = datetime.combine(datetime.fromisoformat(edition.day), time(), self.config.publication.zone)
        url = f"{self.frame.site.index_url}archive/{edition.newsletter}/{edition.number}/"
        return ArchiveEntry(edition.number, edition.archive["subject"], day, url, count)
