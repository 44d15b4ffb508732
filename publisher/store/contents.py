"""What an edition holds over all its variants, written down when these are frozen: nobody has to count."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, bindparam, case, func, or_, select, update

from publisher.store import ledger
from publisher.store.frozen import DROPPED
from publisher.store.schema import articles, contents, deliveries, variant_articles, variants

_C, _V, _VA = contents.c, variants.c, variant_articles.c


@dataclass(frozen=True, slots=True)
class Content:
    """An article of an edition: in how many variants, for how many people; `dropped` by an editor."""

    article_id: str
    title: str
    path: str
    revision: int
    dropped: bool
    variants: int
    people: int


class Choice(NamedTuple):
    """A variant of an edition, for how many it is, and its size as sent in bytes."""

    id: int
    language: str
    subject: str
    recipients: int
    size: int


def weights(tx: Connection, edition_id: int) -> dict[int, int]:
    """Variant to how many deliveries it has that were not cancelled, counted in the ledger."""
    ids = list(tx.scalars(select(_V.id).where(_V.edition_id == edition_id, _V.replaced_by.is_(None))))
    if len(ids) == 1:  # counting by variant takes a second for a million rows
        counts = ledger.counts(tx, edition_id)
        return {ids[0]: sum(counts.values()) - counts["cancelled"]}
    mine = (deliveries.c.edition_id == edition_id, deliveries.c.status != "cancelled")
    query = select(deliveries.c.variant_id, func.count()).where(*mine).group_by(deliveries.c.variant_id)
    return dict.fromkeys(ids, 0) | {row[0]: int(row[1]) for row in tx.execute(query)}


def weigh(tx: Connection, counted: Mapping[int, int]) -> None:
    """Write down how many recipients these variants have."""
    query = update(variants).where(_V.id == bindparam("which")).values(recipients=bindparam("count"))
    if counted:
        tx.execute(query, [{"which": id_, "count": n} for id_, n in counted.items()])


def found(tx: Connection, edition_id: int, order: Mapping[str, int]) -> list[dict[str, Any]]:
    """What the variants of an edition hold now, as rows to `keep`; `order` are the places editors gave."""
    out = func.max(case((_VA.role == DROPPED, 1), else_=0)).label("dropped")
    query = (
        select(
            _VA.article_id,
            func.max(_VA.revision).label("revision"),
            out,
            func.count().label("variants"),
            func.sum(_V.recipients).label("people"),
        )
        .join(variants, _V.id == _VA.variant_id)
        .join(articles, articles.c.id == _VA.article_id)
        .where(_V.edition_id == edition_id, _V.replaced_by.is_(None))
        .group_by(_VA.article_id, articles.c.published_at)
        .order_by(out, func.min(_VA.place), articles.c.published_at.desc(), _VA.article_id)
    )
    rows = [dict(row._mapping) for row in tx.execute(query)]
    rows.sort(key=lambda row: (bool(row["dropped"]), order.get(row["article_id"], len(order))))
    return [
        {**row, "dropped": bool(row["dropped"]), "people": int(row["people"] or 0), "place": n}
        for n, row in enumerate(rows)
    ]


def keep(tx: Connection, edition_id: int, rows: list[dict[str, Any]]) -> None:
    """Write down what an edition holds, in place of what was written before."""
    tx.execute(contents.delete().where(_C.edition_id == edition_id))
    if rows:
        tx.execute(contents.insert(), [{**row, "edition_id": edition_id} for row in rows])


def of(tx: Connection, edition_id: int) -> list[Content]:
    """What an edition holds, in order, what was dropped last; where it was not kept yet, as counted now."""
    title = articles.c.data["title"].as_string()
    kept = ("revision", "dropped", "variants", "people")
    query = select(_C.article_id, title, articles.c.path, *(_C[name] for name in kept))
    query = query.join(articles, articles.c.id == _C.article_id).where(_C.edition_id == edition_id)
    there = [Content(*row) for row in tx.execute(query.order_by(_C.place))]
    return there or _counted(tx, edition_id)


def _counted(tx: Connection, edition_id: int) -> list[Content]:
    rows = found(tx, edition_id, {})
    query = select(articles.c.id, articles.c.data["title"].as_string(), articles.c.path)
    names = {
        r[0]: (r[1], r[2])
        for r in tx.execute(query.where(articles.c.id.in_([r["article_id"] for r in rows])))
    }
    kept = ("revision", "dropped", "variants", "people")
    return [Content(r["article_id"], *names[r["article_id"]], *(r[n] for n in kept)) for r in rows]


def choices(
    tx: Connection, edition_id: int, most: int, after: tuple[int, int] | None = None, article: str = ""
) -> list[Choice]:
    """Variants of an edition, that with the most recipients first; those after (recipients, id), or that show
    an article."""
    query = select(_V.id, _V.language, _V.subject, _V.recipients, _V.size).where(
        _V.edition_id == edition_id, _V.replaced_by.is_(None)
    )
    if after:
        query = query.where(or_(_V.recipients < after[0], and_(_V.recipients == after[0], _V.id > after[1])))
    if article:
        holding = select(_VA.variant_id).where(_VA.article_id == article, _VA.role != DROPPED)
        query = query.where(_V.id.in_(holding))
    return [Choice(*r) for r in tx.execute(query.order_by(_V.recipients.desc(), _V.id).limit(most))]


def lines(tx: Connection, edition_id: int) -> dict[str, tuple[str, str]]:
    """Language to subject and preheader of a variant of an edition."""
    live = (_V.edition_id == edition_id, _V.replaced_by.is_(None))
    first = select(func.min(_V.id)).where(*live, _V.subject != "").group_by(_V.language)
    query = select(_V.language, _V.subject, _V.preheader).where(_V.id.in_(first))
    return {row.language: (row.subject, row.preheader) for row in tx.execute(query)}


def numbers(tx: Connection, edition_id: int) -> tuple[int, int, int]:
    """How many variants an edition has, for how many people, and the bytes of the HTML of the largest."""
    columns = (func.count(), func.sum(_V.recipients), func.max(_V.size))
    row = tx.execute(select(*columns).where(_V.edition_id == edition_id, _V.replaced_by.is_(None))).one()
    return int(row[0]), int(row[1] or 0), int(row[2] or 0)
