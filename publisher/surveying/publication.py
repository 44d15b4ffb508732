"""What is published and from where: newsletters, feeds with who follows them, and sources."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, func, select

from publisher import feeds, permissions
from publisher.config.public import Feed
from publisher.config.schema import Config
from publisher.feeds.following import Following, following
from publisher.model.editors import Actor
from publisher.sources.states import state_of
from publisher.store import Store, announcements, feed_polls, remote_feeds, tallies
from publisher.store.schema import article_words

_LATELY, _FAR = timedelta(days=7), timedelta(days=3650)


@dataclass(frozen=True, slots=True)
class Served:
    """A feed: its documents as (format, address), who asks for it, and whether its hub waits to be told.

    `polls` a day and `stated` subscribers are over the last seven days; `guessed` are people that programs of
    their own ask for. `untold` is how often the hub was told in vain of what changed; None: it knows.
    """

    name: str
    title: str
    feed: Feed
    documents: tuple[tuple[str, str], ...]
    polls: float
    stated: int
    guessed: int
    untold: int | None


@dataclass(frozen=True, slots=True)
class Supply:
    """A source: a folder, or a feed elsewhere with how it stood when it was asked last."""

    name: str
    articles: int
    remote: bool = False
    asked_at: datetime | None = None
    next_at: datetime | None = None
    error: str = ""
    since: datetime | None = None
    moved: str = ""
    gone: bool = False


@dataclass(frozen=True, slots=True)
class Survey:
    """All of it. `subscribers` are numbers by newsletter and status."""

    subscribers: Mapping[str, Mapping[str, int]]
    feeds: list[Served]
    sources: list[Supply]


def survey(store: Store, actor: Actor, config: Config, now: datetime) -> Survey:
    """How it stands. Raises NotAllowed, StoreError."""
    permissions.check(actor, "look")
    with store.read() as tx:
        return Survey(_subscribers(tx, config), _served(tx, config, now), _supplies(tx, config))


def _subscribers(tx: Connection, config: Config) -> Mapping[str, Mapping[str, int]]:
    found: dict[str, dict[str, int]] = {name: {} for name in config.newsletters}
    for (newsletter, _, status), number in tallies.subscriptions(tx).items():
        mine = found.get(newsletter)
        if mine is not None:
            mine[status] = mine.get(status, 0) + number
    return found


def _served(tx: Connection, config: Config, now: datetime) -> list[Served]:
    today = now.astimezone(UTC).date()
    first = today - _LATELY
    followed = {one.feed: one for one in following(feed_polls.since(tx, first.isoformat()), first, today)}
    waiting = {one.feed: one.attempts for one in announcements.due(tx, now + _FAR)}
    return [
        _feed(config, name, feed, followed, waiting.get(name) if config.websub else None)
        for name, feed in config.feeds.items()
    ]


def _feed(
    config: Config, name: str, feed: Feed, followed: Mapping[str, Following], untold: int | None
) -> Served:
    paths = feeds.paths(name, feed)
    mine = [one for path in paths.values() for one in [followed.get(path) or followed.get(f"/{path}")] if one]
    return Served(
        name,
        feed.title or config.publication.title,
        feed,
        tuple((kind, feeds.address(config.publication, name, kind)) for kind in paths),
        round(sum(one.polls_a_day for one in mine), 1),
        sum(one.stated for one in mine),
        sum(one.direct for one in mine),
        untold,
    )


def _supplies(tx: Connection, config: Config) -> list[Supply]:
    a = article_words.c  # an article's own row is long, and takes ten times as long to pass
    counted = select(a.source, func.count()).where(a.status.not_in(("gone", "withdrawn")))
    numbers = {row[0]: int(row[1]) for row in tx.execute(counted.group_by(a.source))}
    found = [Supply(name, numbers.get(name, 0)) for name in config.named_sources]
    rows = remote_feeds.rows(tx) if config.named_feeds else {}
    for name, source in config.named_feeds.items():
        row = rows.get(str(source.feed))
        state = state_of(row.state if row else None)
        since = datetime.fromisoformat(state.since) if state.since else None
        asked, then = (row.fetched_at, row.next_at) if row else (None, None)
        told = (state.error, since, state.moved, state.gone)
        found.append(Supply(name, numbers.get(name, 0), True, asked, None if state.gone else then, *told))
    return found
