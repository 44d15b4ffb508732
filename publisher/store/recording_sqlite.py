"""A group of starts and outcomes on SQLite: three statements for all of them, straight to the driver.

A statement for each row would cost twice as much. Only where a row was found otherwise a group is undone and
written row by row.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection

from publisher.store.claims import Claimed, ClaimedNotice
from publisher.store.groups import Ended, Started, variant_of
from publisher.store.subscribers import address_key

_MOST = 100  # SQLite takes 32,766 values in one statement; so many rows do not come together

_GUARDS = """
  AND (SELECT state FROM editions WHERE editions.id = edition_id) = 'sending'
  AND (SELECT status FROM subscriptions WHERE subscriptions.id = subscription_id) = 'confirmed'
  AND NOT EXISTS (SELECT 1 FROM suppressions WHERE address_key = a.column6)
  AND variant_id = a.column7"""


def _values(count: int, width: int) -> str:
    row = f"({', '.join('?' * width)})"
    return f"VALUES {', '.join([row] * count)}"


@lru_cache(maxsize=500)
def _start(rows: str, count: int) -> str:
    guards = _GUARDS if rows == "deliveries" else ""
    return f"""UPDATE {rows} SET status = 'sending', attempt = a.column4, started_at = ?, dated_at = a.column5
      FROM ({_values(count, 7)}) AS a
      WHERE id = a.column1 AND worker = ? AND status = a.column2 AND attempt = a.column3 AND due_at <= ?
      {guards}"""


@lru_cache(maxsize=500)
def _settle(rows: str, count: int) -> str:
    return f"""UPDATE {rows} SET status = a.column3, attempt = a.column4, worker = a.column5,
        code = a.column6, reply = a.column7, due_at = coalesce(a.column8, due_at), finished_at = a.column9
      FROM ({_values(count, 9)}) AS a
      WHERE id = a.column1 AND status = 'sending' AND worker = ? AND attempt = a.column2"""


@lru_cache(maxsize=500)
def _log(log: str, key: str, count: int) -> str:
    return f"""INSERT INTO {log} ({key}, at, old, new, attempt, worker, code, reply)
      {_values(count, 8)}"""


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
    cursor: Any = tx.connection.cursor()
    writing = _Writing(cursor, rows, worker, str(_stored(now)))
    cursor.execute("SAVEPOINT together")
    lost, refused = [], []
    if not (writing.outcomes(ended) and writing.starts(started)):
        cursor.execute("ROLLBACK TO together")
        lost = [n for n, each in enumerate(ended) if not writing.outcomes([each])]
        refused = [n for n, each in enumerate(started) if not writing.starts([each])]
    gone = [e for n, e in enumerate(ended) if n not in lost] if lost else ended
    begun = [s for n, s in enumerate(started) if n not in refused] if refused else started
    for some in batched((*gone, *begun), _MOST):
        values = [v for each in some for v in writing.event(each)]
        cursor.execute(_log(log, key, len(some)), values)
    cursor.close()
    return lost, refused


@dataclass(frozen=True, slots=True)
class _Writing:
    """What stays the same in a group."""

    cursor: Any
    rows: str
    worker: str
    at: str

    def outcomes(self, ended: Sequence[Ended]) -> bool:
        """Whether every row was as expected."""
        for some in batched(ended, _MOST):
            values = [v for e in some for v in self._outcome(e, e.started)]
            self.cursor.execute(_settle(self.rows, len(some)), [*values, self.worker])
            if self.cursor.rowcount != len(some):
                return False
        return True

    def _outcome(self, e: Ended, s: Started) -> tuple[Any, ...]:
        worker, at = ("", None) if e.waits else (self.worker, self.at)
        due_at = _stored(e.due_at) if e.due_at else None
        return s.row.id, s.attempt, e.status, e.tries, worker, e.code, e.reply, due_at, at

    def starts(self, started: Sequence[Started]) -> bool:
        """Whether every row was as expected."""
        for some in batched(started, _MOST):
            values = [v for s in some for v in self._begun(s, s.row)]
            self.cursor.execute(_start(self.rows, len(some)), [self.at, *values, self.worker, self.at])
            if self.cursor.rowcount != len(some):
                return False
        return True

    def _begun(self, s: Started, row: Claimed | ClaimedNotice) -> tuple[Any, ...]:
        began = row.id, row.status, row.attempt, s.attempt, _stored(s.dated_at)
        return *began, address_key(row.address), variant_of(row)

    def event(self, change: Ended | Started) -> tuple[Any, ...]:
        """What happened, for ever."""
        if isinstance(change, Ended):
            s = change.started
            was, new, code, reply = "sending", change.status, change.code, change.reply
        else:
            s, was, new, code, reply = change, change.row.status, "sending", 0, ""
        return s.row.id, self.at, was, new, s.attempt, self.worker, code, reply


def batched(changes: Sequence[Any], most: int) -> Iterator[Sequence[Any]]:
    """Slices of at most so many."""
    return (changes[n : n + most] for n in range(0, len(changes), most))


@lru_cache(maxsize=64)
def _stored(moment: datetime) -> str:
    """As the column type writes it: UTC, without a zone."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")
