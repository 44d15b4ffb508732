"""Subscribers from a CSV file, and back into one (RFC 4180)."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

from sqlalchemy import Connection

from publisher.config.schema import Config
from publisher.editions.slots import WEEKDAYS
from publisher.errors import Refused
from publisher.store import Store, subscribers
from publisher.subscribing import Choice, checked, only_newsletter, suppress, take

_CHUNK = 500
_ALIAS = {"email": "address", "timezone": "zone"}
COLUMNS = (
    "address", "name", "newsletter", "status", "topics", "cadence", "weekday", "day", "hour", "zone", "language",
)  # fmt: skip
Progress = Callable[[int, int], None]


@dataclass
class Imported:
    """What became of every line; `suppressed` counts who left or must not be mailed, and stays that way."""

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    suppressed: int = 0
    refused: list[dict[str, Any]] = field(default_factory=list)


def take_in(
    store: Store,
    config: Config,
    file: Path,
    now: datetime,
    *,
    newsletter: str = "",
    status: str = "",
    progress: Progress = lambda done, total: None,
) -> Imported:
    """Import a CSV file: the good lines are taken, each bad one is named.

    Raises Refused when the file cannot be read, or says nowhere which status its people have.
    """
    report = Imported()
    try:
        total = sum(1 for _ in file.open("rb"))
        with file.open(encoding="utf-8-sig", newline="") as text:
            lines = _lines(text, file, newsletter, status, config)
            while chunk := list(islice(lines, _CHUNK)):
                with store.write() as tx:
                    for number, row in chunk:
                        _take_line(tx, config, number, row, report, now)
                progress(chunk[-1][0], total)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise Refused(f"{file}: cannot be read as a UTF-8 CSV file: {error}") from None
    return report


def _lines(
    text: TextIO, file: Path, newsletter: str, status: str, config: Config
) -> Iterator[tuple[int, dict[str, str]]]:
    reader = csv.DictReader(text)
    names = [(n or "").strip().lower() for n in reader.fieldnames or []]
    reader.fieldnames = [_ALIAS.get(n, n) for n in names]
    if "address" not in reader.fieldnames:
        raise Refused(f"{file}:1: expected a column address or email, got {', '.join(names) or 'nothing'}")
    if "status" not in reader.fieldnames and not status:
        raise Refused(
            f"{file}: nothing was taken: no column status, and no --status "
            "(say --status confirmed if these people have agreed)"
        )
    if "newsletter" not in reader.fieldnames or newsletter:
        newsletter = only_newsletter(config, newsletter)
    for row in reader:
        given = {k: (v or "").strip() for k, v in row.items() if k and not isinstance(v, list)}
        if not any(given.values()):
            continue
        given["newsletter"] = newsletter or given["newsletter"]
        given["status"] = status or given["status"]
        yield reader.line_num, given


def _take_line(
    tx: Connection, config: Config, number: int, row: dict[str, str], report: Imported, now: datetime
) -> None:
    try:
        choice = checked(_choice(row), config)
    except Refused as error:
        report.refused.append({"line": number, "address": row["address"], "reason": str(error)})
        return
    if subscribers.suppression(tx, choice.address) or _left(tx, choice):
        report.suppressed += 1
        return
    verdict = take(tx, config, choice, now)
    setattr(report, verdict, getattr(report, verdict) + 1)


def _left(tx: Connection, choice: Choice) -> bool:
    """Whether this person unsubscribed: an import never brings anybody back."""
    person = subscribers.find(tx, choice.address)
    mine = subscribers.subscriptions_of(tx, person.id) if person else []
    return choice.status != "unsubscribed" and any(
        s.newsletter == choice.newsletter and s.status == "unsubscribed" for s in mine
    )


def _choice(row: dict[str, str]) -> Choice:
    topics = tuple(t.strip() for t in row.get("topics", "").split(";") if t.strip())
    everything = topics == ("all",)
    return Choice(
        address=row["address"],
        newsletter=row["newsletter"],
        status=row["status"].lower(),
        name=row.get("name") or None,
        topics=None if everything or not topics else topics,
        all_topics=everything,
        cadence=row.get("cadence", "").lower() or None,
        weekday=weekday(row.get("weekday", "")),
        day=_number(row, "day"),
        hour=_number(row, "hour"),
        zone=row.get("zone") or None,
        language=row.get("language") or None,
        attributes={k: v for k, v in row.items() if k not in COLUMNS and v},
    )


def weekday(text: str) -> int | None:
    """0 for Monday, from its name or its first three letters; None for nothing. Raises Refused."""
    if not text:
        return None
    for number, name in enumerate(WEEKDAYS):
        if text.lower() in (name, name[:3]):
            return number
    raise Refused(f"weekday: expected a name such as monday, got {text!r}")


def _number(row: dict[str, str], name: str) -> int | None:
    text = row.get(name, "")
    if not text:
        return None
    if not text.isascii() or not text.isdigit():
        raise Refused(f"{name}: expected a number, got {text!r}")
    return int(text)


def export(store: Store, out: TextIO, newsletter: str = "") -> int:
    """Write every subscription as a line of CSV; an import of it gives the same again. How many lines that was."""
    with store.read() as tx:
        found = list(subscribers.everybody(tx, newsletter))
    extra = sorted({key for person, _ in found for key in person.attributes})
    writer = csv.writer(out)
    writer.writerow([*COLUMNS, *extra])
    for person, s in found:
        topics = "all" if s.topics is None else ";".join(s.topics)
        own = (person.address, person.name, s.newsletter, s.status, topics, s.cadence)
        when = (WEEKDAYS[s.weekday], s.day, s.hour, s.zone, s.language)
        writer.writerow([*own, *when, *(person.attributes.get(key, "") for key in extra)])
    return len(found)


def take_in_suppressions(store: Store, file: Path, now: datetime) -> tuple[int, list[dict[str, Any]]]:
    """Suppress the addresses of a file: (how many were new, the refused lines). Raises Refused."""
    added, refused = 0, []
    try:
        with file.open(encoding="utf-8-sig", newline="") as text:
            for number, row in enumerate(csv.reader(text), 1):
                address, reason = (row + ["", ""])[:2]
                if not address.strip() or (number == 1 and address.strip().lower() in ("address", "email")):
                    continue
                try:
                    added += suppress(store, address.strip(), reason.strip() or "imported", now)
                except Refused as error:
                    refused.append({"line": number, "address": address, "reason": str(error)})
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise Refused(f"{file}: cannot be read as UTF-8 text: {error}") from None
    return added, refused
