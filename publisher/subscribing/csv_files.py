"""Subscribers from CSV files: the good lines are taken, each bad one is named."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from publisher.config.schema import Config
from publisher.errors import Refused
from publisher.store import Store, consents, subscribers
from publisher.store.chunking import Chunks
from publisher.store.consents import LONGEST_SOURCE
from publisher.store.subscribers import address_key
from publisher.subscribing import bundles
from publisher.subscribing.choosing import Choice, only_newsletter
from publisher.subscribing.csv_text import Sheet
from publisher.subscribing.encodings import WINDOWS
from publisher.subscribing.rows import ALIAS, Away, Reading
from publisher.subscribing.systems import System, recognised
from publisher.subscribing.taking import Alike, Register

_MOST, _WINDOW = 5000, 50_000
LISTED = 1000
_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}
Progress = Callable[[int, int], None]
Refusal = dict[str, Any]


@dataclass
class Imported:
    """What became of every line; `suppressed` counts who left or must not be mailed, and stays that way.

    `refused` lists the first thousand of `refused_count`.
    """

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    suppressed: int = 0
    refused_count: int = 0
    refused: list[Refusal] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Source:
    """A sheet that is to be taken, what its columns are called here, and which system wrote it, if known."""

    sheet: Sheet
    columns: Sequence[str]
    system: System | None

    @property
    def decides(self) -> bool:
        """Whether its rows say their status themselves."""
        return self.system.decides if self.system else "status" in self.columns


@dataclass(frozen=True, slots=True)
class Point:
    """How far an import is: so many lines of whole windows, and after them all up to an address key."""

    lines: int = 0
    upto: str = ""


@dataclass
class Taking:
    """One import: where to, and whom to tell of what comes up.

    `say` is told what a file was taken for, `refused` of each line that cannot be taken, and its file (`nth`
    is then its number among the lines of all files). `name` is what the file is called in messages.

    To go on where another was killed: `begun` and `report` are what `keep` was told last, in the transaction
    that took what it speaks of. `looked` is called when a window of lines was read, before any is taken.
    """

    store: Store
    config: Config
    now: datetime
    newsletter: str = ""
    status: str = ""
    progress: Progress = lambda _done, _total: None
    say: Callable[[str], None] = lambda _text: None
    refused: Callable[[Refusal, str], None] = lambda _line, _place: None
    report: Imported = field(default_factory=Imported)
    name: str = ""
    begun: Point = Point()
    keep: Callable[[Connection, Point], None] = lambda _tx, _point: None
    looked: Callable[[], None] = lambda: None
    nth: int = 0

    def take(self, file: Path) -> Imported:
        """Import a file. Raises Refused, with nothing taken, when it cannot be read or lacks a status."""
        sources = sources_of(file, self.name, self.say)
        for source in sources:
            self._check(file, source)
        total, done = sum(source.sheet.total for source in sources), 0
        for source in sources:
            if done + source.sheet.total > self.begun.lines:
                self._take(source, done, total)
            done += source.sheet.total
        return self.report

    def _check(self, file: Path, source: Source) -> None:
        if not source.decides and not self.status:
            system = source.system
            missing = f"{system.name} does not say who has agreed" if system else "no column status"
            raise Refused(
                f"{self.name or file}: nothing was taken: {missing}, and no --status "
                "(say --status confirmed if these people have agreed)"
            )

    def reading(self, source: Source) -> Reading:
        """What reads the rows of a source. Raises Refused where it is not clear for which newsletter."""
        default = self.newsletter
        if self.newsletter or "newsletter" not in source.columns:
            default = only_newsletter(self.config, self.newsletter)
        return Reading(self.config, default, self.status)

    def _take(self, source: Source, before: int, total: int) -> None:
        """Take a source, of which the first line is so many lines after that of the first source."""
        reading, chunks = self.reading(source), Chunks(self.store, _MOST)
        evidence = None if "consents" in source.columns else ("imported", _origin(source))
        begins = max(before, self.begun.lines)
        upto = self.begun.upto if begins == self.begun.lines else ""
        choices = self.choices(source, reading, before, begins - before)
        while window := list(islice(choices, _WINDOW)):
            self.looked()
            ends = Point(begins + len(window))
            # neighbours in the index of addresses go together: far fewer pages are written for each line
            wanted = sorted((c for c in window if c and _place(c) > upto), key=_place)
            self._keep_texts(reading)
            # for as long as a window only: a release of meanwhile counts for the next
            alike = Alike()
            while wanted:
                some = wanted[: _whole(wanted, chunks.size)]
                del wanted[: len(some)]
                with chunks.write(len(some)) as tx:
                    self.take_chunk(tx, some, evidence, alike)
                    self.keep(tx, Point(begins, _place(some[-1])) if wanted else ends)
                self.progress(ends.lines - len(wanted), total)
            self.progress(ends.lines, total)
            begins, upto = ends.lines, ""

    def _keep_texts(self, reading: Reading) -> None:
        if reading.texts:
            with self.store.write() as tx:
                for text in sorted(reading.texts):
                    consents.keep_text(tx, text)
            reading.texts.clear()

    def take_chunk(
        self,
        tx: Connection,
        wanted: list[Choice | Away],
        evidence: tuple[str, str] | None,
        alike: Alike | None = None,
    ) -> None:
        """Take some choices in one transaction, and count what became of them."""
        away = [(one.address, one.reason, self.now) for one in wanted if isinstance(one, Away)]
        if away:
            subscribers.suppress_all(tx, away)
            self.report.suppressed += len(away)
        choices = [one for one in wanted if isinstance(one, Choice)]
        register = Register(
            tx, self.config, [c.address for c in choices], self.now, evidence, alike, told=False
        )
        for choice in choices:
            verdict = "suppressed" if _stays_away(register, choice) else register.take(choice)
            setattr(self.report, verdict, getattr(self.report, verdict) + 1)
        register.flush()

    def choices(
        self, source: Source, reading: Reading, before: int = 0, passed: int = 0
    ) -> Iterator[Choice | Away | None]:
        """A checked choice for each row, None for one that was refused; `passed` are passed over first."""
        columns, system, width = source.columns, source.system, len(source.columns)
        groups = self.config.topics
        rows = islice(enumerate(source.sheet.rows(), before), passed, None)
        for self.nth, (number, cells, fault) in rows:
            row = dict(zip(columns, cells, strict=False))
            address = row.get(system.address if system else "address", "")
            try:
                if fault or len(cells) > width:
                    many = f"{len(cells)} cells under {width} columns: a comma inside a cell wants quotes"
                    raise Refused(fault or many)
                if system:
                    row = system.row(row, groups)
                yield reading.choice(row)
            except Refused as error:
                self._refuse({"line": number, "address": address, "reason": str(error)}, source.sheet.place)
                yield None

    def _refuse(self, line: Refusal, place: str) -> None:
        self.report.refused_count += 1
        if len(self.report.refused) < LISTED:
            self.report.refused.append(line)
        self.refused(line, place)


def take_in(store: Store, config: Config, file: Path, now: datetime, **options: Any) -> Imported:
    """Import a file, with the options of `Taking`. Raises Refused as it does."""
    return Taking(store, config, now, **options).take(file)


def sources_of(file: Path, name: str = "", say: Callable[[str], None] = lambda _text: None) -> list[Source]:
    """The sheets of a file, looked at from end to end; `say` is told what they are. Raises Refused.

    `name` is what the file is called.
    """
    return [_source(sheet, say) for sheet in bundles.sheets(file, say, name)]


def _source(sheet: Sheet, say: Callable[[str], None]) -> Source:
    if sheet.encoding == WINDOWS:
        say(f"{sheet.place}: is not UTF-8, and was read as Windows-1252")
    system = recognised(sheet.header, sheet.place)
    if system:
        say(f"{sheet.place}: an export of {system.name}")
    return Source(sheet, sheet.header if system else _columns(sheet), system)


def _place(choice: Choice | Away) -> str:
    return address_key(choice.address)


def _whole(wanted: Sequence[Choice | Away], size: int) -> int:
    """So many, and whoever else has the last one's address: where an import goes on, it goes on after all."""
    while size < len(wanted) and _place(wanted[size]) == _place(wanted[size - 1]):
        size += 1
    return size


