"""What it takes to make public files, in whichever process that is done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

from publisher import feeds
from publisher.config.schema import Config
from publisher.feeds import Piece
from publisher.languages import long_date, month, short_date
from publisher.model.articles import Article
from publisher.publishing.site import site_of
from publisher.rendering import pages
from publisher.rendering.environment import Templates
from publisher.rendering.pages import Frame
from publisher.store import Store, article_texts
from publisher.store.article_texts import Text

_PIECES = 500


class Kit:
    """Configuration and templates of one build, and what it has made that several files share.

    `lines` is how lists show articles, by their keys. `store` is None in the processes of a crew.
    """

    def __init__(self, config: Config, templates: Templates, store: Store | None = None) -> None:
        self.config, self.templates, self.store = config, templates, store
        self.frame = Frame(templates, site_of(config))
        self._texts: Mapping[str, Text] = {}
        self._articles: dict[str, Article] = {}
        self.lines: dict[str, str] = {}
        self._pieces: dict[tuple[object, ...], Piece] = {}

    def lay_out(self, texts: Mapping[str, Text]) -> None:
        """Have these articles at hand, and no others: as the catalogue holds them, by id."""
        self._texts = texts
        self._articles.clear()

    def article(self, id_: str) -> Article:
        """The whole article, one of those at hand."""
        found = self._articles.get(id_)
        if found is None:
            found = self._articles[id_] = article_texts.from_text(self._texts[id_])
        return found

    def line(self, key: str, article: Article) -> str:
        """How lists show the article with this key."""
        found = self.lines.get(key)
        if found is None:
            found = self.lines[key] = pages.line(self.frame, article)
        return found

    def piece(
        self, key: str, id_: str, content: str, formats: Sequence[str], sizes: Mapping[str, int]
    ) -> Piece:
        """How feeds carry the article with this key."""
        about = (key, content, *formats, *sizes.items())
        found = self._pieces.get(about)
        if found is None:
            while len(self._pieces) >= _PIECES:
                del self._pieces[next(iter(self._pieces))]
            found = self._pieces[about] = feeds.piece(
                self.article(id_),
                self.config.publication,
                content=content,
                sizes=sizes,
                phrasebooks=self.templates.phrasebooks,
                formats=formats,
            )
        return found


def templates_of(folders: tuple[Path, ...]) -> Templates:
    """Templates for one publish in a process of its own."""
    templates = Templates(folders)
    # not with each order: by then some files would be looked at as often as they are used
    templates.settle()
    return templates


def prepare(language: str) -> None:
    """Load what pages take before processes begin that are copies of this one, and that have it then."""
    for said in (long_date, short_date, month):
        said(date(2000, 1, 1), language)
