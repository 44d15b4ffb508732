"""The catalogue: every article that was ever gathered, its release and its state."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, Select, bindparam, func, or_, select, update

from publisher.editions.windows import Candidate
from publisher.model.articles import Article
from publisher.store import clock
from publisher.store.article_texts import Text, from_json, to_text
from publisher.store.bulk import among, change_all, insert_all, replace_all
from publisher.store.frozen import DROPPED
from publisher.store.outlines import WRITTEN
from publisher.store.schema import (
    article_texts,
    article_words,
    articles,
    deliveries,
    releases,
    variant_articles,
    variants,
)
from publisher.store.traces import Key

Row_ = Row[Any]
# no message that names the article leaves for these
_NOT_MAILED = ("cancelled", "expired", "suppressed")
_STATE = "catalogue"
_OF_ARTICLE = ("id", "path", "slug", "published_at", "expires_at", "revision")


@dataclass(frozen=True, slots=True)
class Listing:
    """An article as the catalogue holds it.

    `status` is published, draft, waiting (for its hour), expired, gone or withdrawn (gone after it was
    mailed); `stamp` is the file as it was last parsed, empty when it must be read again.
    """

    article: Article
    source: str
    stamp: str
    explicit_id: str
    body_hash: str
    status: str
    release: int | None = None
    released_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Release:
    """A numbered moment at which an article became public, or was corrected (rules 1 and 6)."""

    number: int
    article_id: str
    revision: int
    released_at: datetime


class Unreleased(NamedTuple):
    """A public article without a number for this revision; `first`: without any."""

    id: str
    source: str
    path: str
    revision: int
    published_at: datetime
    first: bool


def listings(tx: Connection, *, status: str = "", ids: Iterable[str] | None = None) -> list[Listing]:
    """Articles, newest first; all of them, or those of one status or with these ids."""
    query = select(articles, WRITTEN).outerjoin(article_texts)
    query = query.order_by(articles.c.published_at.desc(), articles.c.id)
    if status:
        query = query.where(articles.c.status == status)
    if ids is not None:
        query = query.where(articles.c.id.in_(list(ids)))
    return [_listing(row) for row in tx.execute(query)]


def newest(tx: Connection, most: int, fits: Callable[[frozenset[str]], bool]) -> list[Article]:
    """The newest public articles whose topics fit, at most so many."""
    found: list[str] = []
    for row in _public(tx):
        if fits(frozenset(row.topics)):
            found.append(row.id)
            if len(found) == most:
                break
    return [x.article for x in listings(tx, ids=found)]


def topics_of_newest(tx: Connection, most: int) -> list[str]:
    """The topics that the newest public articles have, in the order of the alphabet."""
    newest = tx.execute(_newest_first().limit(most))
    return sorted({topic for row in newest for topic in row.topics})


def topics(tx: Connection) -> set[str]:
    """The topics that public articles have."""
    # many articles have the same, and these rows are short
    query = select(article_words.c.topics).where(article_words.c.status == "published").distinct()
    return {topic for listed in tx.scalars(query) for topic in listed.split("\n") if topic}


def _public(tx: Connection) -> Iterator[Any]:
    """Id and topics of what is public, the newest first, as they are asked for."""
    yield from tx.execute(_newest_first(), execution_options={"yield_per": 100})


def _newest_first() -> Select[Any]:
    query = select(articles.c.id, articles.c.topics)
    query = query.where(articles.c.status == "published", articles.c.release.is_not(None))
    return query.order_by(articles.c.published_at.desc(), articles.c.id)


def _listing(row: Row_) -> Listing:
    return Listing(
        from_json(row.data, row.html),
        row.source,
        row.stamp,
        row.explicit_id,
        row.body_hash,
        row.status,
        row.release,
        row.released_at,
    )


def save(tx: Connection, listing: Listing) -> None:
    """Insert an article, or replace what its id holds. The release stays as `give_releases` gave it."""
    article = listing.article
    _, text = to_text(article)
    held = {
        name: getattr(listing, name) for name in ("source", "stamp", "explicit_id", "body_hash", "status")
    }
    own = {name: getattr(article, name) for name in _OF_ARTICLE}
    save_all(tx, [{**own, **held, "topics": list(article.topics), "data": text.data}], [text.html])


def save_all(tx: Connection, rows: Sequence[Mapping[str, Any]], texts: Sequence[str]) -> None:
    """As `save`, from rows of all columns but the release, `data` as `to_text` writes it; and their HTML."""
    replace_all(tx, articles, "id", rows)
    apart = [{"article_id": row["id"], "html": html} for row, html in zip(rows, texts, strict=True)]
    replace_all(tx, article_texts, "article_id", apart)


def set_texts(tx: Connection, texts: Mapping[str, Text]) -> None:
    """Replace what articles, by id, hold. All else stays."""
    change_all(tx, articles, "id", "data", {id_: text.data for id_, text in texts.items()})
    change_all(tx, article_texts, "article_id", "html", {id_: text.html for id_, text in texts.items()})


def state(tx: Connection) -> str:
    """A number for what the catalogue holds: another one after every change."""
    return clock.remembered(tx, _STATE)


def changed(tx: Connection, now: datetime) -> None:
    """Note, in the transaction that changes articles, that the catalogue is another."""
    clock.remember(tx, _STATE, str(int(state(tx) or 0) + 1), now)


def set_status(tx: Connection, changes: Mapping[str, str]) -> None:
    """Give articles, by id, another status."""
    if changes:
        query = update(articles).where(articles.c.id == bindparam("which")).values(status=bindparam("new"))
        tx.execute(query, [{"which": k, "new": v} for k, v in changes.items()])


def turn(tx: Connection, now: datetime) -> dict[Key, str]:
    """Let the hour of waiting articles come, and that of expiring ones pass; the ids of whom it changed."""
    expired = (articles.c.expires_at.is_not(None)) & (articles.c.expires_at <= now)
    due = (articles.c.status == "waiting") & (articles.c.published_at <= now)
    steps = {
        "expired": articles.c.status.in_(("published", "waiting")) & expired,
        "published": due,
    }
    turned: dict[Key, str] = {}
    for status, which in steps.items():
        query = update(articles).where(which).values(status=status)
        rows = tx.execute(query.returning(articles.c.source, articles.c.path, articles.c.id))
        turned |= {(row.source, row.path): row.id for row in rows}
    return turned


def unreleased(tx: Connection, ids: Iterable[str] | None = None) -> list[Unreleased]:
    """What is public and has no number yet, corrections too, in rule 1's order; of these articles, or all."""
    corrected = select(func.max(releases.c.revision)).where(releases.c.article_id == articles.c.id)
    columns = [articles.c[n] for n in ("id", "source", "path", "revision", "published_at")]
    query = (
        select(*columns, articles.c.release.is_(None).label("first"))
        .where(
            articles.c.status == "published",
            or_(articles.c.release.is_(None), articles.c.revision > corrected.scalar_subquery()),
        )
        .order_by(articles.c.published_at, articles.c.id)
    )
    if ids is not None:
        query = query.where(among(tx, articles.c.id, ids))
    return [Unreleased(**row._mapping) for row in tx.execute(query)]