def _origin(source: Source) -> str:
    name = Path(source.sheet.place).name
    return (
        f"import {name} ({source.system.name})"[:LONGEST_SOURCE] if source.system else f"import {name}"[:60]
    )


def _columns(sheet: Sheet) -> list[str]:
    if doubled := next((n for n in sheet.header if n and sheet.header.count(n) > 1), ""):
        raise Refused(f"{sheet.place}:1: two columns are called {doubled}")
    columns = [ALIAS.get(name, name) for name in sheet.header]
    if "address" not in columns:
        given = ", ".join(n for n in sheet.header if n) or "nothing"
        for sign, name in _SEPARATORS.items():
            if len(columns) == 1 and sign in given:
                raise Refused(f"{sheet.place}:1: the columns are separated by {name}: expected commas")
        raise Refused(f"{sheet.place}:1: expected a header with a column address or email, got {given[:200]}")
    for short, name in ((name, ALIAS[name]) for name in sheet.header if name in ALIAS):
        if columns.count(name) > 1:
            raise Refused(f"{sheet.place}:1: the columns {name} and {short} mean the same: keep one")
    return columns


def _stays_away(register: Register, choice: Choice) -> bool:
    """Whether this person left or must not be mailed: an import never brings anybody back."""
    if choice.status == "unsubscribed":
        return register.suppression(choice.address) == "erased"
    left = register.status(choice.address, choice.newsletter) == "unsubscribed"
    return left or bool(register.suppression(choice.address))
