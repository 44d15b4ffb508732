"""What triggers have counted: deliveries by edition and status, subscriptions by newsletter and cadence."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import Connection, Select, func, select, text

from publisher.store import Store
from publisher.store.schema import movements, tallies

_T, _M = tallies.c, movements.c
# Rows that a session is changing now stay for the next time: nobody waits, and nobody is waited for.
_FOLDED = """
    WITH idle AS (SELECT {key}, shard FROM {table} WHERE shard <> 0 FOR UPDATE SKIP LOCKED),
    gone AS (DELETE FROM {table} t USING idle s WHERE ({mine}, t.shard) = ({theirs}, s.shard)
        RETURNING {returned})
    INSERT INTO {table} ({key}, shard, {counted})
    SELECT {key}, 0, {sums} FROM gone GROUP BY {key} ORDER BY {key}
    ON CONFLICT ({key}, shard) DO UPDATE SET {more}"""


def counts(tx: Connection, edition_id: int) -> dict[str, int]:
    """How many deliveries of an edition have each status, the compacted ones too; not those of none.

    `unseen` are the unknown ones that nobody has acknowledged.
    """
    return counts_of(tx, [edition_id]).get(edition_id, {})


def counts_of(tx: Connection, editions: Collection[int]) -> dict[int, dict[str, int]]:
    """As `counts`, of several editions, by their id; one without deliveries is not there."""
    found: dict[int, dict[str, int]] = {}
    query = _summed().where(_T.edition_id.in_(list(editions)))
    for edition, status, number in tx.execute(query):
        if number:
            found.setdefault(edition, {})[status] = int(number)
    return found


def having(tx: Connection, status: str, editions: Select[Any]) -> dict[int, int]:
    """Edition to how many deliveries it has in a status (`unseen` too), of those chosen that have any."""
    query = _summed().where(_T.status == status, _T.edition_id.in_(editions))
    return {edition: int(number) for edition, _, number in tx.execute(query) if number}


def _summed() -> Select[Any]:
    number = func.sum(_T.deliveries)
    return select(_T.edition_id, _T.status, number).group_by(_T.edition_id, _T.status).order_by(_T.edition_id)


def subscriptions(tx: Connection) -> dict[tuple[str, str, str], int]:
    """(newsletter, cadence, status) to how many subscriptions, where there are any."""
    names = (_M.newsletter, _M.cadence, _M.status)
    query = select(*names, func.sum(_M.subscriptions)).group_by(*names)
    return {(n, cadence, status): int(number) for n, cadence, status, number in tx.execute(query) if number}


def fold(store: Store) -> None:
    """Put together what PostgreSQL's sessions have counted, each in rows of its own. Raises StoreError."""
    if store.dialect == "sqlite":
        return
    for table, key, counted in (
        ("movements", ("newsletter", "cadence", "status", "day"), ("subscriptions", "came", "went")),
        ("tallies", ("edition_id", "status"), ("deliveries",)),
    ):
        with store.write() as tx:
            tx.execute(text(_statement(table, key, counted)))


def _statement(table: str, key: Iterable[str], counted: Iterable[str]) -> str:
    return _FOLDED.format(
        table=table,
        key=", ".join(key),
        mine=", ".join(f"t.{name}" for name in key),
        theirs=", ".join(f"s.{name}" for name in key),
        returned=", ".join(f"t.{name}" for name in (*key, *counted)),
        counted=", ".join(counted),
        sums=", ".join(f"sum({name})" for name in counted),
        more=", ".join(f"{name} = {table}.{name} + excluded.{name}" for name in counted),
    )
