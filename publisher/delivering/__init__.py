"""Deliver: claim what is due, hand it to the transport, and record what became of it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from time import monotonic

from publisher.config.schema import Config
from publisher.delivering import workers
from publisher.delivering.messages import Composer
from publisher.delivering.sending import Clock, Exchange, Run
from publisher.links import Keys
from publisher.model.mail import Transport
from publisher.store import Store, editions, ledger


@dataclass(frozen=True, slots=True)
class Delivered:
    """How a delivery run went: how many attempts were settled, and why the rest could not leave, if so."""

    settled: int = 0
    unavailable: str = ""


def deliver(
    store: Store,
    config: Config,
    keys: Keys,
    transport: Transport,
    clock: Clock,
    *,
    edition_id: int | None = None,
    stop: threading.Event | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> Delivered:
    """Everything that is due now, of one edition or all, over the transport's connections; then stops.

    With `stop` set, or on Ctrl-C, nothing new is started; what the server does not answer within
    `stop_timeout` is unknown (rule 19). A failure that is neither a recipient's nor the server's is raised
    when all else is done.
    """
    composer = Composer(store, config, keys)
    run = Run(store, config, composer, clock, edition_id, stop or threading.Event(), progress)
    if due := run.fill():
        with workers.working(store) as run.worker:
            _send(run, transport, min(transport.connections, due))
    finish(store, clock())
    if run.failure:
        raise run.failure
    # one of several connections may have been refused while the others sent everything
    return Delivered(run.settled, run.unavailable if run.unavailable and run.fill() else "")


def _send(run: Run, transport: Transport, connections: int) -> None:
    exchanges = [Exchange(run) for _ in range(connections)]
    for number, exchange in enumerate(exchanges):
        # daemons: a server that never answers must not keep the process from ending
        arguments, name = (transport, exchange), f"sender-{number}"
        threading.Thread(target=run.drain, args=arguments, name=name, daemon=True).start()
    try:
        _wait(run, exchanges)
    except BaseException:
        run.stop.set()
        _wait(run, exchanges)
        raise
    finally:
        if not all(exchange.ended.is_set() for exchange in exchanges):
            run.give_up(exchanges)


def _wait(run: Run, exchanges: Sequence[Exchange]) -> None:
    """Until every exchange has ended; once the run is stopped, no longer than `stop_timeout`."""
    # not by join: interrupted by Ctrl-C, it calls a thread that still runs ended (CPython 3.11)
    until = None
    for exchange in exchanges:
        while not exchange.ended.wait(0.1):
            if run.stop.is_set() and until is None:
                until = monotonic() + run.config.delivery.stop_timeout.total_seconds()
            if until is not None and monotonic() >= until:
                return


def finish(store: Store, now: datetime) -> None:
    """End the editions of which nothing waits, nothing is unseen, and nobody can still come due (rule 16)."""
    with store.read() as tx:
        if not ledger.completed(tx, now):
            return
    with store.write() as tx:
        for edition in ledger.completed(tx, now):
            editions.set_state(tx, edition, ["sending"], "done", done_at=now)
