"""Topics that lead nowhere: a newsletter or a subscriber that waits for what no article carries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from publisher import articles
from publisher.checking.findings import Finding
from publisher.config.schema import Config
from publisher.model.articles import Article
from publisher.store import Store, subscribers


def look(config: Config, store: Store | None, found: Sequence[Article]) -> list[Finding]:
    """Topics in the configuration that no article has, and subscribers whose topics left it (rule 3)."""
    there = {topic for article in found for topic in article.topics}
    findings = list(configured(config, there))
    if store and config.topics:
        findings += _subscribed(config, store)
    return findings


def configured(config: Config, there: set[str]) -> Iterator[Finding]:
    """Topics of newsletters and feeds that are none, or that no article has; `there` are those of all."""
    wanted = {f"newsletters.{n}.topics": x.topics for n, x in config.newsletters.items()}
    wanted |= {f"feeds.{n}.topics": x.topics for n, x in config.feeds.items()}
    for place, names in wanted.items():
        for name in names if names != "all" else ():
            keys = articles.keys_of([name], config.topics)
            if not keys:
                yield Finding(place, "topic", f"{name!r} is no topic and no label of one", "error")
            elif there.isdisjoint(keys):
                yield Finding(place, "topic", f"no article has the topic {name!r}", "warning")


def _subscribed(config: Config, store: Store) -> Iterator[Finding]:
    lost: Counter[str] = Counter()
    with store.read() as tx:
        for _, subscription in subscribers.everybody(tx):
            lost.update(t for t in subscription.topics or () if t not in config.topics)
    for topic, count in sorted(lost.items()):
        message = f"{topic!r} is no topic any more: {count} subscriptions that chose it get nothing for it"
        yield Finding("topics", "topic", message, "warning")
