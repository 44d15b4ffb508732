"""What an event says: as things stand when it is told. Whoever was erased meanwhile is a number."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from publisher.store import editions, ledger
from publisher.store.bulk import among
from publisher.store.erasing import GONE
from publisher.store.schema import deliveries, subscribers
from publisher.store.schema import editions as edition_rows
from publisher.store.webhooks import Event

Data = Mapping[str, Any]


def payloads(tx: Connection, events: Sequence[Event]) -> list[bytes]:
    """The bodies of events, in their order."""
    data: dict[tuple[str, int], Data] = {}
    for kind, find in (("edition", _editions), ("subscriber", _subscribers), ("delivery", _deliveries)):
        ids = {one.object_id for one in events if _kind(one) == kind}
        data |= {(kind, id_): found for id_, found in find(tx, sorted(ids)).items()} if ids else {}
    return [body(one, data.get((_kind(one), one.object_id), {"id": one.object_id})) for one in events]


def body(event: Event, data: Data) -> bytes:
    """One event as JSON (Standard Webhooks: type, timestamp, data)."""
    about = {"newsletter": event.newsletter} if event.newsletter else {}
    said = {
        "type": event.type,
        "timestamp": _iso(event.at),
        "number": event.number,
        "data": {**data, **about},
    }
    return json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def id_of(event: Event, publication: str) -> str:
    """The same for each try; another one for every event of every publication, whatever was restored."""
    named = f"{publication}\0{event.id}\0{event.number}\0{event.type}\0{_iso(event.at)}"
    return f"evt_{hashlib.sha256(named.encode()).hexdigest()[:32]}"


def _kind(event: Event) -> str:
    return event.type.partition(".")[0]


def _iso(moment: datetime) -> str:
    return moment.isoformat()


def _editions(tx: Connection, ids: Sequence[int]) -> dict[int, Data]:
    found: dict[int, Data] = {}
    for id_ in tx.scalars(select(edition_rows.c.id).where(among(tx, edition_rows.c.id, ids))):
        one, counts = editions.get(tx, id_), ledger.counts(tx, id_)
        names = ("newsletter", "number", "state", "cadence", "slot")
        about = {name: getattr(one, name) for name in names}
        subject = str(one.archive.get("subject", ""))
        counted = {"planned": sum(counts.values()), **counts}
        found[id_] = {"edition": one.name, **about, "subject": subject, "counts": counted}
    return found


def _subscribers(tx: Connection, ids: Sequence[int]) -> dict[int, Data]:
    c = subscribers.c
    query = select(c.id, c.address, c.name).where(among(tx, c.id, ids))
    return {row.id: {"subscriber": row.id, **_person(row.address, row.name)} for row in tx.execute(query)}


def _person(address: str, name: str) -> Data:
    return {"address": None, "name": None} if address == GONE else {"address": address, "name": name}


def _deliveries(tx: Connection, ids: Sequence[int]) -> dict[int, Data]:
    d, e = deliveries.c, edition_rows.c
    query = select(d.id, d.subscriber_id, d.address, d.code, d.reply, e.newsletter, e.number)
    query = query.join(edition_rows, e.id == d.edition_id).where(among(tx, d.id, ids))
    return {
        row.id: {
            "delivery": row.id,
            "edition": f"{row.newsletter}/{row.number}",
            "subscriber": row.subscriber_id,
            "address": None if row.address == GONE else row.address,
            "code": row.code,
            "reply": row.reply,
        }
        for row in tx.execute(query)
    }
