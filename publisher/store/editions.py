"""Editions, the cuts that fill them, and what was frozen for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, exists, func, select, update

from publisher.model.mail import Piece
from publisher.store.schema import cuts, deliveries, editions, pieces, variant_articles, variants

OPEN_STATES = ("cutting", "held", "scheduled", "sending", "paused")


@dataclass(frozen=True, slots=True)
class Edition:
    """One numbered mailing of a newsletter for a slot. `day` is the local date in its masthead.

    State: cutting, held, scheduled, sending, paused, done or cancelled. `everybody`: nobody can come due any more.
    """

    id: int
    newsletter: str
    number: int
    cadence: str
    slot: str
    day: str
    state: str
    reason: str
    by_hand: bool
    needs_approval: bool
    approved_hash: str
    everybody: bool
    intro: str
    archive: Mapping[str, Any]
    created_at: datetime
    opens_at: datetime | None
    opened_at: datetime | None
    closes_at: datetime | None
    done_at: datetime | None

    @property
    def name(self) -> str:
        """`daily/12`"""
        return f"{self.newsletter}/{self.number}"


@dataclass(frozen=True, slots=True)
class Cut:
    """One pass over the subscriptions that are due in a slot, with its own upper release `hi` (rule 9)."""

    id: int
    newsletter: str
    cadence: str
    slot: str
    request: Mapping[str, Any]
    edition_id: int | None
    at: datetime
    hi: int
    cursor: int
    finished_at: datetime | None = None


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


def _edition(row: Row[Any]) -> Edition:
    return Edition(**row._mapping)


def find(tx: Connection, newsletter: str, number: int) -> Edition | None:
    """The edition `newsletter/number`."""
    query = select(editions).where(editions.c.newsletter == newsletter, editions.c.number == number)
    row = tx.execute(query).first()
    return _edition(row) if row else None


def get(tx: Connection, id_: int) -> Edition:
    """The edition with this id."""
    return _edition(tx.execute(select(editions).where(editions.c.id == id_)).one())


def listed(tx: Connection, newsletter: str = "", states: Sequence[str] = ()) -> list[Edition]:
    """Editions, newest first; of one newsletter, in some states."""
    query = select(editions).order_by(editions.c.id.desc())
    if newsletter:
        query = query.where(editions.c.newsletter == newsletter)
    if states:
        query = query.where(editions.c.state.in_(states))
    return [_edition(row) for row in tx.execute(query)]


def of_slot(tx: Connection, newsletter: str, cadence: str, slot: str) -> Edition | None:
    """The one edition of a slot that was not cancelled."""
    query = select(editions).where(
        editions.c.newsletter == newsletter,
        editions.c.cadence == cadence,
        editions.c.slot == slot,
        editions.c.state != "cancelled",
    )
    row = tx.execute(query).first()
    return _edition(row) if row else None


def cancelled(tx: Connection, newsletter: str, cadence: str, slot: str) -> bool:
    """Whether an edition of this slot was cancelled."""
    query = select(editions.c.id).where(
        editions.c.newsletter == newsletter,
        editions.c.cadence == cadence,
        editions.c.slot == slot,
        editions.c.state == "cancelled",
    )
    return tx.execute(query.limit(1)).first() is not None


def create(tx: Connection, values: Mapping[str, Any]) -> Edition:
    """A new edition with the newsletter's next number; the slot of one by hand is its number (rule 11)."""
    highest = select(func.max(editions.c.number)).where(editions.c.newsletter == values["newsletter"])
    number = int(tx.scalar(highest) or 0) + 1
    slot = values["slot"] or str(number)
    result = tx.execute(editions.insert().values({**values, "number": number, "slot": slot}))
    (key,) = result.inserted_primary_key or (0,)
    return get(tx, int(key))


def set_state(tx: Connection, id_: int, old: Sequence[str], new: str, **changes: Any) -> bool:
    """Move an edition on, if it is still in one of the expected states."""
    query = update(editions).where(editions.c.id == id_, editions.c.state.in_(old))
    return bool(tx.execute(query.values(state=new, **changes)).rowcount)


def change(tx: Connection, id_: int, **changes: Any) -> None:
    """Change what is not the state."""
    tx.execute(update(editions).where(editions.c.id == id_).values(**changes))


