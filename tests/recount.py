"""What triggers count, held against the rows themselves: `check(tx)` at any instant, on any store."""

from __future__ import annotations

from collections import Counter

from sqlalchemy import Connection, func, select

from publisher.store import tallies
from publisher.store.schema import compacted, deliveries, movements, subscriptions
from publisher.store.schema import tallies as tallies_table


def deliveries_of(tx: Connection) -> dict[tuple[int, str], int]:
    """(edition, status) to how many rows there are, the compacted and the unseen ones too."""
    d, found = deliveries.c, Counter[tuple[int, str]]()
    for edition, status, acknowledged, number in tx.execute(
        select(d.edition_id, d.status, d.acknowledged_at.is_(None), func.count()).group_by(
            d.edition_id, d.status, d.acknowledged_at.is_(None)
        )
    ):
        found[edition, status] += number
        if status == "unknown" and acknowledged:
            found[edition, "unseen"] += number
    c = compacted.c
    for edition, number in tx.execute(select(c.edition_id, func.sum(c.deliveries)).group_by(c.edition_id)):
        found[edition, "sent"] += int(number)
    return dict(found)


def check(tx: Connection) -> None:
    """Raises AssertionError where a count is not what the rows are."""
    editions = set(tx.scalars(select(tallies_table.c.edition_id)))
    counted = tallies.counts_of(tx, editions)
    assert {(e, status): n for e, each in counted.items() for status, n in each.items()} == deliveries_of(tx)
    s = subscriptions.c
    names = (s.newsletter, s.cadence, s.status)
    rows = {
        (n, c, st): number for n, c, st, number in tx.execute(select(*names, func.count()).group_by(*names))
    }
    assert tallies.subscriptions(tx) == rows
    m = movements.c
    moved = tx.execute(select(func.sum(m.came) - func.sum(m.went), func.sum(m.subscriptions))).one()
    assert (moved[0] or 0) == (moved[1] or 0) == sum(rows.values())
