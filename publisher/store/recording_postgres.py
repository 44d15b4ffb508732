"""A group of starts and outcomes on PostgreSQL: one statement for all outcomes, and one for all starts."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
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
      WITH a AS (SELECT * FROM json_to_recordset(%(rows)s::json) AS a(n int, id bigint, old text, before int,
          attempt int, dated_at timestamptz, address_key text)),
      moved AS (UPDATE {rows} r
        SET status = 'sending', attempt = a.attempt, started_at = %(now)s, dated_at = a.dated_at FROM a
        WHERE r.id = a.id AND r.worker = %(worker)s AND r.status = a.old AND r.attempt = a.before
          AND r.due_at <= %(now)s AND {_ALIVE}{guards}
        RETURNING a.n, a.id, a.old, a.attempt),
      logged AS (INSERT INTO {log} ({key}, at, old, new, attempt, worker, code, reply)
        SELECT id, %(now)s, old, 'sending', attempt, %(worker)s, 0, '' FROM moved ORDER BY n)
      SELECT n FROM moved"""
    settle = f"""
      WITH a AS (SELECT * FROM json_to_recordset(%(rows)s::json) AS a(n int, id bigint, new text, attempt int,
          after int, keeps text, code int, reply text, due_at timestamptz, finished_at timestamptz)),
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
            settling.execute(settle, {"rows": _outcomes(ended, worker, now)} | given)
        if started:
            starting.execute(start, {"rows": _starts(started)} | given)
    return _others(settling, len(ended)), _others(starting, len(started))


def _others(cursor: Any, count: int) -> list[int]:
    """Those of so many whose row was found otherwise."""
    with closing(cursor):
        moved = {row[0] for row in cursor.fetchall()} if count else set()
    return [n for n in range(count) if n not in moved]


def _starts(started: Sequence[Started]) -> str:
    return _json(
        {
            "n": n,
            "id": s.row.id,
            "old": s.row.status,
            "before": s.row.attempt,
            "attempt": s.attempt,
            "dated_at": s.dated_at.isoformat(),
            "address_key": address_key(s.row.address),
        }
        for n, s in enumerate(started)
    )


def _outcomes(ended: Sequence[Ended], worker: str, now: datetime) -> str:
    return _json(
        {
            "n": n,
            "id": e.started.row.id,
            "new": e.status,
            "attempt": e.started.attempt,
            "after": e.tries,
            "keeps": "" if e.waits else worker,
            "code": e.code,
            "reply": e.reply.replace("\0", " "),
            "due_at": e.due_at and e.due_at.isoformat(),
            "finished_at": None if e.waits else now.isoformat(),
        }
        for n, e in enumerate(ended)
    )


def _json(rows: Iterable[dict[str, Any]]) -> str:
    """All rows as one value: to write a list for each column takes as long as the server's work."""
    return json.dumps(list(rows), ensure_ascii=False)
