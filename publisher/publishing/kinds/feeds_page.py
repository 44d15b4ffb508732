"""The page of all feeds, and the style of a feed in a browser."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from publisher import feeds
from publisher.model import addresses
from publisher.output.session import Session
from publisher.publishing import following
from publisher.publishing.kit import Kit
from publisher.publishing.planned import Planned
from publisher.publishing.standing import Standing
from publisher.store.outlines import Outline

_FOLDERS = {"topic": addresses.TOPICS, "author": addresses.AUTHORS}


@dataclass(frozen=True, slots=True)
class _Page:
    titles: Mapping[str, str]
    needs: Sequence[str] = ()

    def make(self, kit: Kit) -> Mapping[str, bytes]:
        return dict(following.files(kit.frame, kit.config, self.titles))


class FeedsPage:
    """One unit."""

    name = "feeds page"
    many = False

    def units(self, _standing: Standing) -> Iterable[str]:
        """One."""
        return [""]

    def around(self, _standing: Standing, _outline: Outline) -> Iterable[str]:
        """It is looked at whenever any article changes."""
        return [""]

    def plan(self, standing: Standing, _unit: str, _session: Session) -> Iterator[Planned]:
        """The page and the style."""
        folders = [_FOLDERS[kind] for kind in standing.config.derived_feeds]
        names = sorted(name for folder in folders for name in standing.named(folder))
        titles = {name.rstrip("/"): standing.spelling(name) for name in names}
        paths = (f"{addresses.FEEDS}index.html", feeds.STYLESHEET)
        yield Planned(standing.key("feeds", titles), paths, _Page(titles))
