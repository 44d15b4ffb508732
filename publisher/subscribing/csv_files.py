"""Subscribers and suppressions from CSV files, and back into them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

from publisher.config.schema import Config
from publisher.editions.slots import WEEKDAYS
from publisher.errors import Refused
from publisher.store import Store, subscribers
from publisher.subscribing import csv_text, suppression_checked
from publisher.subscribing.choosing import Choice, checked, only_newsletter, topics, weekday
from publisher.subscribing.csv_text import Sheet
from publisher.subscribing.taking import Register

_CHUNK = 100
_ALIAS = {"email": "address", "e-mail": "address", "mail": "address", "timezone": "zone"}
_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}
COLUMNS = (
    "address", "name", "newsletter", "status", "topics", "cadence",
    "weekday", "day", "hour", "zone", "language",
)  # fmt: skip
Progress = Callable[[int, int], None]
Refusal = dict[str, Any]


@dataclass
class Imported:
    """What became of every line; `suppressed` counts who left or must not be mailed, and stays that way."""

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    suppressed: int = 0
    refused: list[Refusal] = field(default_factory=list)


def take_in(
    store: Store,
    config: Config,
    file: Path,
    now: datetime,
    *,
    newsletter: str = "",
    status: str = "",
    progress: Progress = lambda _done, _total: None,
) -> Imported:
    """Import a CSV file: the good lines are taken, each bad one is named. `newsletter` and `status` are for
    lines without their own.

    Raises Refused, with nothing taken, when the file cannot be read or says nowhere who has which status.
    """
    sheet = csv_text.read(file)
    columns = _columns(sheet)
    if "status" not in columns and not status:
        raise Refused(
            f"{file}: nothing was taken: no column status, and no --status "
            "(say --status confirmed if these people have agreed)"
        )
    default = only_newsletter(config, newsletter) if newsletter or "newsletter" not in columns else ""
    report, done = Imported(), 0
    choices = _choices(sheet, columns, config, default, status, report)
    while chunk := list(islice(choices, _CHUNK)):
        _take_chunk(store, config, [c for c in chunk if c], report, now)
        done += len(chunk)
        progress(done, sheet.total)
    return report


def _columns(sheet: Sheet) -> list[str]:
    columns = [_ALIAS.get(name, name) for name in sheet.header]
    if "address" not in columns:
        given = ", ".join(n for n in sheet.header if n) or "nothing"
        for sign, name in _SEPARATORS.items():
            if len(columns) == 1 and sign in given:
                raise Refused(f"{sheet.file}:1: the columns are separated by {name}: expected commas")
        raise Refused(f"{sheet.file}:1: expected a header with a column address or email, got {given[:200]}")
    for short, name in ((name, _ALIAS[name]) for name in sheet.header if name in _ALIAS):
        if columns.count(name) > 1:
            raise Refused(f"{sheet.file}:1: the columns {name} and {short} mean the same: keep one")
    return columns


def _choices(
    sheet: Sheet, columns: list[str], config: Config, newsletter: str, status: str, report: Imported
) -> Iterator[Choice | None]:
    """A checked choice for each row, None for one that was refused."""
    for line, cells in sheet.rows():
        row = {name: cell for name, cell in zip(columns, cells, strict=False) if name}
        try:
            if len(cells) > len(columns):
                raise Refused(
                    f"{len(cells)} cells under {len(columns)} columns: a comma inside a cell wants quotes"
                )
            row["newsletter"] = _newsletter(row.get("newsletter", ""), newsletter, config)
            row["status"] = row.get("status", "") or status
            yield checked(_choice(row), config)
        except Refused as error:
            report.refused.append({"line": line, "address": row.get("address", ""), "reason": str(error)})
            yield None


def _newsletter(own: str, default: str, config: Config) -> str:
    if own and default and own != default:
        raise Refused(f"newsletter: this line is for {own!r}, and the import for {default!r}")
    return own or default or only_newsletter(config, "")


def _take_chunk(store: Store, config: Config, choices: list[Choice], report: Imported, now: datetime) -> None:
    with store.write() as tx:
        register = Register(tx, config, [c.address for c in choices], now)
        for choice in choices:
            verdict = "suppressed" if _stays_away(register, choice) else register.take(choice)
            setattr(report, verdict, getattr(report, verdict) + 1)
        register.flush()


def _stays_away(register: Register, choice: Choice) -> bool:
    """Whether this person left or must not be mailed: an import never brings anybody back."""
    if choice.status == "unsubscribed":
        return False
    known = register.known(choice.address)
    left = (s.newsletter == choice.newsletter and s.status == "unsubscribed" for s in known.subscriptions)
    return bool(known.suppression) or any(left)


def _choice(row: dict[str, str]) -> Choice:
    named, everything = topics(row.get("topics", ""))
    return Choice(
        address=row.get("address", ""),
        newsletter=row["newsletter"],
        status=row["status"].lower(),
        name=row.get("name") or None,
        topics=named,
        all_topics=everything,
        cadence=row.get("cadence", "").lower() or None,
        weekday=weekday(row.get("weekday", "")),
        day=_number(row, "day"),
        hour=_number(row, "hour"),
        zone=row.get("zone") or None,
        language=row.get("language") or None,
        attributes={k: v for k, v in row.items() if k not in COLUMNS and v},
    )


def _number(row: dict[str, str], name: str) -> int | None:
    text = row.get(name, "")
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 4:
        raise Refused(f"{name}: expected a number, got {text[:40]!r}")
    return int(text)


def export(store: Store, out: TextIO, newsletter: str = "") -> int:
    """Write every subscription as a line of CSV, for an import to give the same again; how many there are."""
    with store.read() as tx:
        found = list(subscribers.everybody(tx, newsletter))
    extra = sorted({key for person, _ in found for key in person.attributes})
    csv_text.write(out, [*COLUMNS, *extra], (_line(person, s, extra) for person, s in found))
    return len(found)


def _line(person: subscribers.Subscriber, s: subscribers.Subscription, extra: list[str]) -> list[object]:
    chosen = "all" if s.topics is None else ";".join(s.topics)
    own = (person.address, person.name, s.newsletter, s.status, chosen, s.cadence)
    when = (WEEKDAYS[s.weekday], s.day, s.hour, s.zone, s.language)
    return [*own, *when, *(person.attributes.get(key, "") for key in extra)]


def take_in_suppressions(store: Store, file: Path, now: datetime) -> tuple[int, list[Refusal]]:
    """Suppress the addresses of a file, a column or a line each: (how many were new, the refused lines).

    Raises Refused when the file cannot be read.
    """
    sheet = csv_text.read(file)
    columns = [_ALIAS.get(name, name) for name in sheet.header]
    headed = "address" in columns
    rows = sheet.rows() if headed else sheet.all_rows()
    names = columns if headed else ["address", "reason", "since"]
    added, refused = 0, list[Refusal]()
    while chunk := list(islice(rows, _CHUNK)):
        with store.write() as tx:
            for line, cells in chunk:
                row = dict(zip(names, cells, strict=False))
                try:
                    address, reason = suppression_checked(
                        row.get("address", ""), row.get("reason", "") or "imported"
                    )
                    since = _moment(row.get("since", ""), now)
                except Refused as error:
                    refused.append({"line": line, "address": row.get("address", ""), "reason": str(error)})
                    continue
                added += subscribers.suppress(tx, address, reason, since)
    return added, refused


def _moment(text: str, now: datetime) -> datetime:
    if not text:
        return now
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise Refused(f"since: expected a moment such as 2026-11-21T07:00, got {text[:40]!r}") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def export_suppressions(store: Store, out: TextIO) -> int:
    """Write every suppression as a line of CSV, for an import to give the same again; how many there are."""
    with store.read() as tx:
        found = subscribers.suppressed(tx)
    csv_text.write(out, ["address", "reason", "since"], ((a, why, at.isoformat()) for a, why, at in found))
    return len(found)
