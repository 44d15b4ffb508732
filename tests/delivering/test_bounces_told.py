"""What a mail server refuses for good is noted for the webhooks, in the transaction that says so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import select

from publisher.store import webhooks
from publisher.store.schema import webhook_events


def test_what_bounced_is_noted_and_nothing_else(mailing: Callable[..., Any]) -> None:
    m = mailing(people=40, connections=3)
    with m.publisher.store.write() as tx:
        webhooks.follow(tx, ["https://crm.example/hooks"])
    m.sink.rcpt = lambda r: {"0": "450 later", "1": "550 never"}.get(r.split("@")[0][-1], "250 fine")
    m.deliver()
    assert m.counts() == {"sent": 32, "deferred": 4, "bounced": 4}
    with m.publisher.store.read() as tx:
        noted = sorted(tx.scalars(select(webhook_events.c.object_id)))
        kinds = set(tx.scalars(select(webhook_events.c.type)))
    assert kinds == {"delivery.bounced"}
    assert noted == sorted(row.id for row in m.rows("bounced").values())
