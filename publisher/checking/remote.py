"""Remote feeds, as they were when they were asked last: a check asks nobody."""

from __future__ import annotations

from collections.abc import Iterator

from publisher.checking.findings import Finding
from publisher.config.schema import Config
from publisher.model.articles import Article
from publisher.sources.states import state_of
from publisher.store import Store, catalogue, remote_feeds


def read(config: Config, store: Store | None) -> list[Article]:
    """The public articles that came from feeds of the configuration."""
    if store is None or not config.named_feeds:
        return []
    with store.read() as tx:
        listed = catalogue.listings(tx, status="published")
    return [each.article for each in listed if each.source in config.named_feeds]


def look(config: Config, store: Store | None) -> Iterator[Finding]:
    """A warning for each feed that could not be had, or that was never asked."""
    if not config.named_feeds:
        return
    rows = {}
    if store is not None:
        with store.read() as tx:
            rows = remote_feeds.rows(tx)
    for name, source in config.named_feeds.items():
        row = rows.get(str(source.feed))
        if row is None:
            yield Finding(name, "source", "was never asked yet: publisher gather asks it", "warning")
        elif error := state_of(row.state).error:
            yield Finding(name, "source", f"could not be had when it was asked last: {error}", "warning")
