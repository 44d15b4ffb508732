"""A remote feed at one moment, as a source: what is new in it, and what of it is known already."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, tzinfo

from publisher.config.public import Publication, Source
from publisher.errors import ContentError
from publisher.gathering.source import Look
from publisher.model.articles import Article, Manuscript
from publisher.sources.documents import Document
from publisher.sources.entries import manuscript, page_of
from publisher.sources.identity import Known, identify, lies_under
from publisher.sources.matching import Chosen, Remembered, choose, match
from publisher.store.remote_feeds import Signed
from publisher.store.traces import Stamped

log = logging.getLogger("publisher")


@dataclass(frozen=True, slots=True)
class FeedLook:
    """What a look at a feed found, with the seam of a look at a folder; an entry that left it is not gone.

    `passed` are the signs of what was left out, and `notes` say how much that was, in words.
    """

    name: str
    stamps: Mapping[str, str] = field(default_factory=dict)
    times: Mapping[str, datetime] = field(default_factory=dict)
    changed: tuple[str, ...] = ()
    passed: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()
    made: Mapping[str, Manuscript | ContentError] = field(default_factory=dict)
    stored: Callable[[str], Manuscript] | None = None
    files: frozenset[str] = frozenset()
    vanished: frozenset[str] = frozenset()
    kept: tuple[str, ...] = ()

    def read(self, path: str, _zone: tzinfo, _language: str) -> Manuscript:
        """The manuscript of an entry; of one that is no longer in the feed, as it is remembered.

        Raises ContentError.
        """
        if path not in self.made and self.stored:
            return self.stored(path)
        made = self.made[path]
        if isinstance(made, ContentError):
            raise made
        return made

    def written(self, path: str) -> datetime:
        """When an entry without a date counts as written."""
        return self.times[path]

    def error(self, path: str, error: ContentError) -> ContentError:
        """The same error, which names the entry as it is seen from outside the feed."""
        return ContentError(f"{self.name}: {path}", error.line, error.field, error.reason)


Looked = Look | FeedLook


@dataclass(frozen=True, slots=True)
class RemoteFeed:
    """A feed of the configuration: `reading` is what its articles depend on besides their entries.

    `known` are its articles that are not gone, by path, and `stored` gives the manuscript that one was.
    """

    name: str
    source: Source
    publication: Publication
    reading: str
    known: Mapping[str, Stamped]
    now: datetime
    stored: Callable[[str], Manuscript]

    def at_rest(self) -> FeedLook:
        """The feed without news: only what was read under another configuration is placed anew."""
        stamps = {path: f"{self.reading}:{at.stamp.rpartition(':')[2]}" for path, at in self.known.items()}
        times = dict.fromkeys(stamps, self.now)
        return FeedLook(self.name, stamps, times, self._changed(stamps), stored=self.stored)

    def look(
        self,
        document: Document,
        passed: Collection[str],
        articles: Collection[Signed],
        elsewhere: Collection[str],
    ) -> FeedLook:
        """What is new in a feed.

        `articles` ever came from it, `elsewhere` are paths and guids that other feeds have, and `passed` the
        signs of what was left out earlier.
        """
        entries, home = identify(document), document.link or str(self.source.feed)
        remembered = [Remembered(a.path, a.explicit_id, a.url, a.title, a.body_hash) for a in articles]
        mine = match(entries, remembered)
        here = [e for e in entries if not lies_under(page_of(e.entry, home), self.publication.url)]
        new = [e for e in here if e.path not in mine and not _taken(e, elsewhere)]
        chosen = choose(new, passed, entries, self.now, self.source.max_age, self.source.max_new)
        taken = {one.path for one in chosen.taken}
        found = _Taking(self, home, {a.path for a in articles})
        for number, one in enumerate(e for e in here if e.path in mine or e.path in taken):
            found.take(one, mine.get(one.path), number)
        resting = self.at_rest()
        stamps = {**resting.stamps, **found.stamps}
        return replace(
            resting,
            stamps=stamps,
            times={**resting.times, **found.times},
            changed=self._changed(stamps),
            passed=chosen.passed,
            notes=tuple(_notes(chosen, len(entries) - len(here), self.source)),
            made=found.made,
        )

    def _changed(self, stamps: Mapping[str, str]) -> tuple[str, ...]:
        known = self.known
        return tuple(
            path for path, stamp in stamps.items() if path not in known or known[path].stamp != stamp
        )


def _taken(one: Known, elsewhere: Collection[str]) -> bool:
    """Whether another feed brought it: its page, or its guid if that is one for all the world (an IRI)."""
    return one.path in elsewhere or (":" in one.guid and one.guid in elsewhere)


class _Taking:
    """The entries that are taken, as manuscripts, each under a path of its own."""

    def __init__(self, feed: RemoteFeed, home: str, used: set[str]) -> None:
        self.feed, self.home, self.used = feed, home, used
        self.stamps: dict[str, str] = {}
        self.times: dict[str, datetime] = {}
        self.made: dict[str, Manuscript | ContentError] = {}

    def take(self, one: Known, known_as: str | None, number: int) -> None:
        """Note an entry, which is cleaned only if it changed. Its place gives undated ones their order."""
        path = known_as or self._free(one)
        stamp = f"{self.feed.reading}:{one.stamp}"
        before = self.feed.known.get(path)
        if before is None or before.stamp != stamp:
            made = self._make(one, path)
            if made is None:
                return
            self.made[path] = made
        self.stamps[path], self.times[path] = stamp, self.feed.now - timedelta(seconds=number)
        self.used.add(path)

    def _make(self, one: Known, path: str) -> Manuscript | ContentError | None:
        feed = self.feed
        full, language = feed.source.content == "full", feed.publication.language
        try:
            return manuscript(one, path, home=self.home, seen=feed.now, full=full, language=language)
        except Exception as error:  # whatever one entry does to a parser, the others go on
            log.exception("%s: %s", feed.name, path)
            reason = f"it cannot be read, by a fault of this program: {error!r}"
            return ContentError(path, 0, "", reason)

    def _free(self, one: Known) -> str:
        """A path that no other article of this feed has, or ever had."""
        path, number = one.path, 2
        while path in self.used:
            path, number = f"{one.path}#{number}", number + 1
        return path


def remembered(article: Article, explicit_id: str, body_hash: str) -> Manuscript:
    """The manuscript that an article of a feed was, to be placed anew when it is no longer in the feed."""
    return Manuscript(
        path=article.path,
        title=article.title,
        summary=article.summary,
        html=article.html,
        slug=article.slug,
        authors=article.authors,
        labels=article.labels,
        picture=article.picture,
        published_at=article.published_at,
        updated_at=article.updated_at,
        language=article.language,
        explicit_id=explicit_id,
        body_hash=body_hash,
        url=article.url,
    )


def _notes(chosen: Chosen, own: int, source: Source) -> list[str]:
    left = {
        f"older than {source.max_age.days} days (max_age)": chosen.old,
        f"more than {source.max_new} new ones at once (max_new)": chosen.over,
        "on pages of this publication": own,
    }
    return [f"{count} entries were left out: {why}" for why, count in left.items() if count]
