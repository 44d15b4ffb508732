"""The page of each article, and what stands where one was."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from publisher.model.articles import Article
from publisher.output.session import Session
from publisher.publishing.addresses import path_of
from publisher.publishing.kit import Kit
from publisher.publishing.planned import Planned
from publisher.publishing.standing import Standing
from publisher.rendering import pages
from publisher.rendering.pages import Neighbour
from publisher.store.outlines import Outline


@dataclass(frozen=True, slots=True)
class _Page:
    id: str
    key: str
    path: str
    older: Neighbour | None
    newer: Neighbour | None

    @property
    def needs(self) -> Sequence[str]:
        return (self.id,)

    def make(self, kit: Kit) -> Mapping[str, bytes]:
        article = kit.article(self.id)
        # wherever its page is new, lists will want it too
        kit.line(self.key, article)
        return {self.path: pages.article(kit.frame, article, self.older, self.newer).encode()}


class ArticlePages:
    """A unit for each article: the page names its neighbours."""

    name = "article"
    many = True

    def units(self, standing: Standing) -> Iterable[str]:
        """Every public article, the newest first."""
        return [id_ for _, id_ in standing.lists[""]]

    def around(self, standing: Standing, outline: Outline) -> Iterable[str]:
        """The article and its neighbours."""
        beside = standing.neighbours(outline.article)
        return [outline.article.id, *(one.article.id for one in beside if one)]

    def plan(self, standing: Standing, unit: str, _session: Session) -> Iterator[Planned]:
        """Its page, unless it is at an address where no file can be."""
        outline = standing.held.get(unit)
        if outline and (path := path_of(outline.article.url, standing.config)):
            older, newer = map(_neighbour, standing.neighbours(outline.article))
            key = standing.key(outline.key, _said(older), _said(newer))
            yield Planned(key, (path,), _Page(unit, outline.key, path, older, newer))


def _neighbour(outline: Outline | None) -> Neighbour | None:
    """A whole article would pass to another process twice for each page."""
    article = outline.article if outline else None
    return Neighbour(article.url, article.title, article.language) if article else None


def _said(neighbour: Neighbour | None) -> tuple[str, ...]:
    return (neighbour.url, neighbour.title, neighbour.language) if neighbour else ()


@dataclass(frozen=True, slots=True)
class _Withdrawn:
    path: str
    article: Article
    needs: Sequence[str] = ()

    def make(self, kit: Kit) -> Mapping[str, bytes]:
        return {self.path: pages.withdrawn(kit.frame, self.article).encode()}


class WithdrawnPages:
    """A unit for each article that was mailed and is no longer there (rule 24)."""

    name = "withdrawn"
    many = False

    def units(self, standing: Standing) -> Iterable[str]:
        """All of them: they are few."""
        return list(standing.withdrawn)

    def around(self, _standing: Standing, outline: Outline) -> Iterable[str]:
        """The article itself: it may come back."""
        return [outline.article.id]

    def plan(self, standing: Standing, unit: str, _session: Session) -> Iterator[Planned]:
        """The page that stands at its address."""
        outline = standing.withdrawn.get(unit)
        if outline and (path := path_of(outline.article.url, standing.config)):
            key = standing.key("withdrawn", outline.key)
            yield Planned(key, (path,), _Withdrawn(path, outline.article))