def sent_outside(tx: Connection, newsletter: str, cadence: str, slot: str) -> bool:
    """Whether an edition of this newsletter, other than that of the slot, has sent anything (rule 4)."""
    sent = exists().where(deliveries.c.edition_id == editions.c.id, deliveries.c.status == "sent")
    other = ~and_(editions.c.cadence == cadence, editions.c.slot == slot)
    query = select(editions.c.id).where(editions.c.newsletter == newsletter, other, sent)
    return tx.execute(query.limit(1)).first() is not None


def slots_of(tx: Connection, subscription_id: int, newsletter: str, cadence: str) -> tuple[str, ...]:
    """The slots of a cadence in which a subscription has a delivery; the newest ones suffice for what comes next."""
    query = (
        select(editions.c.slot)
        .join(deliveries, deliveries.c.edition_id == editions.c.id)
        .where(
            deliveries.c.subscription_id == subscription_id,
            editions.c.newsletter == newsletter,
            editions.c.cadence == cadence,
            editions.c.state != "cancelled",
        )
        .order_by(deliveries.c.id.desc())
        .limit(3)
    )
    return tuple(tx.scalars(query))


def start_cut(tx: Connection, values: Mapping[str, Any]) -> Cut:
    """Record a cut, so that a killed one can go on."""
    (key,) = tx.execute(cuts.insert().values({**values, "cursor": 0})).inserted_primary_key or (0,)
    return _cut(tx.execute(select(cuts).where(cuts.c.id == key)).one())


def _cut(row: Row[Any]) -> Cut:
    return Cut(**row._mapping)


def unfinished_cuts(tx: Connection) -> list[Cut]:
    """Cuts that were killed on their way, oldest first."""
    return [_cut(r) for r in tx.execute(select(cuts).where(cuts.c.finished_at.is_(None)).order_by(cuts.c.id))]


def move_cut(tx: Connection, id_: int, **changes: Any) -> None:
    """Advance a cut's cursor, give it its edition, or finish it."""
    tx.execute(update(cuts).where(cuts.c.id == id_).values(**changes))


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
        columns = ("edition_id", "key", "language", "subject", "preheader", "pieces", "sha256", "size")
        tx.execute(variants.insert(), [{c: getattr(v, c) for c in columns} for v in fresh])
        ids |= _variant_ids(tx, edition_id, [v.key for v in fresh])
        tx.execute(
            variant_articles.insert(),
            [
                {"variant_id": ids[v.key], "article_id": a, "revision": revision, "place": n, "role": role}
                for v in fresh
                for n, (a, revision, role) in enumerate(v.articles)
            ],
        )
    return ids


def _variant_ids(tx: Connection, edition_id: int, keys: Sequence[str]) -> dict[str, int]:
    query = select(variants.c.key, variants.c.id).where(variants.c.edition_id == edition_id)
    return {r.key: r.id for r in tx.execute(query.where(variants.c.key.in_(list(keys))))}


def variant_row(tx: Connection, variant_id: int) -> tuple[int, VariantRow] | None:
    """(edition id, variant) of a stored variant."""
    row = tx.execute(select(variants).where(variants.c.id == variant_id)).first()
    if not row:
        return None
    columns = ("edition_id", "key", "language", "subject", "preheader", "pieces", "sha256", "size")
    return row.edition_id, VariantRow(**{c: row._mapping[c] for c in columns})


def variants_of(tx: Connection, edition_id: int) -> list[tuple[int, str]]:
    """(id, subject) of an edition's variants, that with the most recipients first."""
    count = func.count(deliveries.c.id)
    query = (
        select(variants.c.id, variants.c.subject)
        .outerjoin(deliveries, deliveries.c.variant_id == variants.c.id)
        .where(variants.c.edition_id == edition_id)
        .group_by(variants.c.id, variants.c.subject)
        .order_by(count.desc(), variants.c.id)
    )
    return [(row.id, row.subject) for row in tx.execute(query)]


def articles_of(tx: Connection, edition_id: int) -> list[str]:
    """The articles that an edition names in any variant, in the order of the fullest one."""
    query = (
        select(variant_articles.c.article_id, func.min(variant_articles.c.place).label("place"))
        .join(variants, variants.c.id == variant_articles.c.variant_id)
        .where(variants.c.edition_id == edition_id)
        .group_by(variant_articles.c.article_id)
        .order_by("place", variant_articles.c.article_id)
    )
    return [row.article_id for row in tx.execute(query)]


