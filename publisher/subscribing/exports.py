"""Subscribers into CSV files, of which an import makes the same again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import groupby
from typing import TextIO

from publisher.editions.slots import WEEKDAYS
from publisher.store import Store, consents, subscribers
from publisher.store.consents import Consent
from publisher.store.subscribers import Subscriber, Subscription
from publisher.subscribing import csv_text
from publisher.subscribing.rows import ALIAS, ATTRIBUTES, COLUMNS

_BATCH = 1000
_RESERVED = frozenset((*COLUMNS, *ALIAS, ATTRIBUTES, ""))
Pairs = list[tuple[Subscriber, Subscription]]


def export(store: Store, out: TextIO, newsletter: str = "") -> int:
    """Write every subscription as a line of CSV, for an import to give the same again; how many there are.

    A wording that somebody agreed to stands in the first line that names it.
    """
    with store.read() as tx:
        extra, awkward = set[str](), False
        for attributes in subscribers.attributes(tx):
            for key, value in attributes.items():
                if _plain(key, value):
                    extra.add(key)
                else:
                    awkward = True
        names = sorted(extra)
        header = [*COLUMNS, *([ATTRIBUTES] if awkward else []), *names]
        texts = consents.texts(tx)

        def rows() -> Iterator[list[object]]:
            for batch in _batches(subscribers.everybody(tx, newsletter)):
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

        return csv_text.write(out, header, rows())


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
