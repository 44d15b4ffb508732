"""A sending process and its proof of life: a lock that the operating system lets go of when the process dies."""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from publisher.config.schema import DeliveryPolicy
from publisher.store import Store, ledger

# Resent only when no server can still be answering: the longest wait for a reply (RFC 5321 section 4.5.3.2.6).
_ANSWERS = timedelta(seconds=600)


@contextmanager
def working(store: Store) -> Iterator[str]:
    """The name of a new worker, alive as long as this lasts (rule 18)."""
    name = f"{os.getpid()}-{secrets.token_hex(4)}"
    file = _file(store, name)
    file.parent.mkdir(exist_ok=True)
    with file.open("w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            yield name
        finally:
            file.unlink(missing_ok=True)


def _file(store: Store, name: str) -> Path:
    return store.folder / "workers" / f"{name}.lock"


def _dead(store: Store, name: str) -> bool:
    try:
        with _file(store, name).open("r+", encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return True
    except BlockingIOError:
        return False
    return True


def bury(store: Store, policy: DeliveryPolicy, now: datetime) -> int:
    """Settle what dead workers had started: unknown, or sent again later. How many deliveries that were."""
    with store.read() as tx:
        dead = [name for name in ledger.started_by(tx) if _dead(store, name)]
    found = 0
    for name in dead:
        resend = policy.on_unknown == "resend"
        with store.write() as tx:
            status, due_at = ("deferred", now + _ANSWERS) if resend else ("unknown", None)
            found += ledger.abandon(tx, name, status, due_at, now)
        _file(store, name).unlink(missing_ok=True)
    return found
