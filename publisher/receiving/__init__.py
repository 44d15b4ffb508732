"""Receiving: bounces, complaints and requests to unsubscribe are connected with what they are about.

A report that carries no token of ours changes nothing; one that was heard before changes nothing again.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NamedTuple

from publisher.bounces import Kind, Verdict, classify
from publisher.links import Keys
from publisher.mailbox import Mailbox
from publisher.receiving import effects
from publisher.receiving.effects import Heard, Outcome
from publisher.receiving.matching import leaving, match
from publisher.store import Store

__all__ = ["Received", "Tally", "hear", "read", "receive"]


class Received(NamedTuple):
    """What a report said, and what became of it.

    `done`: it was about a mail of ours and is written down. `unmatched`: it names none, and changed nothing.
    """

    kind: Kind
    outcome: Outcome
    status: str = ""
    addresses: tuple[str, ...] = ()
    text: str = ""


@dataclass
class Tally:
    """What was read: each mail is one of the first five. `ended` is False where time ran out."""

    hard: int = 0
    soft: int = 0
    complaints: int = 0
    unsubscribed: int = 0
    ignored: int = 0
    unmatched: int = 0
    repeated: int = 0
    reports: list[tuple[str, Received]] = field(default_factory=list)
    ended: bool = True

    def add(self, name: str, received: Received) -> None:
        """Count one mail."""
        kinds = {"complaint": "complaints", "unsubscribe": "unsubscribed", "hard": "hard", "soft": "soft"}
        counted = [kinds.get(received.kind, "ignored")]
        counted += [received.outcome] if received.outcome in ("unmatched", "repeated") else []
        for each in counted:
            setattr(self, each, getattr(self, each) + 1)
        self.reports.append((name, received))


def receive(store: Store, keys: Keys, data: bytes, source: str, now: datetime) -> Received:
    """Read one mail and do what it says, once for ever. Raises StoreError."""
    digest = hashlib.sha256(data.replace(b"\r\n", b"\n")).hexdigest()
    return hear(store, keys, Heard(classify(data), digest, source, now))


def hear(store: Store, keys: Keys, heard: Heard, *, trusted: bool = False) -> Received:
    """Do what a report says. `trusted`: its sender proved who they are, so an address will do for a name.

    Raises StoreError.
    """
    verdict = heard.verdict
    if _leaves(verdict) and (found := leaving(keys, verdict.traces, said=verdict.kind == "unsubscribe")):
        with store.write() as tx:
            return _received(replace(verdict, kind="unsubscribe"), effects.leave(tx, heard, found))
    if verdict.kind in ("nothing", "reply"):
        return _received(verdict, "ignored")
    if verdict.kind != "unsubscribe" and (found := match(keys, verdict.traces)):
        with store.write() as tx:
            outcome, verdict = effects.came_back(tx, heard, found)
            return _received(verdict, outcome)
    if trusted and verdict.kind != "unsubscribe":
        with store.write() as tx:
            return _received(verdict, effects.by_address(tx, heard))
    return _received(verdict, "unmatched")


def read(
    store: Store,
    keys: Keys,
    mailbox: Mailbox,
    clock: Callable[[], datetime],
    *,
    seconds: float = float("inf"),
    step: Callable[[int, int], None] = lambda _done, _total: None,
) -> Tally:
    """Read every mail that nobody has handled, for some `seconds` at most.

    A mail is marked when what it says is durable; killed in between, it is read again and says nothing new.
    Raises StoreError, Unavailable or Refused.
    """
    tally, end, total = Tally(), time.monotonic() + seconds, mailbox.count()
    with closing(_closable(mailbox.unread())) as mails:
        for number, (name, data) in enumerate(mails, 1):
            tally.add(name, receive(store, keys, data, mailbox.source, clock()))
            mailbox.handled(name)
            step(number, total)
            if time.monotonic() >= end:
                tally.ended = False
                break
    return tally


def _closable(mails: Iterator[tuple[str, bytes]]) -> Generator[tuple[str, bytes], None, None]:
    yield from mails


def _leaves(verdict: Verdict) -> bool:
    """Whoever writes by hand to the address for leaving wants to leave, whatever words they choose."""
    return verdict.kind == "unsubscribe" or (verdict.kind == "nothing" and not verdict.failures)


def _received(verdict: Verdict, outcome: Outcome) -> Received:
    return Received(verdict.kind, outcome, verdict.status, verdict.addresses, verdict.text)
