"""Editions: numbered, found, and moved from state to state."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, exists, func, or_, select, update

from publisher.store.bulk import among
from publisher.store.schema import deliveries, editions, variants

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
