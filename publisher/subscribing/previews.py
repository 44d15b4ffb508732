"""What an import would do with the first lines of a file: decided as it would be, and not written."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from publisher.config.schema import Config
from publisher.errors import Refused
from publisher.permissions import N_
from publisher.store import Store
from publisher.subscribing.choosing import Choice
from publisher.subscribing.csv_files import Source, Taking, sources_of
from publisher.subscribing.encodings import WINDOWS
from publisher.subscribing.rows import COLUMNS, Away

# lines that are looked at, and lines and cells that are shown
LOOKED_AT, _LINES, _CELLS, _LONGEST = 1000, 5, 30, 80
_UNDECIDED = N_("no column says whether these people have agreed: choose the status of lines without one")


class _Undone(Exception):
    """Nothing of this transaction is to stay."""


def preview(
    store: Store, config: Config, file: Path, name: str, newsletter: str, status: str, now: datetime
) -> dict[str, Any]:
    """What stands in a file and what would become of its first thousand lines, as plain values.

    `wrong` says why nothing can be taken of it; empty where something can. `sheets` are the files in it:
    each with its columns (`of` is ours, or attribute, or nothing), its first lines, and the `system` that
    wrote it.
    """
    said: list[str] = []
    taking = Taking(store, config, now, newsletter=newsletter, status=status, name=name)
    try:
        sources = sources_of(file, name, said.append)
        found = {"total": sum(one.sheet.total for one in sources), "sheets": list(map(_sheet, sources))}
    except Refused as error:
        return {"wrong": _short(str(error), 500), "total": 0, "sheets": []}
    wrong = "" if status or all(one.decides for one in sources) else _UNDECIDED
    try:
        return {**found, "wrong": wrong, **({} if wrong else _tried(store, taking, sources))}
    except Refused as error:
        return {**found, "wrong": _short(str(error), 500)}


def _tried(store: Store, taking: Taking, sources: Sequence[Source]) -> dict[str, Any]:
    """What would become of the first lines: counts, and the first that would be refused."""
    some: list[Choice | Away | None] = []
    for source in sources:
        some += islice(taking.choices(source, taking.reading(source)), LOOKED_AT - len(some))
    try:
        with store.write() as tx:
            taking.take_chunk(tx, [one for one in some if one], None)
            raise _Undone
    except _Undone:
        report = taking.report
    names = ("added", "updated", "unchanged", "suppressed")
    counts = {name: getattr(report, name) for name in names} | {"refused": report.refused_count}
    refused = [
        {"line": one["line"], "address": _short(one["address"]), "reason": _short(one["reason"], 300)}
        for one in report.refused[:_LINES]
    ]
    return {"looked_at": len(some), "counts": counts, "refused": refused}


def _sheet(source: Source) -> dict[str, Any]:
    rows = [
        {"line": line.number, "cells": [_short(cell) for cell in line.cells[:_CELLS]]}
        for line in islice(source.sheet.rows(), _LINES)
    ]
    columns = [
        {"name": _short(given), "of": _of(source, given, ours)}
        for given, ours in zip(source.sheet.header, source.columns, strict=True)
    ]
    return {
        "place": source.sheet.place,
        "lines": source.sheet.total,
        "system": source.system.name if source.system else "",
        "windows": source.sheet.encoding == WINDOWS,
        "columns": columns[:_CELLS],
        "more": max(0, len(columns) - _CELLS),
        "rows": rows,
    }


def _of(source: Source, given: str, ours: str) -> str:
    """What a column becomes: one of ours, `attribute`, or empty where it is left out."""
    if source.system:
        return source.system.meaning(given)
    return ours if ours in COLUMNS else "attribute" if given else ""


def _short(text: str, most: int = _LONGEST) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
