"""A group of starts and outcomes on PostgreSQL: one statement for all outcomes, and one for all starts."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection

from publisher.store.groups import Ended, Started
from publisher.store.subscribers import address_key

_GUARDS = """
  AND EXISTS (SELECT 1 FROM editions e WHERE e.id = r.edition_id AND e.state = 'sending')
  AND EXISTS (SELECT 1 FROM subscriptions s WHERE s.id = r.subscription_id AND s.status = 'confirmed')
  AND NOT EXISTS (SELECT 1 FROM suppressions p WHERE p.address_key = a.address_key)"""
# a worker past its lease starts nothing (rule 18), and the database's clock says when that is
_ALIVE = "EXISTS (SELECT 1 FROM workers w WHERE w.name = %(worker)s AND w.lease_until > clock_timestamp())"


@cache
def _statements(rows: str, log: str, key: str) -> tuple[str, str]:
    guards = _GUARDS if rows == "deliveries" else ""
    start = f"""
      WITH a AS (SELECT * FROM unnest(%(n)s::int[], %(id)s::bigint[], %(old)s::text[], %(before)s::int[],
          %(attempt)s::int[], %(dated_at)s::timestamptz[], %(address_key)s::text[])
          AS a(n, id, old, before, attempt, dated_at, address_key)),
      moved AS (UPDATE {rows} r
        SET status = 'sending', attempt = a.attempt, started_at = %(now)s, dated_at = a.dated_at FROM a
        WHERE r.id = a.id AND r.worker = %(worker)s AND r.status = a.old AND r.attempt = a.before
          AND r.due_at <= %(now)s AND {_ALIVE}{guards}
        RETURNING a.n, a.id, a.old, a.attempt),
      logged AS (INSERT INTO {log} ({key}, at, old, new, attempt, worker, code, reply)
        SELECT id, %(now)s, old, 'sending', attempt, %(worker)s, 0, '' FROM moved ORDER BY n)
      SELECT n FROM moved"""
    settle = f"""
      WITH a AS (SELECT * FROM unnest(%(n)s::int[], %(id)s::bigint[], %(new)s::text[], %(attempt)s::int[],
          %(after)s::int[], %(keeps)s::text[], %(code)s::int[], %(reply)s::text[],
          %(due_at)s::timestamptz[], %(finished_at)s::timestamptz[])
          AS a(n, id, new, attempt, after, keeps, code, reply, due_at, finished_at)),
      moved AS (UPDATE {rows} r
        SET status = a.new, attempt = a.after, worker = a.keeps, code = a.code, reply = a.reply,
          due_at = coalesce(a.due_at, r.due_at), finished_at = a.finished_at FROM a
        WHERE r.id = a.id AND r.status = 'sending' AND r.worker = %(worker)s AND r.attempt = a.attempt
        RETURNING a.n, a.id, a.new, a.attempt, a.code, a.reply),
      logged AS (INSERT INTO {log} ({key}, at, old, new, attempt, worker, code, reply)
        SELECT id, %(now)s, 'sending', new, attempt, %(worker)s, code, reply FROM moved ORDER BY n)
      SELECT n FROM moved"""
    return start, settle


def record(
    tx: Connection,
    rows: str,
    log: str,
    key: str,
    worker: str,
    ended: Sequence[Ended],
    started: Sequence[Started],
    now: datetime,
) -> tuple[list[int], list[int]]:
    """Write outcomes, then starts; the numbers of those that found their row otherwise."""
    start, settle = _statements(rows, log, key)
    given = {"worker": worker, "now": now}
    driver: Any = tx.connection.driver_connection
    settling, starting = driver.cursor(), driver.cursor()
    # both at once: the way to the server and back takes as long as what it does there
    with driver.pipeline():
        if ended:
            settling.execute(settle, _outcomes(ended, worker, now) | given)
        if started:
            starting.execute(start, _starts(started) | given)
    return _others(settling, len(ended)), _others(starting, len(started))


def _others(cursor: Any, count: int) -> list[int]:
    """Those of so many whose row was found otherwise."""
    with closing(cursor):
        moved = {row[0] for row in cursor.fetchall()} if count else set()
    return [n for n in range(count) if n not in moved]


def _starts(started: Sequence[Started]) -> dict[str, Any]:
    return {
        "n": list(range(len(started))),
        "id": [s.row.id for s in started],
        "old": [s.row.status for s in started],
        "before": [s.row.attempt for s in started],
        "attempt": [s.attempt for s in started],
        "dated_at": [s.dated_at for s in started],
        "address_key": [address_key(s.row.address) for s in started],
    }


def _outcomes(ended: Sequence[Ended], worker: str, now: datetime) -> dict[str, Any]:
    return {
        "n": list(range(len(ended))),
        "id": [e.started.row.id for e in ended],
        "new": [e.status for e in ended],
        "attempt": [e.started.attempt for e in ended],
        "after": [e.tries for e in ended],
        "keeps": ["" if e.waits else worker for e in ended],
        "code": [e.code for e in ended],
        "reply": [e.reply.replace("\0", " ") for e in ended],
        "due_at": [e.due_at for e in ended],
        "finished_at": [None if e.waits else now for e in ended],
    }
