"""Feeds that nobody configures one by one: of every topic and of every author."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

from publisher.config.public import Feed, Publication
from publisher.model.articles import Article
from publisher.model.naming import name_of, slug_of

Kind = Literal["topic", "author"]


def names(article: Article, kinds: Iterable[Kind]) -> Iterator[str]:
    """The derived feeds that carry an article: `topics/SLUG`, `authors/SLUG`."""
    yield from dict.fromkeys(name for kind in kinds for name in _NAMES[kind](article))


def _topics(article: Article) -> Iterator[str]:
    # topics are slugs already, keys of the configuration or made from labels
    return (f"topics/{topic}" for topic in article.topics)


def _authors(article: Article) -> Iterator[str]:
    return (f"authors/{slug_of(author.name)}" for author in article.authors if author.name.strip())


_NAMES = {"topic": _topics, "author": _authors}


def title(name: str, articles: Iterable[Article], grouped: bool) -> str:
    """What a topic or an author is called, as most of the articles write it.

    `grouped`: the topics come from the configuration, and are called by their keys.
    """
    folder, _, slug = name.partition("/")
    if folder == "topics":
        labels = (label for article in articles for label in article.labels if slug_of(label) == slug)
        return name_of(slug, () if grouped else labels)
    authors = (author.name for article in articles for author in article.authors)
    return name_of(slug, (spelled for spelled in authors if slug_of(spelled) == slug))


def feed(main: Feed, publication: Publication, title: str) -> Feed:
    """The settings of a derived feed: those of the main one, with a title and without a history."""
    whole = f"{title} – {main.title or publication.title}"
    return main.model_copy(update={"title": whole, "description": "", "topics": "all", "history": False})
