"""What a file becomes in the catalogue: its id, slug, address, dates, revision and status."""

from __future__ import annotations

import re
from collections.abc import MutableMapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote

from publisher import articles
from publisher.config.schema import Config
from publisher.gathering.files import Place
from publisher.gathering.recognition import free_slug, mint
from publisher.model.articles import Article, Manuscript
from publisher.store.outlines import Outline

# letters for private use stand for digits while a pattern is made of an address
_YEAR, _MONTH, _DAY = "\ue000", "\ue001", "\ue002"


@dataclass(frozen=True, slots=True)
class File:
    """A file that was read: what it says, where it was found, its stamp, and when it was written."""

    signs: Manuscript
    source: str
    stamp: str
    written: datetime


@dataclass(frozen=True, slots=True)
class Registry:
    """Gives files their places; `ids` and `slugs` (slug to id) are those taken so far, and grow."""

    config: Config
    now: datetime
    ids: set[str]
    slugs: MutableMapping[str, str]

    def enter(self, file: File, before: Outline | None) -> Place:
        """The place of a file that is `before`, or new. Raises ContentError for an id that is taken."""
        # only a new id is made of this, so that a catalogue that was lost comes out the same
        seed = f"{self.config.publication.title}\n{file.source}"
        id_ = before.article.id if before else mint(file.signs, seed, self.ids)
        place = self._place(file, before, id_)
        self.ids.add(id_)
        self.slugs[place.slug] = id_
        return place

    def _place(self, file: File, before: Outline | None, id_: str) -> Place:
        signs, old = file.signs, before.article if before else None
        released = before.article if before and before.release else None
        published_at = self._published_at(file, old)
        # the address that readers may hold changes neither with the file's name nor with its date
        slug = released.slug if released else free_slug(signs.slug, id_, self.slugs)
        url = released.url if released else ""
        correction = signs.correction
        corrected = bool(released and correction and correction != released.correction)
        revision = (old.revision if old else 1) + corrected
        since = None
        if signs.updated_at is None and old and revision > 1:
            since = self.now if corrected else old.updated_at
        return Place(
            id=id_,
            slug=slug,
            url=signs.url or (url if self._fits(url, slug) else self._url(slug, published_at)),
            published_at=published_at.astimezone(UTC),
            updated_at=since,
            topics=articles.topics_of(signs.labels, self.config.topics),
            revision=revision,
            links=old.links if old else (),
        )

    def _published_at(self, file: File, old: Article | None) -> datetime:
        signs = file.signs
        if old and signs.url:
            # there are feeds that date everything anew each time
            return old.published_at
        written = signs.published_at or (old.published_at if old else min(file.written, self.now))
        held = signs.not_before
        # what waited for its hour keeps that; what came later than it has the date that its author gave it
        return held if held and (held > self.now or (old and old.published_at == held)) else written

    def status(self, signs: Manuscript, place: Place) -> str:
        """Whether the article is public, and if not, why."""
        if signs.draft:
            return "draft"
        if place.published_at > self.now:
            return "waiting"
        if signs.expires_at and signs.expires_at <= self.now:
            return "expired"
        return "published"

    def _url(self, slug: str, published_at: datetime) -> str:
        local = published_at.astimezone(self.config.publication.zone)
        return self._address(slug, f"{local:%Y}", f"{local:%m}", f"{local:%d}")

    def _fits(self, url: str, slug: str) -> bool:
        """Whether an address is one that today's configuration could give, on some day."""
        if not url:
            return False
        pattern = re.escape(self._address(slug, _YEAR, _MONTH, _DAY))
        pattern = pattern.replace(_YEAR, r"\d+").replace(_MONTH, r"\d\d").replace(_DAY, r"\d\d")
        return bool(re.fullmatch(pattern, url))

    def _address(self, slug: str, year: str, month: str, day: str) -> str:
        template, site = self.config.output.article_url, self.config.publication.url
        return template.format(url=site, year=year, month=month, day=day, slug=quote(slug))
