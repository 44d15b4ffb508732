"""What articles are called and which others they link to, for all of them in one walk."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from sqlalchemy import Connection, func, select

from publisher.model.articles import Author, Link
from publisher.store.schema import articles


class Linked(NamedTuple):
    """An article's names and links, without the rest of it."""

    id: str
    source: str
    path: str
    slug: str
    status: str
    url: str
    aliases: tuple[str, ...]
    links: tuple[Link, ...]

    @property
    def gone(self) -> bool:
        """Whether its file is gone, and known to be."""
        return self.status in ("gone", "withdrawn")


def authors(tx: Connection, source: str) -> Iterator[tuple[str, list[Author]]]:
    """Path and authors of the articles of a source that have any."""
    c = articles.c
    query = select(c.path, c.data["authors"]).where(c.source == source)
    for path, found in tx.execute(query, execution_options={"yield_per": 1000}):
        if found:
            yield path, [Author(**author) for author in found]


def every(tx: Connection, *, with_links: bool = False) -> Iterator[Linked]:
    """Every article that ever was, or those `with_links` that may lead to others."""
    c = articles.c
    url, aliases, links = (c.data[name] for name in ("url", "aliases", "links"))
    query = select(c.id, c.source, c.path, c.slug, c.status, url.as_string(), aliases, links)
    if with_links:
        query = query.where(func.json_array_length(links) > 0)
    for row in tx.execute(query, execution_options={"yield_per": 1000}):
        plain, old, named = row[:6], row[6], row[7]
        yield Linked(*plain, aliases=tuple(old or ()), links=tuple(Link(**link) for link in named or ()))
