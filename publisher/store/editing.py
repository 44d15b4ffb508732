"""The rows that an editor's change of an edition moves: variants that take the place of others (rule 13)."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, exists, func, select, update

from publisher.store import ledger
from publisher.store.claims import WAITING
from publisher.store.editions import EMPTIED, Edition
from publisher.store.frozen import DROPPED, Held, held_by
from publisher.store.schema import deliveries, editions, subscriptions, variant_articles, variants

_D, _V = deliveries.c, variants.c


class Old(NamedTuple):
    """A variant that is not as the edition is now: for how many it is, and what it names."""

    id: int
    language: str
    recipients: int
    held: tuple[Held, ...]


def begun(tx: Connection, newsletter: str = "") -> list[Edition]:
    """Editions that are being changed, or were when somebody was killed; of one newsletter, or all."""
    query = select(editions).where(editions.c.state == "cutting", editions.c.changing != "")
    if newsletter:
        query = query.where(editions.c.newsletter == newsletter)
    return [Edition(**row._mapping) for row in tx.execute(query.order_by(editions.c.id))]


def half_undone(tx: Connection, newsletter: str = "") -> list[Edition]:
    """Cancelled editions of which nothing left, whose deliveries that an editor emptied still stand."""
    query = select(editions).where(editions.c.state == "cancelled", editions.c.edits > 0)
    if newsletter:
        query = query.where(editions.c.newsletter == newsletter)
    found = [Edition(**row._mapping) for row in tx.execute(query.order_by(editions.c.id))]
    counts = ledger.counts_of(tx, [one.id for one in found])
    # by what was counted most need no look at their rows
    some = [one for one in found if counts[one.id]["cancelled"] and not counts[one.id]["sent"]]
    return [one for one in some if _emptied(tx, one.id) and not ledger.anything_left(tx, one.id)]


def _emptied(tx: Connection, edition_id: int) -> bool:
    mine = (_D.edition_id == edition_id, _D.status == "cancelled", _D.reply == EMPTIED)
    stands = (subscriptions.c.id == _D.subscription_id, subscriptions.c.mark == _D.hi)
    return tx.execute(select(_D.id).where(*mine, *stands).limit(1)).first() is not None


def old(tx: Connection, edition: Edition, most: int) -> list[Old]:
    """Some variants of an edition that were made before its last change, and not made anew since."""
    query = select(_V.id, _V.language, _V.recipients).where(
        _V.edition_id == edition.id, _V.replaced_by.is_(None), _V.edit < edition.edits
    )
    rows = tx.execute(query.order_by(_V.id).limit(most)).all()
    held = held_by(tx, [row.id for row in rows])
    return [Old(*row, tuple(held.get(row.id, ()))) for row in rows]


def largest(tx: Connection, edition: Edition, most: int) -> list[Old]:
    """The largest variants of an edition."""
    query = select(_V.id, _V.language, _V.recipients).where(
        _V.edition_id == edition.id, _V.replaced_by.is_(None)
    )
    rows = tx.execute(query.order_by(_V.size.desc(), _V.id).limit(most)).all()
    held = held_by(tx, [row.id for row in rows])
    return [Old(*row, tuple(held.get(row.id, ()))) for row in rows]


def replace(tx: Connection, replaced: Mapping[int, int], recipients: Mapping[int, int]) -> None:
    """Note which variant takes the place of which, with the recipients of those."""
    _set(tx, "replaced_by = %s", replaced)
    sums: dict[int, int] = {}
    for was, new in replaced.items():
        sums[new] = sums.get(new, 0) + recipients[was]
    _set(tx, "recipients = variants.recipients + %s", sums)


def _set(tx: Connection, assignment: str, values: Mapping[int, int]) -> None:
    """Variant to a number, in one statement where each would be a round trip."""
    driver: Any = tx.connection.driver_connection
    with closing(driver.cursor()) as cursor:
        if tx.dialect.name == "postgresql":
            given = "FROM unnest(%s::bigint[], %s::bigint[]) AS g(id, n) WHERE variants.id = g.id"
            columns = [list(values), list(values.values())]
            cursor.execute(f"UPDATE variants SET {assignment % 'g.n'} {given}", columns)
        else:
            each = [(n, id_) for id_, n in values.items()]
            cursor.executemany(f"UPDATE variants SET {assignment % '?'} WHERE id = ?", each)


def reach(tx: Connection, edition_id: int, after: int, most: int) -> tuple[int, int]:
    """How far so many deliveries of an edition reach beyond a subscriber: the last one, and how many."""
    some = (
        select(_D.subscriber_id)
        .where(_D.edition_id == edition_id, _D.subscriber_id > after)
        .order_by(_D.subscriber_id)
        .limit(most)
        .subquery()
    )
    last, count = tx.execute(select(func.max(some.c.subscriber_id), func.count()).select_from(some)).one()
    return int(last or 0), int(count)


def point(tx: Connection, edition_id: int, after: int, last: int) -> None:
    """Let the deliveries to these subscribers be of what took the place of their variants.

    What a worker had read of them is worth nothing then: their reservations end.
    """
    mine = (_D.edition_id == edition_id, _D.subscriber_id > after, _D.subscriber_id <= last)
    theirs = (_V.id == _D.variant_id, _V.replaced_by.is_not(None))
    new = select(_V.replaced_by).where(*theirs).scalar_subquery()
    query = update(deliveries).where(*mine, exists().where(*theirs))
    query = query.values(variant_id=new, worker="").execution_options(synchronize_session=False)
    # a change that was killed and then changed again leaves two steps to go
    while tx.execute(query).rowcount:
        pass


def empties(tx: Connection, edition_id: int) -> bool:
    """Whether a variant of an edition, now or before, holds nothing but what was dropped."""
    return tx.execute(_empty(edition_id).limit(1)).first() is not None


def _empty(edition_id: int) -> Any:
    shown = exists().where(variant_articles.c.variant_id == _V.id, variant_articles.c.role != DROPPED)
    return select(_V.id).where(_V.edition_id == edition_id, ~shown)


def settle(tx: Connection, edition_id: int, after: int, last: int, now: datetime) -> None:
    """Stop deliveries to these subscribers that hold nothing; let those wait that hold something again."""
    mine = (_D.edition_id == edition_id, _D.subscriber_id > after, _D.subscriber_id <= last)
    empty = _D.variant_id.in_(_empty(edition_id))
    columns = select(_D.id, _D.status, _D.attempt).where(*mine)
    stopped: list[Row[Any]] = list(tx.execute(columns.where(_D.status.in_(WAITING), empty)))
    again: list[Row[Any]] = list(
        tx.execute(columns.where(_D.status == "cancelled", _D.reply == EMPTIED, ~empty))
    )
    if stopped:
        ledger.move_all(tx, stopped, "cancelled", now, finished_at=now, reply=EMPTIED)
    if again:
        ledger.move_all(tx, again, "queued", now, finished_at=None, reply="")
