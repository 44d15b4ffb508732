"""Every source at one moment, folders and remote feeds alike; and what is remembered of the feeds."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from datetime import datetime
from functools import partial

from sqlalchemy import Connection

from publisher.config.public import Source
from publisher.config.schema import Config
from publisher.gathering import feeds
from publisher.gathering.feeds import FeedLook, Looked, RemoteFeed
from publisher.gathering.fetching import Fetches
from publisher.gathering.ongoing import Ongoing
from publisher.gathering.report import Asked
from publisher.gathering.source import Look, look
from publisher.model.articles import Manuscript
from publisher.sources.states import Fetched, state_of
from publisher.store import catalogue, remote_feeds
from publisher.store.remote_feeds import Row, Signed
from publisher.store.traces import Stamped


class Looking:
    """Looks at the sources; `reading` is what all articles depend on besides their files."""

    def __init__(self, ongoing: Ongoing, reading: str, known: Mapping[str, Mapping[str, Stamped]]) -> None:
        self.store, self.config, self.report = ongoing.store, ongoing.config, ongoing.report
        self.reading, self.known = reading, known

    def looks(self, fetches: Fetches, *, accept_gone: bool) -> dict[str, Looked]:
        """A look at each source by its name; the report hears what must be said of it."""
        found: dict[str, Looked] = {
            name: look(
                name,
                path,
                self.reading,
                self.known.get(name, {}),
                accept_gone=accept_gone,
                highlight=self.config.look.highlight,
            )
            for name, path in self.config.named_sources.items()
        }
        if self.config.named_feeds:
            found |= self._feeds(fetches)
        for at in found.values():
            self.report.kept += at.kept
            if isinstance(at, Look):
                self.report.refused += [at.error(error.path, error) for error in at.errors]
        return found

    def _feeds(self, fetches: Fetches) -> dict[str, FeedLook]:
        news = {name: self._newest(name, source, fetches) for name, source in self.config.named_feeds.items()}
        found: dict[str, FeedLook] = {}
        signs = self._signs() if any(each and each.document for each in news.values()) else {}
        for name, fetched in news.items():
            feed = self._feed(name, self.known.get(name, {}), fetches.at)
            if fetched and fetched.document:
                elsewhere = set[str]().union(*(_names(s) for other, s in signs.items() if other != name))
                elsewhere |= set[str]().union(*(_new(at) for other, at in found.items() if other != name))
                found[name] = feed.look(fetched.document, fetched.state.passed, signs[name], elsewhere)
            else:
                found[name] = feed.at_rest()
            self.report.feeds.append(_asked(found[name], fetched, fetches))
        return found

    def _newest(self, name: str, source: Source, fetches: Fetches) -> Fetched | None:
        """What was fetched, unless another process has looked since and knows better."""
        with self.store.read() as tx:
            row = remote_feeds.rows(tx).get(str(source.feed))
        later = row is not None and row.fetched_at is not None and row.fetched_at > fetches.at
        return None if later else fetches.fetched.get(name)

    def _signs(self) -> dict[str, list[Signed]]:
        with self.store.read() as tx:
            return {name: remote_feeds.signed(tx, name) for name in self.config.named_feeds}

    def _feed(self, name: str, known: Mapping[str, Stamped], at: datetime) -> RemoteFeed:
        source = self.config.named_feeds[name]
        return RemoteFeed(
            name,
            source,
            self.config.publication,
            hashlib.sha256(f"{self.reading}{source.content}".encode()).hexdigest()[:12],
            known,
            at,
            partial(self._stored, name),
        )

    def _stored(self, name: str, path: str) -> Manuscript:
        with self.store.read() as tx:
            ids = [remote_feeds.id_of(tx, name, path)]
            (listing,) = catalogue.listings(tx, ids=ids)
        return feeds.remembered(listing.article, listing.explicit_id, listing.body_hash)


def _names(signs: Iterable[Signed]) -> set[str]:
    return {each for sign in signs for each in (sign.path, sign.explicit_id) if each}


def _new(look: FeedLook) -> set[str]:
    guids = {made.explicit_id for made in look.made.values() if isinstance(made, Manuscript)}
    return (guids - {""}) | look.made.keys()


def remember(tx: Connection, config: Config, fetches: Fetches, looks: Mapping[str, Looked]) -> None:
    """Keep what is known of the feeds now: after their articles are saved, or a kill would lose some."""
    before = remote_feeds.rows(tx) if fetches.fetched else {}
    for name, fetched in fetches.fetched.items():
        url, at = str(config.named_feeds[name].feed), looks[name]
        last = before[url].fetched_at if url in before else None
        if last and last > fetches.at:
            continue
        state = fetched.state
        if fetched.document and isinstance(at, FeedLook):
            state = replace(state, passed=tuple(sorted(at.passed)))
        remote_feeds.save(tx, Row(url, asdict(state), fetches.at, fetched.next_at))


def _asked(look: FeedLook, fetched: Fetched | None, fetches: Fetches) -> Asked:
    name = look.name
    if name in fetches.late:
        return Asked(name, "late", "there was no time left for it: it is the first one next time")
    if fetched is None:
        gone = name in fetches.rows and state_of(fetches.rows[name].state).gone
        return Asked(name, "gone" if gone else "resting")
    if fetched.document:
        return Asked(name, "fetched", "; ".join(look.notes))
    if not fetched.reason:
        return Asked(name, "unchanged")
    return Asked(name, "gone" if fetched.state.gone else "failed", fetched.reason)
