"""A group of starts and outcomes on PostgreSQL: one statement."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from contextlib import closing
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection

from publisher.store.groups import Ended, Started, variant_of
from publisher.store.subscribers import address_key

_GUARDS = """
  AND EXISTS (SELECT 1 FROM editions e WHERE e.id = r.edition_id AND e.state = 'sending')
  AND EXISTS (SELECT 1 FROM subscriptions s WHERE s.id = r.subscription_id AND s.status = 'confirmed')
  AND NOT EXISTS (SELECT 1 FROM suppressions p WHERE p.address_key = a.address_key)
  AND r.variant_id = a.variant_id"""
# a worker past its lease starts nothing (rule 18), and the database's clock says when that is
_ALIVE = "EXISTS (SELECT 1 FROM workers w WHERE w.name = %(worker)s AND w.lease_until > clock_timestamp())"


@cache
def _statement(rows: str, log: str, key: str, settles: bool, starts: bool) -> str:
    """One statement for both: a pipeline of two would take the server's idle timeout out of force."""
    guards = _GUARDS if rows == "deliveries" else ""
    event = f"INSERT INTO {log} ({key}, at, old, new, attempt, worker, code, reply)"
    settle = f"""
      e AS (SELECT * FROM json_to_recordset(%(ended)s::json) AS e(n int, id bigint, new text, attempt int,
          after int, keeps text, code int, reply text, due_at timestamptz, finished_at timestamptz)),
      ended AS (UPDATE {rows} r
        SET status = e.new, attempt = e.after, worker = e.keeps, code = e.code, reply = e.reply,
          due_at = coalesce(e.due_at, r.due_at), finished_at = e.finished_at FROM e
        WHERE r.id = e.id AND r.status = 'sending' AND r.worker = %(worker)s AND r.attempt = e.attempt
        RETURNING e.n, e.id, e.new, e.attempt, e.code, e.reply),
      outcomes AS ({event}
        SELECT id, %(now)s, 'sending', new, attempt, %(worker)s, code, reply FROM ended ORDER BY n)"""
    start = f"""
      a AS (SELECT * FROM json_to_recordset(%(started)s::json) AS a(n int, id bigint, old text, before int,
          attempt int, dated_at timestamptz, address_key text,
          variant_id bigint)),
      started AS (UPDATE {rows} r
        SET status = 'sending', attempt = a.attempt, started_at = %(now)s, dated_at = a.dated_at FROM a
        WHERE r.id = a.id AND r.worker = %(worker)s AND r.status = a.old AND r.attempt = a.before
          AND r.due_at <= %(now)s AND {_ALIVE}{guards}
        RETURNING a.n, a.id, a.old, a.attempt),
      starts AS ({event}
        SELECT id, %(now)s, old, 'sending', attempt, %(worker)s, 0, '' FROM started ORDER BY n)"""
    parts = [part for part, wanted in ((settle, settles), (start, starts)) if wanted]
    found = ["SELECT true, n FROM ended"] * settles + ["SELECT false, n FROM started"] * starts
    return f"WITH {','.join(parts)} {' UNION ALL '.join(found)}"


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
    if not (ended or started):
        return [], []
    given = {
        "worker": worker,
        "now": now,
        "ended": _outcomes(ended, worker, now),
        "started": _starts(started),
    }
    query = _statement(rows, log, key, bool(ended), bool(started))
    driver: Any = tx.connection.driver_connection
    with closing(driver.cursor()) as cursor:
        moved = set(cursor.execute(query, given).fetchall())
    return (
        [n for n in range(len(ended)) if (True, n) not in moved],
        [n for n in range(len(started)) if (False, n) not in moved],
    )


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
            "variant_id": variant_of(s.row),
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
