"""The catalogue as editors look through it, and one article: its revisions, and where it appeared."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from publisher import articles as naming
from publisher import feeds, permissions
from publisher.config.public import Feed
from publisher.config.schema import Config
from publisher.errors import NotFound
from publisher.feeds import derived
from publisher.model.articles import Article
from publisher.model.editors import Actor
from publisher.permissions import N_
from publisher.store import Store, appearances, catalogue, refusals, searching
from publisher.store.appearances import Appearance, Reached
from publisher.store.catalogue import Listing, Release
from publisher.store.refusals import Refusal
from publisher.store.searching import FoundArticle

# what the catalogue says, and files that never became articles
STATUSES = ("published", "waiting", "draft", "expired", "withdrawn", "gone", "refused")
REFUSED = "refused"
A_PAGE, _SHOWN, _EDITIONS, _TOPICS_OF = 50, 10, 10, 500
NONE = N_("there is no article with this id")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody looks for; empty: everything. `before` is the key of the last article seen."""

    text: str = ""
    status: str = ""
    source: str = ""
    topic: str = ""
    before: str = ""

    @property
    def narrows(self) -> bool:
        """Whether it leaves anything out."""
        return bool(self.text or self.status or self.source or self.topic)


@dataclass(frozen=True, slots=True)
class Shelf:
    """A page of the catalogue, newest first; `older` is the key of the next one, or empty.

    `refused` are files that the last gather could not use, of `refused_count`.
    """

    found: list[FoundArticle]
    older: str
    refused: list[Refusal]
    refused_count: int


def shelf(store: Store, actor: Actor, wanted: Wanted) -> Shelf:
    """What is there. Raises NotAllowed, StoreError."""
    permissions.check(actor, "look")
    with store.read() as tx:
        found = [] if wanted.status == REFUSED else _found(tx, wanted)
        refused = _refused(tx, wanted)
        count = refusals.count(tx)
    older = _key(found[A_PAGE - 1]) if len(found) > A_PAGE else ""
    return Shelf(found[:A_PAGE], older, refused, count)


def _found(tx: Connection, wanted: Wanted) -> list[FoundArticle]:
    chosen = (wanted.text, wanted.status, wanted.source, wanted.topic)
    return searching.articles(tx, *chosen, _before(wanted.before), A_PAGE + 1)


def _refused(tx: Connection, wanted: Wanted) -> list[Refusal]:
    """Those that are looked for; the first few where nothing is."""
    if wanted.status == REFUSED:
        said = [word.casefold() for word in wanted.text.split()]
        every = refusals.listed(tx, 1000)
        every = [r for r in every if all(w in f"{r.path} {r.field} {r.reason}".casefold() for w in said)]
        return [r for r in every if r.path.startswith(f"{wanted.source}/" if wanted.source else "")]
    return [] if wanted.narrows or wanted.before else refusals.listed(tx, _SHOWN)


def _key(one: FoundArticle) -> str:
    return f"{one.published_at.isoformat()} {one.id}"


def _before(key: str) -> tuple[datetime, str] | None:
    at, _, id_ = key.partition(" ")
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        return None
    return (moment, id_) if moment.tzinfo and id_ else None


def topics(store: Store, actor: Actor, config: Config) -> list[str]:
    """Topics to choose from: those of the configuration, or of the newest articles."""
    permissions.check(actor, "look")
    if config.topics:
        return list(config.topics)
    with store.read() as tx:
        return catalogue.topics_of_newest(tx, _TOPICS_OF)


@dataclass(frozen=True, slots=True)
class Carried:
    """A feed of an article's topics: which place it has of `entries`, or 0 where it is not in it now.

    `archived`: archive documents carry it, however old it is (RFC 5005).
    """

    name: str
    title: str
    place: int
    entries: int
    archived: bool


@dataclass(frozen=True, slots=True)
class Story:
    """All that is known of one article. `refused` is why its file, as it is now, cannot be used."""

    listing: Listing
    releases: list[Release]
    refused: list[Refusal]
    feeds: list[Carried]
    editions: list[tuple[Appearance, Reached]]
    more: bool

    @property
    def article(self) -> Article:
        """As the catalogue holds it."""
        return self.listing.article

    @property
    def reached(self) -> Reached:
        """In how many messages it left, as far as its editions are listed."""
        found = [reached for _, reached in self.editions]
        return Reached(sum(r.messages for r in found), all(r.exact for r in found) and not self.more)


def story(store: Store, actor: Actor, config: Config, id_: str) -> Story:
    """One article. Raises NotAllowed, NotFound, StoreError."""
    permissions.check(actor, "look")
    with store.read() as tx:
        listing = _one(tx, id_)
        named = appearances.editions_naming(tx, id_, _EDITIONS + 1)
        at = f"{listing.source}/{listing.article.path}"
        return Story(
            listing,
            appearances.releases_of(tx, id_),
            [r for r in refusals.listed(tx, 1000) if r.path == at],
            list(_carried(tx, config, listing)),
            [(each, appearances.reached(tx, each, id_)) for each in named[:_EDITIONS]],
            len(named) > _EDITIONS,
        )


def look_at(store: Store, actor: Actor, id_: str) -> Listing:
    """An article of the catalogue, whatever its status. Raises NotAllowed, NotFound, StoreError."""
    permissions.check(actor, "look")
    with store.read() as tx:
        return _one(tx, id_)


def _one(tx: Connection, id_: str) -> Listing:
    found = catalogue.listings(tx, ids=[id_])
    if not found:
        raise NotFound(NONE)
    return found[0]


def _carried(tx: Connection, config: Config, listing: Listing) -> Iterator[Carried]:
    article = listing.article
    if listing.status != "published" or listing.release is None:
        return
    for name, feed in config.feeds.items():
        if any(feeds.carries(feed, [article])):
            wanted = naming.carried(feed.topics, config.topics)
            title = feed.title or config.publication.title
            yield _place(tx, name, title, feed, wanted, article)
    for name in derived.names(article, config.derived_feeds):
        if name.startswith("topics/"):
            title = derived.title(name, [article], bool(config.topics))
            yield _place(tx, name, title, _derived(config), frozenset({name.partition("/")[2]}), article)


def _derived(config: Config) -> Feed:
    return config.feeds["main"].model_copy(update={"history": False})


def _place(
    tx: Connection, name: str, title: str, feed: Feed, topics: frozenset[str] | None, article: Article
) -> Carried:
    place = appearances.newer(tx, article.id, article.published_at, topics, feed.entries) + 1
    return Carried(name, title, place if place <= feed.entries else 0, feed.entries, feed.history)
