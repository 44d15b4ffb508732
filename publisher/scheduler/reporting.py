"""What the log says of a send: edition, counts, messages a second, server; never an address."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from publisher.app import Publisher
from publisher.delivering import watching
from publisher.errors import StoreError
from publisher.store import editions
from publisher.store.editions import Edition

log = logging.getLogger("publisher")
_EVERY_SECONDS = 10.0


@dataclass(slots=True)
class Report:
    """Says how the editions that are being sent get on. It looks only when something has left.

    `run` is the worker's name, as it stands in the events of the ledger; empty until there is one.
    """

    publisher: Publisher
    editions: list[Edition]
    run: str = ""

    def say(self) -> None:
        """A line for each edition of which something has left lately, and for one that was paused."""
        p, run = self.publisher, {"run": self.run} if self.run else {}
        for one in watching.standings(p.store, self.editions, p.clock(), lately=True):
            if one.state == "paused":
                # the reason may quote a server, and that an address
                said = f"{one.edition} is paused: publisher status {one.edition} says why"
                log.warning("%s", said, extra={"fields": {"edition": one.edition, **run}})
            counts = {status: count for status, count in one.counts.items() if count}
            about = {"edition": one.edition, **run, "state": one.state, **counts, "rate": round(one.rate, 1)}
            log.info("sending", extra={"fields": about | {"server": _server(p)}})


@contextmanager
def reporting(p: Publisher) -> Iterator[Report]:
    """A report every ten seconds for as long as this lasts."""
    with p.store.read() as tx:
        report = Report(p, editions.listed(tx, states=("sending",)))
    over = threading.Event()
    if report.editions:
        threading.Thread(target=_now_and_then, args=(report, over), daemon=True).start()
    try:
        yield report
    finally:
        over.set()


def _now_and_then(report: Report, over: threading.Event) -> None:
    while not over.wait(_EVERY_SECONDS):
        try:
            report.say()
        except StoreError:
            return  # the sender says so


def _server(p: Publisher) -> str:
    mail = p.config.mail
    return mail.transport if mail.transport == "files" else ",".join(f"{s.host}:{s.port}" for s in mail.smtp)
