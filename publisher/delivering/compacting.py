"""What was sent long ago is kept in a hundredth of the space: in small steps, so that nobody waits for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from time import monotonic

from publisher.config.mail import DeliveryPolicy
from publisher.store import Store, compacting
from publisher.store.compacted import BUCKET

Step = Callable[[int], None]


def compact(
    store: Store, policy: DeliveryPolicy, now: datetime, seconds: float, step: Step = lambda _: None
) -> tuple[int, bool]:
    """Compact editions that were done `compact_after` ago; how many deliveries, and whether all of them.

    Gives up after so many seconds; killed at any moment, the next call goes on. `step` is told how many
    deliveries each transaction moved. Raises StoreError.
    """
    until, moved = monotonic() + seconds, 0
    with store.alone("compact"):
        for edition, bucket in _buckets(store, policy, now):
            if monotonic() > until:
                return moved, False
            with store.write() as tx:
                done = compacting.compact(tx, edition, bucket)
            moved += done
            step(done)
    return moved, True


def _buckets(store: Store, policy: DeliveryPolicy, now: datetime) -> Iterator[tuple[int, int]]:
    """(edition, bucket of subscribers) of which something is to be compacted."""
    with store.read() as tx:
        editions = compacting.old(tx, now - policy.compact_after)
    for edition in editions:
        last = -1
        while (person := _next(store, edition, last)) is not None:
            yield edition, person // BUCKET
            last = (person // BUCKET + 1) * BUCKET - 1


def _next(store: Store, edition: int, last: int) -> int | None:
    with store.read() as tx:
        return compacting.next_subscriber(tx, edition, last)


def waiting(store: Store, policy: DeliveryPolicy, now: datetime) -> int:
    """How many deliveries are old enough to be compacted. Raises StoreError."""
    with store.read() as tx:
        return sum(compacting.left(tx, edition) for edition in compacting.old(tx, now - policy.compact_after))
