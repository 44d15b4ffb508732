"""What a cut writes for a whole chunk: marks and delivery rows, copied inside the database.

Names and addresses never leave it: Python only says which subscriptions go together.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection

from publisher.store.bulk import moment


class Changed(Exception):
    """Somebody changed a subscription since it was read: the transaction is taken back."""


class Queued(NamedTuple):
    """Delivery rows to be written: from which variant, in which window, due when, for which subscriptions.

    `words` are what these chose, in words, as JSON.
    """

    variant_id: int
    words: str
    lo: int
    hi: int
    due_at: datetime
    ids: Sequence[int]


_COLUMNS = """status, edition_id, subscriber_id, subscription_id, variant_id, address, fields, lo, hi, due_at,
  first_due_at"""
# The fields of a message, as they stand now (rule 15).
_FIELDS = """'{{' || CASE WHEN CAST(p.attributes AS text) = '{{}}' THEN '' ELSE coalesce((
    SELECT {join}({quote}('subscriber.' || a.key){text} || ': ' || {value} || ', ', '')
    FROM json_each(p.attributes) a WHERE a.key NOT IN ('name', 'address')), '') END
  || '"subscriber.name": ' || {quote}(p.name){text} || ', "subscriber.address": ' || {quote}(p.address){text}
  || ', "subscription.choice": ' || {words} || '}}'"""
_SQLITE_FIELDS = _FIELDS.format(
    join="group_concat", quote="json_quote", text="", value="json_quote(a.value)", words="?"
)
_POSTGRES_FIELDS = _FIELDS.format(
    join="string_agg", quote="to_json", text="::text", value="a.value::text", words="g.words"
)
_SQLITE = {
    "seen": """SELECT count(*), coalesce(sum(revision), 0) FROM subscriptions
      WHERE id IN (SELECT value FROM json_each(?))""",
    "advance": """UPDATE subscriptions SET mark = ?, next_due_at = ?, revision = revision + 1
      WHERE id IN (SELECT value FROM json_each(?))""",
    "queue": f"""INSERT INTO deliveries ({_COLUMNS})
      SELECT 'queued', ?, s.subscriber_id, s.id, ?, p.address, {_SQLITE_FIELDS}, ?, ?, ?, ?
      FROM json_each(?) i CROSS JOIN subscriptions s ON s.id = i.value
        CROSS JOIN subscribers p ON p.id = s.subscriber_id""",
}
_POSTGRES = {
    "seen": """SELECT count(*), coalesce(sum(revision), 0) FROM (
      SELECT revision FROM subscriptions WHERE id = ANY(%s::bigint[]) ORDER BY id FOR NO KEY UPDATE) s""",
    "advance": """WITH moved AS (UPDATE subscriptions s
        SET mark = g.mark, next_due_at = g.due_at, revision = s.revision + 1
        FROM unnest(%s::bigint[], %s::int[]) AS i(id, n)
          JOIN unnest(%s::int[], %s::timestamptz[]) WITH ORDINALITY AS g(mark, due_at, n) ON g.n = i.n
        WHERE s.id = i.id RETURNING s.revision - 1 AS revision)
      SELECT count(*), coalesce(sum(revision), 0) FROM moved""",
    "queue": f"""INSERT INTO deliveries ({_COLUMNS})
      SELECT 'queued', %s, s.subscriber_id, s.id, g.variant, p.address, ({_POSTGRES_FIELDS})::json,
        g.lo, g.hi, g.due_at, g.due_at
      FROM unnest(%s::bigint[], %s::int[]) AS i(id, n)
        JOIN unnest(%s::bigint[], %s::text[], %s::int[], %s::int[], %s::timestamptz[]) WITH ORDINALITY
          AS g(variant, words, lo, hi, due_at, n) ON g.n = i.n
        JOIN subscriptions s ON s.id = i.id JOIN subscribers p ON p.id = s.subscriber_id
      ORDER BY i.id""",
}
Moves = Mapping[tuple[int, datetime | None], Sequence[int]]


def advance(tx: Connection, moves: Moves, revisions: int) -> None:
    """Set (mark, next_due_at) of subscriptions; their revisions go up.

    `revisions` is the sum of those that were read: each change raises one, so that it is another then.
    Raises Changed.
    """
    if not moves:
        return
    every = [id_ for ids in moves.values() for id_ in ids]
    with _cursor(tx) as cursor:
        if tx.dialect.name == "sqlite":
            _check(cursor, _SQLITE["seen"], [json.dumps(every)], len(every), revisions)
            rows = [(mark, moment(tx, at), json.dumps(ids)) for (mark, at), ids in moves.items()]
            cursor.executemany(_SQLITE["advance"], rows)
        else:
            marks, times = [list(column) for column in zip(*moves, strict=True)]
            given = [every, _numbers(list(moves.values())), marks, times]
            _check(cursor, _POSTGRES["advance"], given, len(every), revisions)


def hold(tx: Connection, ids: Sequence[int], revisions: int) -> None:
    """Nobody changes these subscriptions until the end of the transaction. Raises Changed, as `advance`."""
    if not ids:
        return
    sqlite = tx.dialect.name == "sqlite"
    with _cursor(tx) as cursor:
        given: list[Any] = [json.dumps(list(ids)) if sqlite else list(ids)]
        _check(cursor, (_SQLITE if sqlite else _POSTGRES)["seen"], given, len(ids), revisions)


def queue(tx: Connection, edition_id: int, rows: Sequence[Queued]) -> None:
    """Write delivery rows."""
    if not rows:
        return
    with _cursor(tx) as cursor:
        if tx.dialect.name == "sqlite":
            cursor.executemany(_SQLITE["queue"], [_sqlite_row(tx, edition_id, row) for row in rows])
        else:
            every = [id_ for row in rows for id_ in row.ids]
            columns = [list(column) for column in zip(*(row[:5] for row in rows), strict=True)]
            given = [edition_id, every, _numbers([row.ids for row in rows]), *columns]
            cursor.execute(_POSTGRES["queue"], given)


def measure(tx: Connection) -> None:
    """After very many new rows: let PostgreSQL's planner know of them.

    Its own daemon comes a minute later, and until then whoever sends would read the whole ledger each time.
    """
    if tx.dialect.name == "postgresql":
        tx.exec_driver_sql("ANALYZE deliveries")


def _sqlite_row(tx: Connection, edition_id: int, row: Queued) -> tuple[Any, ...]:
    at = moment(tx, row.due_at)
    return (edition_id, row.variant_id, row.words, row.lo, row.hi, at, at, json.dumps(row.ids))


def _numbers(groups: Sequence[Sequence[int]]) -> list[int]:
    """For each of all their members the number of its group, from 1."""
    return [n for n, ids in enumerate(groups, 1) for _ in ids]


def _check(cursor: Any, statement: str, given: Sequence[Any], count: int, revisions: int) -> None:
    if tuple(cursor.execute(statement, given).fetchone()) != (count, revisions):
        raise Changed


@contextmanager
def _cursor(tx: Connection) -> Iterator[Any]:
    with closing(tx.connection.cursor()) as cursor:
        yield cursor
