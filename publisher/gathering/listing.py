"""What a file becomes in the catalogue: its id, slug, address, dates, revision and status."""

from __future__ import annotations

import re
from collections.abc import Set
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import quote

from publisher import articles
from publisher.config.schema import Config
from publisher.gathering.recognition import free_slug, mint
from publisher.model.articles import Article, Manuscript
from publisher.store.catalogue import Listing

# letters for private use stand for digits while a pattern is made of an address
_YEAR, _MONTH, _DAY = "\ue000", "\ue001", "\ue002"


@dataclass(frozen=True, slots=True)
class File:
    """A file that was read: where it was found, its stamp, when it was written, and the files around it."""

    manuscript: Manuscript
    source: str
    stamp: str
    written: datetime
    files: Set[str]


@dataclass(frozen=True, slots=True)
class Registry:
    """Gives files their places; `ids` and `slugs` (slug to id) are those taken so far, and grow."""

    config: Config
    now: datetime
    ids: set[str]
    slugs: dict[str, str]

    def enter(self, file: File, before: Listing | None) -> Listing:
        """The listing of a file that is `before`, or new. Raises ContentError for an id that is taken."""
        manuscript = file.manuscript
        # only a new id is made of this, so that a catalogue that was lost comes out the same
        seed = f"{self.config.publication.title}\n{file.source}"
        id_ = before.article.id if before else mint(manuscript, seed, self.ids)
        article = self._place(file, before, id_)
        self.ids.add(id_)
        self.slugs[article.slug] = id_
        return Listing(
            article,
            file.source,
            file.stamp,
            manuscript.explicit_id,
            manuscript.body_hash,
            self._status(article, manuscript.draft),
            before.release if before else None,
            before.released_at if before else None,
        )

    def _place(self, file: File, before: Listing | None, id_: str) -> Article:
        manuscript, old = file.manuscript, before.article if before else None
        released = before if before and before.release else None
        published_at = manuscript.published_at or (old.published_at if old else min(file.written, self.now))
        # the address that readers may hold changes neither with the file's name nor with its date
        slug = released.article.slug if released else free_slug(manuscript.slug, id_, self.slugs)
        url = released.article.url if released else ""
        correction = manuscript.correction
        corrected = bool(released and correction and correction != released.article.correction)
        article = articles.place(
            manuscript,
            id=id_,
            slug=slug,
            url=url if self._fits(url, slug) else self._url(slug, published_at),
            published_at=published_at,
            topics=articles.topics_of(manuscript.labels, self.config.topics),
            revision=(old.revision if old else 1) + corrected,
            site=self.config.publication.url,
            default_language=self.config.publication.language,
            files=file.files,
        )
        if manuscript.updated_at is None and old and article.revision > 1:
            since = self.now if corrected else old.updated_at
            article = replace(article, updated_at=max(since, article.published_at))
        return article

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

    def _status(self, article: Article, draft: bool) -> str:
        if draft:
            return "draft"
        if article.published_at > self.now:
            return "waiting"
        if article.expires_at and article.expires_at <= self.now:
            return "expired"
        return "published"
