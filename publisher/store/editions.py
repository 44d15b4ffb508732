"""Editions, and what was frozen for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, and_, exists, func, or_, select, update

from publisher.model.mail import Piece
from publisher.store.bulk import among, insert_all
from publisher.store.schema import articles, deliveries, editions, pieces, variant_articles, variants

_FROZEN = {
    "pieces": ("id", "edition_id", "name", "html", "text"),
    "variants": (
        *("id", "edition_id", "key", "language", "subject", "preheader", "pieces", "sha256", "size"),
    ),
}
_COLUMNS = ("edition_id", "key", "language", "subject", "preheader", "pieces", "sha256", "size", "edit")
# the role of an article that an editor took out
DROPPED = "dropped"
# why a delivery was cancelled that holds nothing else
EMPTIED = "every article of it was dropped"
OPEN_STATES = ("cutting", "held", "scheduled", "sending", "paused")


@dataclass(frozen=True, slots=True)
class Edition:
    """One numbered mailing of a newsletter for a slot. `day` is the local date in its masthead.

    State: cutting, held, scheduled, sending, paused, done or cancelled. `everybody`: nobody can come due now.
    `subject` and `preheader` stand in place of the newsletter's own; `arrangement` is {order, dropped};
    `edits` counts its changes, and `changing` is the state that follows one that is being made. `findings`
    are (rule, message, level).
    """

    newsletter: str
    number: int
    cadence: str
    slot: str
    day: str
    created_at: datetime
    id: int = 0
    state: str = "cutting"
    reason: str = ""
    by_hand: bool = True
    needs_approval: bool = False
    approved_hash: str = ""
    everybody: bool = False
    intro: str = ""
    archive: Mapping[str, Any] = field(default_factory=dict)
    opens_at: datetime | None = None
    opened_at: datetime | None = None
    closes_at: datetime | None = None
    paused_at: datetime | None = None
    done_at: datetime | None = None
    letterhead: Mapping[str, Any] | None = None
    subject: str = ""
    preheader: str = ""
    arrangement: Mapping[str, Any] = field(default_factory=dict)
    edits: int = 0
    changing: str = ""
    fingerprint: str = ""
    findings: Sequence[Sequence[str]] = ()

    @property
    def name(self) -> str:
        """`daily/12`"""
        return f"{self.newsletter}/{self.number}"

    @property
    def fault(self) -> str:
        """What is wrong with it, so that nothing of it may leave; empty where nothing is."""
        return next((f"{rule}: {message}" for rule, message, level in self.findings if level == "error"), "")


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


def next_number(tx: Connection, newsletter: str) -> int:
    """The number of a newsletter's next edition; cuts are made one at a time, so it stays free until then."""
    highest = select(func.max(editions.c.number)).where(editions.c.newsletter == newsletter)
    return int(tx.scalar(highest) or 0) + 1


def create(tx: Connection, draft: Edition) -> Edition:
    """Store an edition; its id is given here."""
    values = {name: getattr(draft, name) for name in Edition.__dataclass_fields__ if name != "id"}
    (key,) = tx.execute(editions.insert().values(values)).inserted_primary_key or (0,)
    return replace(draft, id=int(key))


def set_state(tx: Connection, id_: int, old: Sequence[str], new: str, **changes: Any) -> bool:
    """Move an edition on, if it is still in one of the expected states."""
    query = update(editions).where(editions.c.id == id_, editions.c.state.in_(old))
    return bool(tx.execute(query.values(state=new, **changes)).rowcount)


def lock(tx: Connection, ids: Sequence[int]) -> None:
    """Keep everybody else from changing these editions to the end of the transaction."""
    query = select(editions.c.id).where(editions.c.id.in_(ids)).order_by(editions.c.id)
    tx.execute(query.with_for_update(key_share=True)).all()


def change(tx: Connection, id_: int, **changes: Any) -> None:
    """Change what is not the state."""
    tx.execute(update(editions).where(editions.c.id == id_).values(**changes))


def sent_outside(tx: Connection, newsletter: str, cadence: str, slot: str) -> bool:
    """Whether an edition of this newsletter, other than that of the slot, has sent anything (rule 4)."""
    now = exists().where(deliveries.c.edition_id == editions.c.id, deliveries.c.status == "sent")
    sent = or_(now, exists().where(variants.c.edition_id == editions.c.id, variants.c.compacted > 0))
    other = ~and_(editions.c.cadence == cadence, editions.c.slot == slot)
    query = select(editions.c.id).where(editions.c.newsletter == newsletter, other, sent)
    return tx.execute(query.limit(1)).first() is not None


def slots_of(
    tx: Connection, subscriber_id: int, newsletter: str, cadence: str, earliest: str
) -> tuple[str, ...]:
    """The slots of a cadence, from the earliest on, in which a subscriber has a delivery."""
    around = select(editions.c.id).where(
        editions.c.newsletter == newsletter, editions.c.cadence == cadence, editions.c.slot >= earliest
    )
    query = (
        select(editions.c.slot)
        .join(deliveries, deliveries.c.edition_id == editions.c.id)
        .where(deliveries.c.edition_id.in_(around), deliveries.c.subscriber_id == subscriber_id)
    )
    return tuple(tx.scalars(query))


def slots_among(
    tx: Connection, people: Iterable[int], newsletter: str, cadence: str, earliest: str
) -> dict[int, tuple[str, ...]]:
    """As `slots_of`, of many subscribers: by their id; who has none is not there."""
    around = select(editions.c.id).where(
        editions.c.newsletter == newsletter, editions.c.cadence == cadence, editions.c.slot >= earliest
    )
    found: dict[int, tuple[str, ...]] = {}
    for edition in tx.scalars(around).all():
        query = select(editions.c.slot, deliveries.c.subscriber_id).join(
            deliveries, deliveries.c.edition_id == editions.c.id
        )
        mine = among(tx, deliveries.c.subscriber_id, people)
        for slot, who in tx.execute(query.where(deliveries.c.edition_id == edition, mine)):
            found[who] = (*found.get(who, ()), slot)
    return found


def half_cancelled(tx: Connection, newsletter: str = "") -> list[Edition]:
    """Cancelled editions with rows that still wait: the cancelling was killed on its way."""
    waits = exists().where(
        deliveries.c.edition_id == editions.c.id, deliveries.c.status.in_(("queued", "deferred"))
    )
    query = select(editions).where(editions.c.state == "cancelled", waits)
    if newsletter:
        query = query.where(editions.c.newsletter == newsletter)
    return [_edition(row) for row in tx.execute(query.order_by(editions.c.id))]


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
