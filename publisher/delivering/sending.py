"""One delivery run: rows read ahead, and for each connection the ledger's side of the exchange."""

from __future__ import annotations

import random
import threading
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection

from publisher import retries
from publisher.config.schema import Config
from publisher.delivering import workers
from publisher.delivering.messages import Composer
from publisher.errors import OutcomeUnknown, TemporaryFailure, TransportError, Unavailable
from publisher.model.mail import Outcome, Outgoing, Transport
from publisher.store import Store, attempts, subscribers
from publisher.store.attempts import Due, Started

_AHEAD = 500
_UNDER_WAY = 2
Clock = Callable[[], datetime]


@dataclass
class Run:
    """What the threads of one run share: the rows read ahead, which are nobody's until they are started.

    An edition whose messages cannot be made is left aside, and waits: its fault is no recipient's.
    """

    store: Store
    config: Config
    composer: Composer
    clock: Clock
    edition_id: int | None
    stop: threading.Event
    progress: Callable[[int], None]
    worker: str = ""
    settled: int = 0
    unavailable: str = ""
    failure: Exception | None = None
    broken: bool = False
    _ahead: deque[Due] = field(default_factory=deque)
    _aside: set[int] = field(default_factory=set)
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def fill(self) -> int:
        """Settle what dead workers left, end what is too late, and read ahead; how many rows there are."""
        now = self.clock()
        workers.tidy(self.store, self.config.delivery, now)
        with self.store.read() as tx:
            self._ahead.extend(attempts.due(tx, now, _AHEAD, self.edition_id, self._aside))
        return len(self._ahead)

    def next(self) -> Due | None:
        """A row that may be started, its variant compiled; None when nothing is due, or the run ends."""
        while True:
            with self._turn:
                if self.broken or self.stop.is_set() or not (self._ahead or self.fill()):
                    return None
                due = self._ahead.popleft()
                if due.edition_id in self._aside:
                    continue
            try:
                self.composer.ready(due.variant_id)
            except Exception as error:
                self.fail(error)
                self._aside.add(due.edition_id)
            else:
                return due

    def drain(self, transport: Transport, exchange: Exchange) -> None:
        """One connection's thread. What it raises is kept, for `deliver` to raise in the caller's."""
        try:
            try:
                transport.drain(exchange)
            finally:
                exchange.close()
        except Unavailable as error:
            self.unavailable = str(error)
        except Exception as error:
            self.fail(error)
            self.broken = True
        finally:
            exchange.ended.set()

    def fail(self, error: Exception) -> None:
        """Keep the first failure."""
        self.failure = self.failure or error

    def give_up(self, exchanges: Iterable[Exchange]) -> None:
        """The server's answers did not come in time: what is under way is unknown."""
        for exchange in exchanges:
            exchange.flush()
        workers.abandon(self.store, self.config.delivery, self.worker, self.clock())

    def count(self) -> None:
        """One more attempt is settled."""
        with self._turn:
            self.settled += 1
            settled = self.settled
        self.progress(settled)


@dataclass
class Exchange:
    """The ledger's side of one connection (rule 17).

    What is known of earlier messages and the start of the next are one transaction, durable before that one
    may leave.
    """

    run: Run
    ended: threading.Event = field(default_factory=threading.Event)
    _under_way: dict[int, Started] = field(default_factory=dict)
    _outcomes: list[tuple[Started, Outcome]] = field(default_factory=list)

    def take(self) -> Outgoing | None:
        """The next message, its start durable."""
        if len(self._under_way) >= _UNDER_WAY:
            raise RuntimeError("a transport took a third message before it settled the first")
        while (due := self.run.next()) is not None:
            if (started := self._start(due)) and (outgoing := self._composed(started)):
                self._under_way[started.id] = started
                return outgoing
        self.flush()
        return None

    def settle(self, outgoing: Outgoing, outcome: Outcome) -> None:
        """Keep the outcome for the next transaction."""
        self._keep(self._under_way.pop(outgoing.key), outcome)

    def close(self) -> None:
        """The connection's end. A message that a transport took and never settled may have left."""
        for key in list(self._under_way):
            lost = OutcomeUnknown(0, "the sending ended before the server's answer", "dot")
            self._keep(self._under_way.pop(key), lost)
        self.flush()

    def flush(self) -> None:
        """Make what is known durable."""
        if known := tuple(self._outcomes):
            with self.run.store.write() as tx:
                self._record(tx, known)
            del self._outcomes[: len(known)]

    def _keep(self, started: Started, outcome: Outcome) -> None:
        self._outcomes.append((started, outcome))
        self.run.count()

    def _start(self, due: Due) -> Started | None:
        known = tuple(self._outcomes)
        with self.run.store.write() as tx:
            self._record(tx, known)
            started = attempts.start(tx, due.id, self.run.worker, self.run.clock())
        del self._outcomes[: len(known)]
        return started

    def _composed(self, started: Started) -> Outgoing | None:
        """The message; None when it cannot be made, which is this recipient's fate and nobody else's."""
        try:
            return self.run.composer.compose(started)
        except TransportError as error:
            self._keep(started, error)
        except Exception as error:
            self.run.fail(error)
            self._keep(started, TemporaryFailure(0, f"the message could not be made: {error}", "mail"))
        return None

    def _record(self, tx: Connection, known: tuple[tuple[Started, Outcome], ...]) -> None:
        now = self.run.clock()
        for started, outcome in known:
            decision = retries.decide(
                outcome,
                attempt=started.attempt,
                now=now,
                due_at=started.due_since,
                policy=self.run.config.delivery,
                jitter=random.random(),
            )
            attempts.settle(
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
