"""Deliver: claim what is due, hand it to the transport, and record what became of it."""

from __future__ import annotations

import gc
import math
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from time import monotonic

from publisher.config.schema import Config
from publisher.delivering import learning, workers
from publisher.delivering.ahead import Ahead
from publisher.delivering.committing import Book
from publisher.delivering.messages import Composer
from publisher.delivering.metering import Meter
from publisher.delivering.recording import Recorder
from publisher.delivering.reputation import Reputation
from publisher.delivering.sending import Clock, Exchange, Run
from publisher.errors import StoreError
from publisher.links import Keys
from publisher.model.mail import Transport
from publisher.store import Held, Store, claims, editions, ledger, restores, troubles, webhooks
from publisher.store.claims import NO_EDITION

_LOOK_SECONDS = 1.0
_SELDOM = 20_000  # a few hundred messages; nearly all that is made for them goes without the collector


@dataclass(frozen=True, slots=True)
class Delivered:
    """How a delivery run went: how many attempts were settled, and why the rest could not leave, if so.

    `used_up`: something waits because the warm-up lets nothing more go today.
    """

    settled: int = 0
    unavailable: str = ""
    used_up: bool = False


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
    began: Callable[[str], None] = lambda _: None,
    meter: Meter | None = None,
) -> Delivered:
    """Everything that is due now, of one edition or all, over the transport's connections; then stops.

    With `stop` set, or on Ctrl-C, nothing new is started; what the server does not answer within
    `stop_timeout` is unknown (rule 19). A failure that is neither a recipient's nor the server's is raised
    when all else is done. `began` is told the worker's name, under which the ledger keeps what is done.
    """
    now = clock()
    with store.read() as tx:
        restores.check(tx)
    workers.tidy(store, config.delivery, now)
    with store.read() as tx:
        due = claims.anything_due(tx, now, edition_id)
    if not due:
        _note(store, "", now)
        finish(store, now)
        return Delivered()
    meter = meter or Meter()
    composer = Composer(store, config, keys, meter)
    run = Run(store, config, composer, clock, stop or threading.Event(), progress, Ahead(edition_id), meter)
    with (
        _unwatched(),
        workers.working(store) as held,
        learning.paced(store, config, clock, transport) as run.ahead.pace,
    ):
        began(held.worker)
        if _used_up(run):
            # only notices go, and no server is troubled for the rest
            run.ahead.edition_id = NO_EDITION
        if run.ahead.edition_id != NO_EDITION or _waits(run, NO_EDITION):
            _send(run, transport, held)
    finish(store, clock())
    if run.failure:
        raise run.failure
    waits = (run.unavailable or _used_up(run)) and _waits(run, edition_id)
    # one of several connections may have been refused while the others sent everything
    unavailable = run.unavailable if waits else ""
    _note(store, unavailable, clock())
    return Delivered(run.settled, unavailable, bool(waits and _used_up(run)))


def _note(store: Store, unavailable: str, now: datetime) -> None:
    """What keeps mail from leaving, for those who look from elsewhere."""
    with store.read() as tx:
        before = troubles.noted(tx, troubles.MAIL_SERVER)
    if unavailable or before:
        with store.write() as tx:
            if unavailable:
                troubles.note(tx, troubles.MAIL_SERVER, unavailable, now)
            else:
                troubles.forget(tx, troubles.MAIL_SERVER)


def _used_up(run: Run) -> bool:
    """Whether the day's budget is."""
    return run.ahead.pace.may_go(monotonic()) == math.inf


@contextmanager
def _unwatched() -> Iterator[None]:
    """What was there before is not looked at by the garbage collector meanwhile, and what is new seldom: a
    tenth of a send's time."""
    thresholds = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(_SELDOM, *thresholds[1:])
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        gc.unfreeze()


def _waits(run: Run, edition_id: int | None) -> bool:
    with run.store.read() as tx:
        return claims.anything_due(tx, run.clock(), edition_id, run.ahead.aside)


