"""Making what is frozen of an edition anew, as an editor changed it.

Every variant is frozen anew, and the deliveries are pointed at what took its place, a chunk at a time. The
edition is `cutting` meanwhile, so nothing of it leaves; killed on its way, this goes on where it stood.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection

from publisher.config.schema import Config
from publisher.cutting import closing
from publisher.freezing.fingerprints import fingerprint
from publisher.freezing.freezer import Freezer
from publisher.model.articles import Article
from publisher.rendering.environment import Templates
from publisher.store import Store, catalogue, editing, editions, frozen, ledger
from publisher.store.chunking import Chunks
from publisher.store.editing import Old
from publisher.store.editions import Edition

_CHUNK, _ROWS = 100, 5000
Progress = Callable[[int, int], None]


def _silent(_done: int, _total: int) -> None: ...


def finish(
    store: Store,
    config: Config,
    templates: Templates,
    edition_id: int,
    now: datetime,
    progress: Progress = _silent,
) -> Edition:
    """Make a change that was begun, from wherever it stands. After a ContentError it can be changed again."""
    with store.read() as tx:
        edition = editions.get(tx, edition_id)
        total = sum(ledger.counts(tx, edition_id).values())
    _freeze(store, config, templates, edition)
    if _point(store, edition, now, lambda done: progress(done, max(done, total))):
        closing.weigh(store, edition)
    closing.describe(store, config, edition)
    with store.read() as tx:
        union = frozen.union(tx, edition_id)
        lines = frozen.variants_of(tx, edition_id, 1)
        made = freezer(tx, config, templates, edition, ids=[a for a, _ in union])
    archive = made.archive(union, config.publication.language) if union else {}
    with store.write() as tx:
        frozen.save_pieces(tx, edition_id, made.fresh)
        editions.change(tx, edition_id, archive={**archive, "subject": next((s for _, s in lines), "")})
    # the last read: whatever it sees is bound
    bound = fingerprint(store, edition) if edition.needs_approval else ""
    with store.write() as tx:
        editions.set_state(tx, edition_id, ["cutting"], edition.changing, changing="", fingerprint=bound)
        return editions.get(tx, edition_id)


def _freeze(store: Store, config: Config, templates: Templates, edition: Edition) -> None:
    """Every variant anew, a chunk at a time; each is noted with what it takes the place of."""
    made, chunks = None, Chunks(store, _CHUNK)
    while True:
        with store.read() as tx:
            if not (some := editing.old(tx, edition, chunks.size)):
                return
            made = made or freezer(tx, config, templates, edition, some)
            _load(tx, made, some)
        rows = {one.id: made.variant(shown(one), one.language) for one in some}
        alike = {row.key: row for row in rows.values()}
        with chunks.write(len(some)) as tx:
            frozen.save_pieces(tx, edition.id, made.fresh)
            ids = frozen.save_variants(tx, edition.id, list(alike.values()))
            replaced = {id_: ids[row.key] for id_, row in rows.items()}
            editing.replace(tx, replaced, {one.id: one.recipients for one in some})
        made.fresh.clear()


def _point(store: Store, edition: Edition, now: datetime, progress: Callable[[int], None]) -> bool:
    """Every delivery at what took its variant's place, a chunk at a time; whether any may hold nothing."""
    chunks, after, done = Chunks(store, _ROWS), 0, 0
    with store.read() as tx:
        empty = editing.empties(tx, edition.id)
    while True:
        with store.read() as tx:
            last, count = editing.reach(tx, edition.id, after, chunks.size)
        if not count:
            return empty
        with chunks.write(count) as tx:
            editing.point(tx, edition.id, after, last)
            if empty:
                editing.settle(tx, edition.id, after, last, now)
        after, done = last, done + count
        progress(done)


def shown(one: Old) -> tuple[tuple[str, int], ...]:
    """(article, revision) of everything that a variant names."""
    return tuple((held.article_id, held.revision) for held in one.held)


def freezer(
    tx: Connection,
    config: Config,
    templates: Templates,
    edition: Edition,
    some: Sequence[Old] = (),
    ids: Iterable[str] = (),
) -> Freezer:
    """What freezes variants of an edition as it is to be; it knows the articles of these, and those named."""
    articles = dict[str, Article]()
    made = Freezer(config, templates, edition, articles, frozen.frozen_pieces(tx, edition.id))
    _load(tx, made, some, ids)
    return made


def _load(tx: Connection, made: Freezer, some: Sequence[Old], ids: Iterable[str] = ()) -> None:
    articles = made.articles
    assert isinstance(articles, dict)
    needed = {held.article_id for one in some for held in one.held} | set(ids)
    if missing := needed - articles.keys():
        articles.update((x.article.id, x.article) for x in catalogue.listings(tx, ids=missing))
