"""Deliver: claim what is due, hand it to the transport, and record what became of it."""

from __future__ import annotations

import random
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from publisher import retries
from publisher.config.schema import Config
from publisher.delivering import workers
from publisher.delivering.messages import Composer
from publisher.errors import NotFound, PermanentFailure, Refused, Unavailable
from publisher.links import Keys
from publisher.model.mail import Outcome, Outgoing, Transport
from publisher.store import Store, editions, ledger, subscribers
from publisher.store.ledger import Started

_AHEAD = 500
_CHUNK = 500
Clock = Callable[[], datetime]


@dataclass
class Delivered:
    """How a delivery run went: how many attempts were settled, and why no server could be reached, if so."""

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
    progress: Callable[[int], None] = lambda settled: None,
) -> Delivered:
    """Everything that is due now, of one edition or all, over the transport's connections; then stops.

    With `stop` set, nothing new is started, and what was started is settled. Raises the first failure that is
    neither a recipient's nor the server's.
    """
    tidy(store, config, clock())
    with workers.working(store) as name:
        run = _Run(store, config, Composer(store, config, keys), clock, name, edition_id, stop, progress)
        threads = [
            threading.Thread(target=run.drain, args=(transport,), name=f"sender-{n}")
            for n in range(min(transport.connections, max(1, run.fill())))
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    if run.failure:
        raise run.failure
    finish(store, clock())
    return Delivered(run.settled, run.unavailable)


def tidy(store: Store, config: Config, now: datetime) -> None:
    """Settle what dead workers left, and end what is too late."""
    policy = config.delivery
    workers.bury(store, policy, now)
    while True:
        with store.write() as tx:
            ended = ledger.expire(tx, now, policy.max_lateness, policy.expire_after, _CHUNK)
        if ended < _CHUNK:
            return


def finish(store: Store, now: datetime) -> None:
    """End the editions of which nothing waits, nothing is unseen, and nobody can still come due (rule 16)."""
    with store.write() as tx:
        for edition in editions.listed(tx, states=("sending",)):
            found = ledger.counts(tx, edition.id)
            waits = found["queued"] + found["sending"] + found["deferred"]
            open_ = edition.closes_at is not None and edition.closes_at > now and not edition.everybody
            if not waits and not open_ and not ledger.unacknowledged(tx, edition.id):
                editions.set_state(tx, edition.id, ["sending"], "done", done_at=now)


@dataclass
class _Run:
    """What the threads of one run share: the rows read ahead, which are nobody's until they are started."""

    store: Store
    config: Config
    composer: Composer
    clock: Clock
    worker: str
    edition_id: int | None
    stop: threading.Event | None
    progress: Callable[[int], None]
    ahead: deque[int] = field(default_factory=deque)
    settled: int = 0
    unavailable: str = ""
    failure: Exception | None = None
    turn: threading.Lock = field(default_factory=threading.Lock)

    def fill(self) -> int:
        """Read ahead; how many rows there are."""
        with self.store.read() as tx:
            self.ahead.extend(ledger.due_ids(tx, self.clock(), _AHEAD, self.edition_id))
        return len(self.ahead)

    def next(self) -> int | None:
        """A row that may be started, or None when nothing is due."""
        if self.failure or (self.stop and self.stop.is_set()):
            return None
        with self.turn:
            if not self.ahead and not self.fill():
                return None
            return self.ahead.popleft()

    def drain(self, transport: Transport) -> None:
        """One connection's thread."""
        exchange = _Exchange(self)
        try:
            transport.drain(exchange)
        except Unavailable as error:
            self.unavailable = str(error)
        except Exception as error:  # a thread's failure is raised by `deliver`, in the caller's thread
            self.failure = self.failure or error
        finally:
            exchange.flush()

    def count(self) -> None:
        """One more attempt is settled."""
        with self.turn:
            self.settled += 1
        self.progress(self.settled)


@dataclass
class _Exchange:
    """The ledger's side of one connection: the outcome of one message and the start of the next are one transaction."""

    run: _Run
    under_way: dict[int, Started] = field(default_factory=dict)
    outcomes: list[tuple[Started, Outcome]] = field(default_factory=list)

    def take(self) -> Outgoing | None:
        """The next message, its start durable."""
        while (key := self.run.next()) is not None:
            with self.run.store.write() as tx:
                self._record(tx)
                started = ledger.start(tx, key, self.run.worker, self.run.clock())
            if started is None:
                continue
            try:
                outgoing = self.run.composer.compose(started)
            except (Refused, NotFound) as error:
                self.outcomes.append((started, PermanentFailure(0, str(error), "mail")))
                self.run.count()
                continue
            except Exception as error:  # nothing was handed to anybody: the row waits as it did
                self.outcomes.append((started, Unavailable(0, str(error), "connect")))
                raise
            self.under_way[started.id] = started
            return outgoing
        self.flush()
        return None

    def settle(self, outgoing: Outgoing, outcome: Outcome) -> None:
        """Keep the outcome for the next transaction."""
        self.outcomes.append((self.under_way.pop(outgoing.key), outcome))
        self.run.count()

    def flush(self) -> None:
        """Make what is known durable."""
        if self.outcomes:
            with self.run.store.write() as tx:
                self._record(tx)

    def _record(self, tx: ledger.Connection) -> None:
        now = self.run.clock()
        for started, outcome in self.outcomes:
            edition = editions.get(tx, started.edition_id)
            decision = retries.decide(
                outcome,
                attempt=started.attempt,
                now=now,
                due_at=max(started.first_due_at, edition.opened_at or started.first_due_at),
                policy=self.run.config.delivery,
                jitter=random.random(),
            )
            ledger.settle(
                tx,
                started,
                self.run.worker,
                decision.status,
                now,
                code=decision.code,
                reply=decision.reply,
                due_at=decision.due_at,
                counted=decision.counted,
            )
            if decision.suppress:
                subscribers.suppress(tx, started.address, decision.suppress, now)
        self.outcomes.clear()
