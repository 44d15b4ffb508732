"""Signs at the addresses where articles were found before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from publisher.output.session import Session
from publisher.publishing.addresses import path_of
from publisher.publishing.kit import Kit
from publisher.publishing.planned import Planned
from publisher.publishing.standing import Standing
from publisher.store.outlines import Outline


@dataclass(frozen=True, slots=True)
class _Sign:
    paths: Sequence[str]
    url: str
    title: str
    needs: Sequence[str] = ()

    def make(self, kit: Kit) -> Mapping[str, bytes]:
        page = kit.frame.render("redirect", target_url=self.url, target_title=self.title).encode()
        return dict.fromkeys(self.paths, page)


class Redirects:
    """A unit for each article that has other addresses. Whatever else has a place keeps it."""

    name = "redirect"
    many = False

    def units(self, standing: Standing) -> Iterable[str]:
        """Every article with aliases; where two claim an address the newest has it."""
        held = (standing.held[id_] for _, id_ in reversed(standing.lists[""]))
        return [one.article.id for one in held if one.article.aliases]

    def around(self, _standing: Standing, outline: Outline) -> Iterable[str]:
        """Its own."""
        return [outline.article.id] if outline.article.aliases else []

    def plan(self, standing: Standing, unit: str, _session: Session) -> Iterator[Planned]:
        """A page at each of its aliases."""
        if (outline := standing.held.get(unit)) and outline.article.aliases:
            article, site = outline.article, standing.config.publication.url
            found = (path_of(f"{site}{alias}", standing.config) for alias in article.aliases)
            paths = tuple(dict.fromkeys(path for path in found if path and _plain(path)))
            yield Planned(
                standing.key(article.url, article.title), paths, _Sign(paths, article.url, article.title)
            )


def _plain(path: str) -> bool:
    """Whether a file may have this path: an author's own words must not stop a whole build."""
    parts = path.split("/")
    return not any(part in ("", ".", "..") or part.startswith(".publisher") or "\0" in part for part in parts)
