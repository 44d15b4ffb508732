"""A sending process and its proof of life: a lock that the system lets go of when the process dies."""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from publisher.config.schema import DeliveryPolicy
from publisher.errors import StoreError
from publisher.store import Store, attempts

# Resent only when no server can still be answering (RFC 5321 section 4.5.3.2.6).
_ANSWERS = timedelta(seconds=600)
_CHUNK = 500


@contextmanager
def working(store: Store) -> Iterator[str]:
    """The name of a new worker, alive as long as this lasts (rule 18). Raises StoreError."""
    name = f"{os.getpid()}-{secrets.token_hex(4)}"
    file = _file(store, name)
    try:
        file.parent.mkdir(exist_ok=True)
        lock = file.open("w", encoding="ascii")
    except OSError as error:
        raise StoreError(f"{file}: {error.strerror}") from None
    with lock:
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
    except OSError:  # held by a live process, or not ours to look at
        return False
    return True


def tidy(store: Store, policy: DeliveryPolicy, now: datetime) -> None:
    """Settle what dead workers left, and end what is too late; a short look when there is neither."""
    with store.read() as tx:
        started = attempts.started_by(tx)
        late = attempts.late(tx, now, policy.max_lateness, policy.expire_after, 1)
    for name in started:
        if _dead(store, name):
            abandon(store, policy, name, now)
            _file(store, name).unlink(missing_ok=True)
    while late:
        with store.write() as tx:
            ended = attempts.expire(tx, now, policy.max_lateness, policy.expire_after, _CHUNK)
        if ended < _CHUNK:
            return


def abandon(store: Store, policy: DeliveryPolicy, name: str, now: datetime) -> None:
    """What a worker had started and will not settle: unknown, or sent again later."""
    again_at = now + _ANSWERS if policy.on_unknown == "resend" else None
    with store.write() as tx:
        attempts.abandon(tx, name, again_at, now)
