"""Links of an edition's articles that lead to no article any more, by what the store knows of them."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection

from publisher.articles.linking import names_a_file
from publisher.store import catalogue


class Astray(NamedTuple):
    """A link that leads nowhere: in which article, as its author wrote it, and the status of where it led."""

    title: str
    written: str
    status: str


def astray(tx: Connection, ids: list[str]) -> list[Astray]:
    """The links of these articles that lead to none that is public; links elsewhere are not looked at."""
    mine = catalogue.listings(tx, ids=ids)
    led = {link.article for one in mine for link in one.article.links if link.article}
    status = {one.article.id: one.status for one in catalogue.listings(tx, ids=led)} if led else {}
    return [
        Astray(one.article.title, link.written, status.get(link.article, ""))
        for one in mine
        for link in one.article.links
        if (link.article and status.get(link.article) != "published")
        or (not link.article and names_a_file(link.written))
    ]
