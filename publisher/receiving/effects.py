"""What a report changes, in one transaction with its own row: delivery, suppression, subscription."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Connection, Row, Table

from publisher import retries
from publisher.bounces import Verdict, policy
from publisher.receiving.matching import Match
from publisher.store import attempts, reports, subscribers
from publisher.store.compacted import Past
from publisher.store.erasing import GONE
from publisher.store.reports import Report
from publisher.store.schema import deliveries, notices

Outcome = Literal["done", "repeated", "unmatched", "ignored"]
_HISTORY, _RECENT = timedelta(days=200), timedelta(days=3)
_CODE = re.compile(r"[245]\d\d(?=\D|$)")
_LONGEST_STATUS = 20


@dataclass(frozen=True, slots=True)
class Heard:
    """A report and where it comes from. `digest` tells it from every other one."""

    verdict: Verdict
    digest: str
    source: str
    at: datetime

    def row(self, kind: str, address: str, **named: int) -> Report:
        """As it is kept."""
        v = self.verdict
        return Report(
            self.digest, kind, address, v.status[:_LONGEST_STATUS], v.text, self.source, self.at, **named
        )


def leave(tx: Connection, heard: Heard, found: Match) -> Outcome:
    """End the one subscription that the token names."""
    wanted = found.subscription
    if found.delivery is not None:
        row = reports.delivery(tx, found.delivery)
        wanted = row.subscription_id if row else None
    one = reports.subscription(tx, wanted) if wanted else None
    if one is None:
        return "unmatched"
    if not reports.add(tx, heard.row("unsubscribe", one.address)):
        return "repeated"
    if one.status != "unsubscribed":
        subscribers.change(tx, one.id, {"status": "unsubscribed", "ended_at": heard.at})
    return "done"


def came_back(tx: Connection, heard: Heard, found: Match) -> tuple[Outcome, Verdict]:
    """A bounce or complaint about a mail of ours; the verdict as it is about that mail's recipient."""
    by_notice = found.notice is not None
    row = reports.notice(tx, found.notice or 0) if by_notice else reports.delivery(tx, found.delivery or 0)
    if row is None or row.address == GONE:
        # of a person who was erased nothing is written down again
        return "unmatched", heard.verdict
    verdict = heard.verdict.about(row.address)
    decision = policy.decide(verdict)
    if decision == policy.Decision():
        return "ignored", verdict
    named = {"notice_id" if by_notice else "delivery_id": row.id}
    said = Heard(verdict, heard.digest, heard.source, heard.at)
    if not reports.add(tx, said.row(verdict.kind, row.address, **named)):
        return "repeated", verdict
    if decision.bounced:
        _bounce(tx, said, row, notices if by_notice else deliveries, found.generation)
    _suppress(tx, said, row.address, decision, None if by_notice else row.subscriber_id)
    return "done", verdict


def by_address(tx: Connection, heard: Heard) -> Outcome:
    """A report whose sender proved who they are, about a mail that it does not name: the address counts.

    A delivery changes only where one alone can be meant.
    """
    address = next((a for a in heard.verdict.addresses if reports.known(tx, a)), "")
    decision = policy.decide(heard.verdict)
    if not address or decision == policy.Decision():
        return "unmatched" if not address else "ignored"
    recent = reports.sent_to(tx, address, heard.at - _RECENT) if decision.bounced else []
    row = recent[0] if len(recent) == 1 else None
    named = {"delivery_id": row.id} if row else {}
    if not reports.add(tx, heard.row(heard.verdict.kind, address, **named)):
        return "repeated"
    if row:
        _bounce(tx, heard, row, deliveries, row.generation)
    _suppress(tx, heard, address, decision, row.subscriber_id if row else None)
    return "done"


def _bounce(tx: Connection, heard: Heard, row: Row[Any], rows: Table, generation: int) -> None:
    """It was taken by a server, and came back: of the same generation only, for a newer one may arrive."""
    if row.status != "sent" or row.generation != generation:
        return
    v = heard.verdict
    code = _CODE.match(v.text)
    reply = v.text if retries.enhanced_code(v.text) == v.status else f"{v.status} {v.text}".strip()
    # finished_at stays: when it left is part of what the ledger says
    attempts.move(tx, row, "bounced", heard.at, rows=rows, code=int(code[0]) if code else 0, reply=reply)


def _suppress(
    tx: Connection, heard: Heard, address: str, decision: policy.Decision, subscriber_id: int | None
) -> None:
    reason = decision.suppress
    if not reason and decision.counts and subscriber_id is not None:
        rows = reports.past(tx, subscriber_id, heard.at - _HISTORY)
        reason = policy.SOFT if policy.goes_on([_sending(row) for row in rows if _counts(row)]) else ""
    if reason:
        subscribers.suppress(tx, address, reason, heard.at)


def _counts(row: Row[Any] | Past) -> bool:
    """What was refused because of us says nothing of the mailbox."""
    return row.status == "sent" or not retries.blames_us(row.reply)


def _sending(row: Row[Any] | Past) -> policy.Sending:
    left = row.started_at or row.finished_at
    assert left is not None, "what has ended has begun"
    return policy.Sending(row.edition_id, left, row.status != "sent")
