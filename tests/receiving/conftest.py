"""A newsroom that sends editions, and reports about its real messages as a mail server would write them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from publisher import cutting, delivering, gathering, receiving
from publisher.app import Publisher
from publisher.delivering import opening
from publisher.receiving import Received
from publisher.store import editions, histories, ledger, schema, subscribers

REPORT = """\
Return-Path: <>
Delivered-To: {to}
From: MAILER-DAEMON@mx.example.org (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

I'm sorry to have to inform you that your message could not be delivered.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.org

Final-Recipient: rfc822; {address}
Action: {action}
Status: {status}
Diagnostic-Code: smtp; {words}

--b
Content-Type: text/rfc822-headers

{returned}
--b--
"""
COMPLAINT = """\
Delivered-To: complaints@courier.example
From: feedback@provider.example
Subject: FW: News
Content-Type: multipart/report; report-type=feedback-report; boundary="b"

--b
Content-Type: message/feedback-report

Feedback-Type: abuse
Version: 1

--b
Content-Type: text/rfc822-headers

{returned}
--b--
"""


@dataclass
class Newsroom:
    """A publication, and what left it: the newest message to each address."""

    p: Publisher
    outbox: Path
    post: Callable[..., str]
    editions: list[Any] = field(default_factory=list)
    _seen: set[str] = field(default_factory=set)

    def send(self) -> dict[str, Message]:
        """A new article, an edition of it for everybody, sent: its messages by address."""
        number = len(self.editions) + 1
        text = self.post(f"News {number}", self.p.clock().isoformat())
        (self.outbox.parent.parent / f"content/{number}.md").write_text(text)
        p, now = self.p, self.p.clock()
        gathering.gather(p.store, p.config, now)
        asked = cutting.asked(p.config, "daily", "", now, everybody=True)
        edition = cutting.cut(p.store, p.config, p.templates, asked, now).edition
        assert edition
        opening.open_edition(p.store, edition, now)
        self.editions.append(edition)
        return self.delivered()

    def delivered(self) -> dict[str, Message]:
        """Deliver what is due: the new messages by address."""
        p = self.p
        delivering.deliver(p.store, p.config, p.keys, p.transport, p.clock)
        new = [f for f in sorted((self.outbox / "new").iterdir()) if f.name not in self._seen]
        self._seen |= {file.name for file in new}
        mails = [message_from_bytes(file.read_bytes()) for file in new]
        return {mail["To"]: mail for mail in mails}

    def hear(self, mail: str | bytes) -> Received:
        data = mail.encode() if isinstance(mail, str) else mail
        return receiving.receive(self.p.store, self.p.keys, data, "file", self.p.clock())

    def status(self, address: str, edition: int = -1) -> str:
        with self.p.store.read() as tx:
            rows = ledger.rows(tx, self.editions[edition].id)
        return {row.address: row.status for row in rows}[address]

    def row(self, address: str) -> Any:
        with self.p.store.read() as tx:
            return next(row for row in ledger.rows(tx, self.editions[-1].id) if row.address == address)

    def events(self, address: str) -> list[tuple[str, str]]:
        row = self.row(address)
        with self.p.store.read() as tx:
            return [(e.old, e.new) for e in histories.events_of(tx, [row.id])[row.id]]

    def suppressed(self) -> dict[str, str]:
        with self.p.store.read() as tx:
            return {address: reason for address, reason, _ in subscribers.suppressed(tx)}

    def subscriptions(self) -> dict[str, str]:
        with self.p.store.read() as tx:
            return {person.address: s.status for person, s in subscribers.everybody(tx)}

    def reports(self) -> list[tuple[str, str]]:
        with self.p.store.read() as tx:
            columns = (schema.reports.c.kind, schema.reports.c.address_key)
            return [tuple(row) for row in tx.execute(select(*columns).order_by(schema.reports.c.id))]

    def counts(self) -> dict[str, int]:
        with self.p.store.read() as tx:
            return {k: v for k, v in ledger.counts(tx, self.editions[-1].id).items() if v}

    def state(self) -> str:
        with self.p.store.read() as tx:
            return editions.get(tx, self.editions[-1].id).state


def verp_of(mail: Message) -> str:
    return str(mail["Return-Path"]).strip("<>")


def headers_of(mail: Message) -> str:
    return "".join(f"{name}: {value}\n" for name, value in mail.items())


@pytest.fixture
def newsroom(
    publication: Callable[..., Publisher], post: Any, subscribe: Any, tmp_path: Path, clock: Any
) -> Newsroom:
    """Ada and Ben read it."""
    clock.set("2026-11-02T06:00")
    p = publication(
        newsletters={"daily": {"from": "daily@courier.example", "max_articles": 3}},
        mail={"bounce_address": "bounces@courier.example", "bounce_mailbox": {"maildir": "var/bounces"}},
    )
    for name in ("ada", "ben"):
        subscribe(p, f"{name}@example.org")
    return Newsroom(p, tmp_path / "var/outbox", post)


@pytest.fixture
def report() -> Callable[..., str]:
    """A delivery status notification about a message."""

    def make(mail: Message, status: str = "5.1.1", words: str = "", **changed: str) -> str:
        values = {"to": verp_of(mail), "address": mail["To"], "action": "failed", "status": status}
        values |= {"words": words or f"550 {status} no", "returned": headers_of(mail)}
        return REPORT.format(**(values | changed))

    return make


@pytest.fixture
def complaint() -> Callable[[Message], str]:
    """A feedback report about a message."""
    return lambda mail: COMPLAINT.format(returned=headers_of(mail))
