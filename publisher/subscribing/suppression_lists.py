"""Addresses that must never be mailed: from lists, and back into them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

from publisher.errors import Refused
from publisher.store import Store, erased, subscribers
from publisher.store.chunking import Chunks
from publisher.subscribing import csv_text, suppression_checked
from publisher.subscribing.rows import ALIAS, moment

_MOST, LISTED = 5000, 1000
Refusal = dict[str, Any]


def take_in_suppressions(
    store: Store,
    file: Path,
    now: datetime,
    *,
    refused: Callable[[Refusal, str], None] = lambda _line, _place: None,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> tuple[int, int]:
    """Suppress the addresses of a file, a column or a line each: how many were new, how many were refused.

    `refused` is told of each line that cannot be taken. Raises Refused when the file cannot be read.
    """
    sheet = csv_text.read(file)
    columns = [ALIAS.get(name, name) for name in sheet.header]
    headed = "address" in columns
    rows = sheet.rows() if headed else sheet.all_rows()
    names = columns if headed else ["address", "reason", "since"]
    added, bad, done, chunks = 0, 0, 0, Chunks(store, _MOST)
    while chunk := list(islice(rows, chunks.size)):
        good = []
        for number, cells, fault in chunk:
            row = dict(zip(names, cells, strict=False))
            try:
                good.append(_suppression(row, fault, now))
            except Refused as error:
                bad += 1
                line = {"line": number, "address": row.get("address", ""), "reason": str(error)}
                refused(line, sheet.place)
        with chunks.write(len(chunk)) as tx:
            added += subscribers.suppress_all(tx, good)
        done += len(chunk)
        progress(done, sheet.total)
    return added, bad


def _suppression(row: dict[str, str], fault: str, now: datetime) -> tuple[str, str, datetime]:
    if fault:
        raise Refused(fault)
    address, reason = row.get("address", ""), row.get("reason", "") or "imported"
    since = moment(row["since"], "since") if row.get("since") else now
    if not erased.is_hash(address):
        address, reason = suppression_checked(address, reason)
    return address, reason, since


def export_suppressions(store: Store, out: TextIO) -> int:
    """Write every suppression as a line of CSV, for an import to give the same again; how many there are.

    An erased address is its hash, which means something to a store with the same keys only.
    """
    with store.read() as tx:
        found = subscribers.suppressed(tx)
        lines = ((address, why, at.isoformat()) for address, why, at in found)
        return csv_text.write(out, ["address", "reason", "since"], lines)
