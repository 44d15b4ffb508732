"""Links between articles, looked at again whenever an address came, went or changed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from publisher.articles import linking
from publisher.articles.linking import Addresses, Known, Sought
from publisher.gathering.ongoing import Ongoing
from publisher.model.articles import Link
from publisher.store import article_texts, catalogue, clock, linked, outlines
from publisher.store.linked import Linked

# The note that some article may have to link elsewhere.
_LINKS = "links"
_AT_ONCE = 50


def set_loose(tx: Connection, now: datetime) -> None:
    """Note that links must be looked at, in the transaction that moved an address: no kill loses it."""
    clock.set_stale(tx, _LINKS, now)


def settle(tx: Connection, since: datetime | None) -> None:
    """The links are what they should be, as `resolve` found at `since`."""
    if since:
        clock.set_fresh(tx, _LINKS, since)


def resolve(ongoing: Ongoing) -> datetime | None:
    """Let every link lead to the article that it names, where an address moved since the last look.

    Gives back when that was noted, for `settle`; None when there was nothing to do.
    """
    with ongoing.store.read() as tx:
        since = clock.stale_since(tx, _LINKS)
        if since is None:
            return None
        found = list(linked.every(tx, with_links=True))
        addresses = _addresses(ongoing, tx, found)
    moved: dict[str, tuple[Linked, Sequence[Link]]] = {}
    for one in found:
        if not one.gone:
            at = one.source, one.path, one.aliases
            links = tuple(addresses.resolved(link, *at) for link in one.links)
            if links != one.links:
                moved[one.id] = one, links
            _name_unfound(ongoing, one, links)
    ids = list(moved)
    for start in range(0, len(ids), _AT_ONCE):
        _save(ongoing, {id_: moved[id_] for id_ in ids[start : start + _AT_ONCE]})
    return since


def _addresses(ongoing: Ongoing, tx: Connection, some: Sequence[Linked]) -> Addresses:
    """Where the articles are that some link may name: of all others nothing is held."""
    site = ongoing.config.publication.url
    sought = Sought(site)
    for one in some:
        for link in one.links:
            sought.add(link, one.path, one.aliases)
    every = linked.every(tx) if some else ()
    known = (Known(x.id, x.source, x.path, x.slug, x.url, x.aliases, x.gone) for x in every)
    return Addresses(site, filter(sought.names, known))


def _save(ongoing: Ongoing, moved: dict[str, tuple[Linked, Sequence[Link]]]) -> None:
    with ongoing.store.read() as tx:
        found = outlines.texts(tx, moved)
    texts = {}
    for id_, text in found.items():
        article = linking.relinked(article_texts.from_text(text), moved[id_][1])
        texts[id_] = article_texts.to_text(article)[1]
    with ongoing.store.write() as tx:
        catalogue.set_texts(tx, texts)
        ongoing.changed(tx, texts)
    for id_ in texts:
        one = moved[id_][0]
        if ongoing.outcome_of((one.source, one.path)) == "unchanged":
            ongoing.outcomes[one.source, one.path] = "updated"
    ongoing.report.changed = True


def _name_unfound(ongoing: Ongoing, one: Linked, links: Sequence[Link]) -> None:
    if one.id not in ongoing.report.touched:
        return
    ongoing.report.notes += [
        f"{one.source}/{one.path}: there is no article {link.written.removeprefix('@post/')} to link to"
        for link in links
        if not link.article and linking.names_a_file(link.written)
    ]
