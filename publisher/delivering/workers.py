"""Sending processes: their proof of life, and what is done about those that are gone (rule 18)."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from publisher.config.mail import DeliveryPolicy
from publisher.store import Held, Store, attempts
from publisher.store.schema import workers

# Resent only when no server can still be answering (RFC 5321 section 4.5.3.2.6).
_ANSWERS = timedelta(seconds=600)
_CHUNK = 50  # row by row: no transaction holds the store for long (rule 23)


@contextmanager
def working(store: Store) -> Iterator[Held]:
    """A new worker, alive as long as this lasts and its proof of life holds. Raises StoreError."""
    with store.hold(f"{os.getpid()}-{secrets.token_hex(4)}") as held:
        yield held


def tidy(store: Store, policy: DeliveryPolicy, now: datetime) -> None:
    """Settle what dead workers left, and end what is too late; a short look when there is neither."""
    with store.read() as tx:
        names = {*attempts.started_by(tx), *attempts.workers_known(tx), *attempts.workers_waiting(tx)}
        late = attempts.late(tx, now, policy.max_lateness, policy.expire_after, 1)
    for name in sorted(names):
        if store.dead(name):
            abandon(store, policy, name, now)
            with store.write() as tx:
                tx.execute(workers.delete().where(workers.c.name == name))
    while late:
        with store.write() as tx:
            ended = attempts.expire(tx, now, policy.max_lateness, policy.expire_after, _CHUNK)
        if ended < _CHUNK:
            return


def abandon(store: Store, policy: DeliveryPolicy, name: str, now: datetime) -> None:
    """What a worker had started and will not settle: unknown, or sent again later."""
    again_at = now + _ANSWERS if policy.on_unknown == "resend" else None
    with store.write() as tx:
        attempts.abandon(tx, name, again_at, now, policy.expire_after)
