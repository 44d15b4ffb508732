"""The figures of each day, filled from what happened: a little at a time, and on from there."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from time import monotonic

from publisher.config.schema import Config
from publisher.store import Store, clock, figures, tallies
from publisher.transports import mailbox_providers

_AT_ONCE = 20_000
_EVERY = timedelta(minutes=1)


def fill(store: Store, config: Config, now: datetime, seconds: float) -> bool:
    """Count what happened since the last time; gives up after so many seconds. Whether it counted all.

    Killed at any moment, the next call goes on. Raises StoreError.
    """
    with store.write() as tx:
        due = clock.due(tx, "figures", _EVERY, now)
    if due:
        tallies.fold(store)
        figures.follow(store, now.astimezone(UTC).date())
    until, looked_up = monotonic() + seconds, config.mail.transport == "smtp" and config.mail.mx_lookup

    def provider(domains: set[str]) -> Mapping[str, str]:
        # who sends has asked the DNS already, mostly in this process; nobody waits for it here
        known = {d: n for d in domains if (n := mailbox_providers.KNOWN.get(d))}
        return known | (mailbox_providers.shared().of(domains) if looked_up else {})

    while figures.add_events(store, provider, _AT_ONCE, now):
        if monotonic() > until:
            return False
    return True
