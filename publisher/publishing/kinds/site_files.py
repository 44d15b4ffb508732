"""The front page, and the files that belong to the whole site."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from publisher.errors import ContentError
from publisher.model.articles import Article
from publisher.output.content import stamp
from publisher.output.session import Session
from publisher.publishing.kit import Kit
from publisher.publishing.planned import Planned
from publisher.publishing.site import STYLESHEET, logo_path
from publisher.publishing.standing import EVERY, Standing
from publisher.rendering import pages
from publisher.rendering.pages import search_page, sitemaps
from publisher.rendering.pages.front_page import LOOKED_AT
from publisher.store.outlines import Outline

_FRONT = "index.html"


@dataclass(frozen=True, slots=True)
class _Index:
    articles: Sequence[Article]
    needs: Sequence[str] = ()

    def make(self, kit: Kit) -> Mapping[str, bytes]:
        return {_FRONT: pages.index(kit.frame, self.articles).encode()}


class FrontPage:
    """One unit: the newest articles."""

    name = "front page"
    many = False

    def units(self, _standing: Standing) -> Iterable[str]:
        """One."""
        return [_FRONT]

    def around(self, _standing: Standing, _outline: Outline) -> Iterable[str]:
        """It is looked at whenever any article changes."""
        return [_FRONT]

    def plan(self, standing: Standing, _unit: str, _session: Session) -> Iterator[Planned]:
        """The front page."""
        newest = standing.members(EVERY, 0, LOOKED_AT)
        key = standing.key([one.key for one in newest])
        yield Planned(key, (_FRONT,), _Index([one.article for one in newest]))


@dataclass(frozen=True, slots=True)
class _Plain:
    needs: Sequence[str] = ()

    def make(self, kit: Kit) -> Mapping[str, bytes]:
        texts = {
            STYLESHEET: pages.stylesheet(kit.templates, kit.config.look),
            search_page.SCRIPT: pages.script(kit.templates, kit.frame.language),
            sitemaps.ROBOTS: pages.robots(kit.frame),
        }
        return {path: text.encode() for path, text in texts.items()}


class SiteFiles:
    """One unit: the files that no article changes."""

    name = "site"
    many = False

    def units(self, _standing: Standing) -> Iterable[str]:
        """One."""
        return [""]

    def around(self, _standing: Standing, _outline: Outline) -> Iterable[str]:
        """None."""
        return []

    def plan(self, standing: Standing, _unit: str, _session: Session) -> Iterator[Planned]:
        """Stylesheet, script, robots.txt and logo. Raises ContentError without the logo's file."""
        yield Planned(standing.key("plain"), (STYLESHEET, search_page.SCRIPT, sitemaps.ROBOTS), _Plain())
        if logo := standing.config.look.logo:
            if not logo.is_file():
                raise ContentError(str(logo), 0, "look.logo", "no such file")
            yield Planned(stamp(logo), (logo_path(standing.config),), logo)
