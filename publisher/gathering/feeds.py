"""A remote feed at one moment, as a source: what is new in it, and what of it is known already."""

from __future__ import annotations

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
from publisher.store.traces import Key, Stamped

Stored = Callable[[str], Manuscript]


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
    manuscripts: Mapping[str, Manuscript] = field(default_factory=dict)
    stored: Stored | None = None
    files: frozenset[str] = frozenset()
    vanished: frozenset[str] = frozenset()
    kept: tuple[str, ...] = ()

    def read(self, path: str, _zone: tzinfo, _language: str) -> Manuscript:
        """The manuscript of an entry; of one that is no longer in the feed, as it is remembered."""
        if path in self.manuscripts or self.stored is None:
            return self.manuscripts[path]
        return self.stored(path)

    def error(self, path: str, error: ContentError) -> ContentError:
        """The same error, which names the entry as it is seen from outside the feed."""
        return ContentError(f"{self.name}: {path}", error.line, error.field, error.reason)


Looked = Look | FeedLook


def at_rest(name: str, reading: str, known: Mapping[Key, Stamped], now: datetime, stored: Stored) -> FeedLook:
    """A feed without news: only what was read under another configuration is placed anew."""
    stamps = {path: _stamp(reading, at.stamp) for (source, path), at in known.items() if source == name}
    times = dict.fromkeys(stamps, now)
    return FeedLook(name, stamps, times, _changed(name, stamps, known), stored=stored)


def look(
    name: str,
    source: Source,
    document: Document,
    passed: Collection[str],
    reading: str,
    known: Mapping[Key, Stamped],
    articles: Collection[Signed],
    elsewhere: Collection[str],
    publication: Publication,
    now: datetime,
    stored: Stored,
) -> FeedLook:
    """What is new in a feed. `articles` came from it earlier; `elsewhere` are paths that other feeds have."""
    resting = at_rest(name, reading, known, now, stored)
    entries, home = identify(document), document.link or str(source.feed)
    remembered = [Remembered(a.path, a.explicit_id, a.url, a.title, a.body_hash) for a in articles]
    mine = match(entries, remembered)
    here = [e for e in entries if not lies_under(page_of(e.entry, home), publication.url)]
    new = [e for e in here if e.path not in mine and e.path not in elsewhere]
    chosen = choose(new, passed, entries, now, source.max_age, source.max_new)
    taken = {one.path for one in chosen.taken}
    found = _Taking(name, source, publication, home, now, {a.path for a in articles}, known, reading)
    for number, one in enumerate(e for e in here if e.path in mine or e.path in taken):
        found.take(one, mine.get(one.path), number)
    stamps = {**resting.stamps, **found.stamps}
    return replace(
        resting,
        stamps=stamps,
        times={**resting.times, **found.times},
        changed=_changed(name, stamps, known),
        passed=chosen.passed,
        notes=tuple(_notes(chosen, len(entries) - len(here), source)),
        manuscripts=found.manuscripts,
    )


class _Taking:
    """The entries that are taken, as manuscripts, each under a path of its own."""

    def __init__(
        self,
        name: str,
        source: Source,
        publication: Publication,
        home: str,
        now: datetime,
        used: set[str],
        known: Mapping[Key, Stamped],
        reading: str,
    ) -> None:
        self.name, self.source, self.known, self.reading = name, source, known, reading
        self.home, self.now, self.used = home, now, used
        self.language = publication.language
        self.stamps: dict[str, str] = {}
        self.times: dict[str, datetime] = {}
        self.manuscripts: dict[str, Manuscript] = {}

    def take(self, one: Known, known_as: str | None, number: int) -> None:
        """Note an entry, which is cleaned only if it changed. Its place gives undated ones their order."""
        path = known_as or self._free(one)
        stamp = f"{self.reading}:{one.stamp}"
        before = self.known.get((self.name, path))
        self.stamps[path], self.times[path] = stamp, self.now - timedelta(seconds=number)
        if before is None or before.stamp != stamp:
            full, language = self.source.content == "full", self.language
            made = manuscript(one, path, home=self.home, seen=self.now, full=full, language=language)
            if made is None:
                del self.stamps[path], self.times[path]
            else:
                self.manuscripts[path] = made
        self.used.add(path)

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


def _stamp(reading: str, stamp: str) -> str:
    return f"{reading}:{stamp.rpartition(':')[2]}"


def _changed(name: str, stamps: Mapping[str, str], known: Mapping[Key, Stamped]) -> tuple[str, ...]:
    return tuple(path for path, stamp in stamps.items() if known.get((name, path), ("",))[0] != stamp)


def _notes(chosen: Chosen, own: int, source: Source) -> list[str]:
    left = {
        f"older than {source.max_age.days} days (max_age)": chosen.old,
        f"more than {source.max_new} new ones at once (max_new)": chosen.over,
        "on pages of this publication": own,
    }
    return [f"{count} entries were left out: {why}" for why, count in left.items() if count]
