"""Subscribers into CSV files, of which an import makes the same again."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from io import StringIO
from itertools import groupby
from typing import TextIO

from sqlalchemy import Connection

from publisher import permissions
from publisher.editions.slots import WEEKDAYS
from publisher.model.editors import Actor
from publisher.store import Store, consents, deeds, subscribers
from publisher.store.consents import Consent
from publisher.store.subscribers import Subscriber, Subscription
from publisher.subscribing import csv_text
from publisher.subscribing.rows import ALIAS, ATTRIBUTES, COLUMNS

_BATCH, _PIECE = 1000, 64 * 1024
_RESERVED = frozenset((*COLUMNS, *ALIAS, ATTRIBUTES, ""))
Pairs = list[tuple[Subscriber, Subscription]]


def export(store: Store, out: TextIO, newsletter: str = "") -> int:
    """Write every subscription as a line of CSV, for an import to give the same again; how many there are.

    A wording that somebody agreed to stands in the first line that names it.
    """
    with store.read() as tx:
        header, rows = _sheet(tx, newsletter, "")
        return csv_text.write(out, header, rows)


def streamed(store: Store, actor: Actor, newsletter: str, status: str, now: datetime) -> Iterator[str]:
    """The same as pieces of text, of a newsletter and a status (or any), each made when it is asked for.

    That it was asked for is written down before the first. Raises NotAllowed.
    """
    permissions.check(actor, "export people")
    with store.write() as tx:
        deeds.add(tx, actor, "export", "subscribers", now, newsletter=newsletter, status=status)
    return _pieces(store, newsletter, status)


def _pieces(store: Store, newsletter: str, status: str) -> Iterator[str]:
    with store.read() as tx:
        header, rows = _sheet(tx, newsletter, status)
        out = StringIO()
        csv_text.write(out, header, ())
        for row in rows:
            csv_text.write_row(out, row)
            if out.tell() > _PIECE:
                yield out.getvalue()
                out = StringIO()
        yield out.getvalue()


def _sheet(tx: Connection, newsletter: str, status: str) -> tuple[list[str], Iterator[list[object]]]:
    extra, awkward = set[str](), False
    for attributes in subscribers.attributes(tx):
        for key, value in attributes.items():
            if _plain(key, value):
                extra.add(key)
            else:
                awkward = True
    names = sorted(extra)
    header = [*COLUMNS, *([ATTRIBUTES] if awkward else []), *names]
    return header, _rows(tx, newsletter, status, names, awkward)


def _rows(
    tx: Connection, newsletter: str, status: str, names: Sequence[str], awkward: bool
) -> Iterator[list[object]]:
    texts = consents.texts(tx)
    for batch in _batches(subscribers.everybody(tx, newsletter, status)):
        agreed = consents.of(tx, {person.id for person, _ in batch})
        for person, s in batch:
            mine = [one for one in agreed.get(person.id, ()) if one.newsletter == s.newsletter]
            own = person.attributes
            odd = {k: v for k, v in own.items() if not _plain(k, v)} if awkward else {}
            more = [json.dumps(odd, ensure_ascii=False) if odd else ""] if awkward else []
            yield [
                *_line(person, s),
                _agreed(mine, texts),
                *more,
                *((own.get(n, "") if n not in odd else "") for n in names),
            ]


def _batches(found: Iterator[tuple[Subscriber, Subscription]]) -> Iterator[Pairs]:
    for _, batch in groupby(enumerate(found), lambda pair: pair[0] // _BATCH):
        yield [one for _, one in batch]


def _plain(key: str, value: object) -> bool:
    """Whether an attribute can be a column of its own, and comes back from it as it was."""
    return (
        key not in _RESERVED
        and key == key.strip().lower()
        and isinstance(value, str)
        and bool(value)
        and value == value.strip()
    )


def _line(person: Subscriber, s: Subscription) -> list[object]:
    chosen = "all" if s.topics is None else ";".join(s.topics)
    paused = s.paused_until.isoformat() if s.paused_until else ""
    own = (person.address, person.name, s.newsletter, s.status, chosen, s.cadence)
    return [*own, WEEKDAYS[s.weekday], s.day, s.hour, s.zone, s.language, paused]


def _agreed(mine: list[Consent], texts: dict[str, str]) -> str:
    """The consents of a subscription; the first of each wording takes the words out of `texts`."""
    if not mine:
        return ""
    said = []
    for one in dict.fromkeys(mine):
        told = {"what": one.what, "source": one.source, "at": one.at.isoformat()}
        if one.version:
            told["version"] = one.version
            if text := texts.pop(one.version, ""):
                told["text"] = text
        said.append(told)
    return json.dumps(said, ensure_ascii=False, separators=(",", ":"))