def give_releases(tx: Connection, given: Sequence[Release]) -> None:
    """Record releases; the first one of an article becomes its own."""
    if not given:
        return
    rows = [
        {
            "release": r.number,
            "article_id": r.article_id,
            "revision": r.revision,
            "released_at": r.released_at,
        }
        for r in given
    ]
    insert_all(tx, releases, rows)
    numbers = [r.number for r in given]
    mine = releases.c.release.between(min(numbers), max(numbers)), releases.c.article_id == articles.c.id
    tx.execute(
        update(articles)
        .where(*mine, articles.c.release.is_(None))
        .values(release=releases.c.release, released_at=releases.c.released_at)
    )


def newest_release(tx: Connection) -> Release | None:
    """The release with the highest number, if there is any."""
    row = tx.execute(select(releases).order_by(releases.c.release.desc()).limit(1)).first()
    return Release(row.release, row.article_id, row.revision, row.released_at) if row else None


def releases_between(tx: Connection, lo: int, hi: int) -> list[Release]:
    """Releases with lo < number ≤ hi, in order."""
    query = select(releases).where(releases.c.release > lo, releases.c.release <= hi)
    rows = tx.execute(query.order_by(releases.c.release))
    return [Release(r.release, r.article_id, r.revision, r.released_at) for r in rows]


def candidates(tx: Connection, lo: int, hi: int) -> list[Candidate]:
    """Everything that a window within (lo, hi] may hold, with articles as they stand now (rule 3)."""
    query = (
        select(
            releases.c.release,
            releases.c.article_id,
            releases.c.revision,
            articles.c.revision.label("newest"),
            articles.c.release.label("first"),
            articles.c.status,
            articles.c.topics,
            articles.c.published_at,
        )
        .join(articles, articles.c.id == releases.c.article_id)
        .where(releases.c.release > lo, releases.c.release <= hi)
        .order_by(releases.c.release)
    )
    return [
        Candidate(
            r.release,
            r.article_id,
            r.newest,
            r.release == r.first,
            r.status == "published",
            frozenset(r.topics),
            r.published_at,
        )
        for r in tx.execute(query)
    ]


def release_before(tx: Connection, moment: datetime) -> int:
    """The mark that stands just before the first release after `moment` (rule 4)."""
    first = tx.scalar(select(func.min(releases.c.release)).where(releases.c.released_at > moment))
    if first is not None:
        return int(first) - 1
    return int(tx.scalar(select(func.max(releases.c.release))) or 0)


def mailed(tx: Connection, ids: Iterable[str]) -> set[str]:
    """Which of these articles a message that left, may have left, or waits to leave has named."""
    v, names = variants.c, dict[int, dict[int, list[str]]]()
    query = select(v.edition_id, v.id, v.compacted, variant_articles.c.article_id)
    query = query.join(variant_articles, variant_articles.c.variant_id == v.id)
    query = query.where(variant_articles.c.role != DROPPED)
    found, query = set[str](), query.where(among(tx, variant_articles.c.article_id, ids))
    for edition, variant, past, article in tx.execute(query):
        if past:
            found.add(article)
        names.setdefault(edition, {}).setdefault(variant, []).append(article)
    for edition, held in names.items():
        if not found.issuperset(*held.values()):
            found.update(*(held.get(variant, ()) for variant in _left(tx, edition)))
    return found


def _left(tx: Connection, edition_id: int) -> list[int]:
    """The variants of an edition of which a message left, may have left, or waits to: one walk along it."""
    mine = (deliveries.c.edition_id == edition_id, deliveries.c.status.not_in(_NOT_MAILED))
    return list(tx.scalars(select(deliveries.c.variant_id).distinct().where(*mine)))
