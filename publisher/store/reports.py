"""What came back of mail that had left: each report is kept once, with the delivery or notice it names."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, Select, select

from publisher.store import compacted
from publisher.store.compacted import Past
from publisher.store.database import insert_new
from publisher.store.schema import deliveries, editions, notices, reports, subscribers, subscriptions
from publisher.store.subscribers import address_key

_MOST = 200
_ENDED = ("sent", "bounced", "expired")


class Report(NamedTuple):
    """One report as it is kept; `digest` is that of the mail, or of the provider's own number of it."""

    digest: str
    kind: str
    address: str
    status: str
    text: str
    source: str
    at: datetime
    delivery_id: int | None = None
    notice_id: int | None = None


def add(tx: Connection, report: Report) -> bool:
    """Keep a report; False where it is there already, or another that says the same of the same mail."""
    key = address_key(report.address)
    same = select(reports.c.id).where(
        reports.c.address_key == key,
        reports.c.kind == report.kind,
        reports.c.delivery_id.is_not_distinct_from(report.delivery_id),
        reports.c.notice_id.is_not_distinct_from(report.notice_id),
    )
    named = report.delivery_id is not None or report.notice_id is not None
    if named and tx.scalar(same.limit(1)) is not None:
        return False
    values = report._asdict()
    del values["address"]
    return insert_new(tx, reports, values | {"address_key": key})


def of(tx: Connection, address: str) -> list[Row[Any]]:
    """What came back from an address, the earliest first."""
    r = reports.c
    query = select(r.kind, r.status, r.text, r.source, r.at).where(r.address_key == address_key(address))
    return list(tx.execute(query.order_by(r.id)))


def delivery(tx: Connection, id_: int) -> Row[Any] | None:
    """A delivery that stands in the ledger, nobody else changing it until the transaction ends."""
    query = select(deliveries).where(deliveries.c.id == id_).with_for_update()
    return tx.execute(query).first()


def notice(tx: Connection, id_: int) -> Row[Any] | None:
    """A notice, nobody else changing it until the transaction ends."""
    return tx.execute(select(notices).where(notices.c.id == id_).with_for_update()).first()


def subscription(tx: Connection, id_: int) -> Row[Any] | None:
    """Id, status and address of a subscription."""
    query = select(subscriptions.c.id, subscriptions.c.status, subscribers.c.address)
    query = query.join(subscribers, subscribers.c.id == subscriptions.c.subscriber_id)
    held: Select[Any] = query.where(subscriptions.c.id == id_).with_for_update(of=subscriptions)
    return tx.execute(held).first()


def past(tx: Connection, subscriber_id: int, since: datetime) -> list[Row[Any] | Past]:
    """The deliveries that ended, in editions since a moment, the newest first; compacted ones, too."""
    recent = select(editions.c.id).where(editions.c.created_at >= since)
    mine = (deliveries.c.edition_id.in_(recent), deliveries.c.subscriber_id == subscriber_id)
    query = select(deliveries).where(*mine, deliveries.c.status.in_(_ENDED), deliveries.c.attempt > 0)
    found: list[Row[Any] | Past] = list(tx.execute(query.order_by(deliveries.c.id.desc()).limit(_MOST)))
    found += compacted.of(tx, [subscriber_id], recent)
    return sorted(found, key=lambda row: row.id, reverse=True)


def sent_to(tx: Connection, address: str, since: datetime) -> list[Row[Any]]:
    """The deliveries to a subscriber's address that count as sent, in editions since a moment."""
    person = select(subscribers.c.id).where(subscribers.c.address_key == address_key(address))
    recent = select(editions.c.id).where(editions.c.created_at >= since)
    mine = (deliveries.c.edition_id.in_(recent), deliveries.c.subscriber_id == person.scalar_subquery())
    query = select(deliveries).where(*mine, deliveries.c.status == "sent", deliveries.c.finished_at >= since)
    return list(tx.execute(query.order_by(deliveries.c.id).limit(_MOST)))


def known(tx: Connection, address: str) -> bool:
    """Whether a subscriber has this address."""
    key = subscribers.c.address_key == address_key(address)
    return tx.scalar(select(subscribers.c.id).where(key)) is not None