def _send(run: Run, transport: Transport, held: Held) -> None:
    reputation = Reputation(run.store)
    recorder = Recorder(Book(run.store, held, run.clock, run.meter), run.ahead, run.broken, reputation)
    exchanges: list[Exchange] = []
    due = recorder.begin()
    try:
        _connect(run, transport, recorder, exchanges, due)
        _begin(run)
        _wait(run, transport, recorder, exchanges)
    except BaseException:
        # not the caller's event: it may be that of a whole process
        run.ending.set()
        _wait(run, transport, recorder, exchanges)
        raise
    finally:
        run.ahead.end()
        answered = run.over.is_set()
        for exchange in exchanges:
            exchange.flush()
        recorder.close()
        reputation.look(run.clock())
        if not answered:
            # the server's answers did not come in time: what is under way is unknown
            workers.abandon(run.store, run.config.delivery, held.worker, run.clock())


def _begin(run: Run) -> None:
    """A thread for all connections; a daemon: a server that never answers must not keep the process alive."""
    try:
        threading.Thread(target=run.work, name="connections", daemon=True).start()
    except BaseException:
        run.over.set()
        raise


def _connect(
    run: Run, transport: Transport, recorder: Recorder, exchanges: list[Exchange], waiting: int
) -> None:
    """A connection for each row that waits, as far as the transport allows."""
    live = sum(not exchange.ended for exchange in exchanges)
    wanted = min(transport.connections, live + waiting)
    recorder.connections = max(1, wanted)
    for _ in range(wanted - live):
        exchanges.append(Exchange(run, recorder))
        run.open(transport, exchanges[-1])


def _wait(run: Run, transport: Transport, recorder: Recorder, exchanges: list[Exchange]) -> None:
    """Until every connection has ended; once the run is stopped, no longer than `stop_timeout`."""
    # not by join: interrupted by Ctrl-C, it calls a thread that still runs ended (CPython 3.11)
    until, looked = None, monotonic()
    while not run.over.wait(0.1):
        if run.stopped and until is None:
            run.ahead.end()
            until = monotonic() + run.config.delivery.stop_timeout.total_seconds()
        if until is not None and monotonic() >= until:
            return
        if until is None and monotonic() >= looked + _LOOK_SECONDS:
            looked = monotonic()
            _look(run, transport, recorder, exchanges)


def _look(run: Run, transport: Transport, recorder: Recorder, exchanges: list[Exchange]) -> None:
    """Now and then: what came due meanwhile need not wait for a connection whose server is slow to answer."""
    with suppress(StoreError):  # the next look may fare better, and who sends will say it
        recorder.reputation.look(run.clock())
        workers.tidy(run.store, run.config.delivery, run.clock())
        _forget_closed(run)
    if not run.unavailable and not run.failure:
        run.ahead.look()
        _connect(run, transport, recorder, exchanges, run.ahead.ready)


def _forget_closed(run: Run) -> None:
    """Nobody waits for what was put off in an edition that is not being sent any more."""
    if expected := run.ahead.expected(monotonic()):
        with run.store.read() as tx:
            closed = [id_ for id_ in expected if editions.get(tx, id_).state != "sending"]
        for edition_id in closed:
            run.ahead.forget(edition_id)


def finish(store: Store, now: datetime) -> None:
    """End the editions of which nothing waits, nothing is unseen, and nobody can still come due (rule 16)."""
    with store.read() as tx:
        if not ledger.completed(tx, now):
            return
    with store.write() as tx:
        # who makes rows wait again holds their edition (`retry`): look when that is done
        editions.lock(tx, ledger.completed(tx, now))
        for edition in ledger.completed(tx, now):
            if editions.set_state(tx, edition, ["sending"], "done", done_at=now):
                webhooks.note(tx, "edition.sent", [edition], now)
