"""What is frozen for editions: pieces, the variants that join them, and the articles that these name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, select

from publisher.model.mail import Piece
from publisher.store.bulk import among, insert_all
from publisher.store.schema import articles, deliveries, pieces, variant_articles, variants

_FROZEN = {
    "pieces": ("id", "edition_id", "name", "html", "text"),
    "variants": (
        *("id", "edition_id", "key", "language", "subject", "preheader", "pieces", "sha256", "size"),
    ),
}
_COLUMNS = ("edition_id", "key", "language", "subject", "preheader", "pieces", "sha256", "size", "edit")
# the role of an article that an editor took out
DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class VariantRow:
    """A variant as it is stored: the names of its pieces in order, and what of the frame differs in it."""

    edition_id: int
    key: str
    language: str
    subject: str
    preheader: str
    pieces: Mapping[str, Any]
    sha256: str
    size: int
    articles: tuple[tuple[str, int, str], ...] = field(default=())
    edit: int = 0


def save_pieces(tx: Connection, edition_id: int, made: Mapping[str, Piece]) -> None:
    """Freeze pieces by name; a name that is frozen already keeps its first content."""
    if not made:
        return
    names = pieces.c.name.in_(list(made))
    there = set(tx.scalars(select(pieces.c.name).where(pieces.c.edition_id == edition_id, names)))
    rows = [
        {"edition_id": edition_id, "name": name, "html": piece.html, "text": piece.text}
        for name, piece in made.items()
        if name not in there
    ]
    if rows:
        tx.execute(pieces.insert(), rows)


def frozen_pieces(tx: Connection, edition_id: int, names: Iterable[str] | None = None) -> dict[str, Piece]:
    """The frozen pieces of an edition by name: all of them, or those named."""
    query = select(pieces).where(pieces.c.edition_id == edition_id)
    if names is not None:
        query = query.where(pieces.c.name.in_(list(names)))
    return {row.name: Piece(row.html, row.text) for row in tx.execute(query)}


def save_variants(tx: Connection, edition_id: int, made: Sequence[VariantRow]) -> dict[str, int]:
    """Freeze variants that are not there yet; the id of each by its key."""
    if not made:
        return {}
    ids = _variant_ids(tx, edition_id, [v.key for v in made])
    fresh = [v for v in made if v.key not in ids]
    if fresh:
        rows = [{**{c: getattr(v, c) for c in _COLUMNS}, "edition_id": edition_id} for v in fresh]
        insert_all(tx, variants, rows)
        ids |= _variant_ids(tx, edition_id, [v.key for v in fresh])
        held = [
            {"variant_id": ids[v.key], "article_id": a, "revision": revision, "place": n, "role": role}
            for v in fresh
            for n, (a, revision, role) in enumerate(v.articles)
        ]
        insert_all(tx, variant_articles, held)
    return ids


def _variant_ids(tx: Connection, edition_id: int, keys: Sequence[str]) -> dict[str, int]:
    query = select(variants.c.key, variants.c.id).where(variants.c.edition_id == edition_id)
    return {r.key: r.id for r in tx.execute(query.where(variants.c.key.in_(list(keys))))}


def variant_row(tx: Connection, variant_id: int) -> tuple[int, VariantRow] | None:
    """(edition id, variant) of a stored variant."""
    row = tx.execute(select(variants).where(variants.c.id == variant_id)).first()
    if not row:
        return None
    return row.edition_id, VariantRow(**{c: row._mapping[c] for c in _COLUMNS})


def variants_of(tx: Connection, edition_id: int, most: int | None = None) -> list[tuple[int, str]]:
    """(id, subject) of an edition's variants, that with the most recipients first; all, or the first ones."""
    live = (variants.c.edition_id == edition_id, variants.c.replaced_by.is_(None))
    query = select(variants.c.id, variants.c.subject).where(*live)
    found = tx.execute(query.limit(2)).all()
    if weighed(tx, edition_id):
        found = tx.execute(query.order_by(variants.c.recipients.desc(), variants.c.id).limit(most)).all()
    elif len(found) > 1:  # one variant needs no counting, which takes a second for a million rows
        count = select(deliveries.c.variant_id, func.count().label("number"))
        counted = count.where(deliveries.c.edition_id == edition_id).group_by(deliveries.c.variant_id)
        each = counted.subquery()
        number = func.coalesce(each.c.number, 0) + variants.c.compacted
        query = query.outerjoin(each, each.c.variant_id == variants.c.id)
        found = tx.execute(query.order_by(number.desc(), variants.c.id).limit(most)).all()
    return [(row.id, row.subject) for row in found]


def weighed(tx: Connection, edition_id: int) -> bool:
    """Whether it was written down how many recipients each variant has."""
    mine = (variants.c.edition_id == edition_id, variants.c.recipients > 0)
    return tx.execute(select(variants.c.id).where(*mine).limit(1)).first() is not None


class Held(NamedTuple):
    """An article in a variant; its role is empty where it is only counted, DROPPED where it was taken out."""

    article_id: str
    revision: int
    role: str


def held_by(tx: Connection, ids: Iterable[int]) -> dict[int, list[Held]]:
    """Variant to the articles that it names, in order."""
    v = variant_articles.c
    query = select(v.variant_id, v.article_id, v.revision, v.role).where(among(tx, v.variant_id, ids))
    found: dict[int, list[Held]] = {}
    for variant, *held in tx.execute(query.order_by(v.variant_id, v.place)):
        found.setdefault(variant, []).append(Held(*held))
    return found


def articles_of(tx: Connection, edition_id: int) -> list[str]:
    """The articles that an edition names in any variant, in the order of the fullest one."""
    return [article for article, _ in union(tx, edition_id)]


def union(tx: Connection, edition_id: int) -> list[tuple[str, int]]:
    """(article, newest revision) of everything that an edition names in any variant, newest article first."""
    query = (
        select(variant_articles.c.article_id, func.max(variant_articles.c.revision).label("revision"))
        .join(variants, variants.c.id == variant_articles.c.variant_id)
        .join(articles, articles.c.id == variant_articles.c.article_id)
        .where(variants.c.edition_id == edition_id, variants.c.replaced_by.is_(None))
        .where(variant_articles.c.role != DROPPED)
        .group_by(variant_articles.c.article_id, articles.c.published_at)
        .order_by(
            func.min(variant_articles.c.place),
            articles.c.published_at.desc(),
            variant_articles.c.article_id,
        )
    )
    return [(row.article_id, row.revision) for row in tx.execute(query)]


def frozen_after(tx: Connection, kind: str, edition_id: int, after: int, most: int) -> list[tuple[Any, ...]]:
    """A chunk of an edition's `pieces` or `variants`, what was frozen of each by id, beyond an id."""
    table = {"pieces": pieces, "variants": variants}[kind]
    # an approval is bound to these columns: another one would void those that were given
    query = select(*(table.c[name] for name in _FROZEN[kind])).where(
        table.c.edition_id == edition_id, table.c.id > after
    )
    if kind == "variants":
        query = query.where(variants.c.replaced_by.is_(None))
    return [tuple(row) for row in tx.execute(query.order_by(table.c.id).limit(most))]
