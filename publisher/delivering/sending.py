"""One delivery run, and for each of its connections the ledger's side of the exchange."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from time import monotonic, thread_time_ns

from publisher import retries
from publisher.config.schema import Config
from publisher.delivering.ahead import Ahead, Row
from publisher.delivering.messages import Composer
from publisher.delivering.metering import Meter
from publisher.delivering.recording import Recorder
from publisher.errors import OutcomeUnknown, TemporaryFailure, TransportError, Unavailable
from publisher.model.mail import Envelope, Outcome, Outgoing, Receipt, Transport
from publisher.store import Store
from publisher.store.claims import Claimed, ClaimedNotice
from publisher.store.groups import Ended, Started
from publisher.transports.hub import Hub

_UNDER_WAY = 2
_MEASURED = 16  # one of so many
Clock = Callable[[], datetime]


@dataclass
class Run:
    """What the connections of one run share: they take turns in one thread, the hub's.

    An edition whose messages cannot be made is left aside, and waits: its fault is no recipient's.
    """

    store: Store
    config: Config
    composer: Composer
    clock: Clock
    stop: threading.Event
    progress: Callable[[int], None]
    ahead: Ahead
    meter: Meter
    settled: int = 0
    unavailable: str = ""
    ending: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)
    failure: Exception | None = None

    @property
    def hub(self) -> Hub:
        """Where its connections meet."""
        return self.ahead.hub

    @property
    def stopped(self) -> bool:
        """Whether nothing more is to be started."""
        return self.stop.is_set() or self.ending.is_set()

    def next(self, wait: bool) -> Row | None:
        """A row that may be started, its variant compiled; None when nothing is due, or the run ends."""
        while not self.stopped and (row := self.ahead.next(wait)) is not None:
            if isinstance(row, ClaimedNotice):
                return row
            if row.edition_id not in self.ahead.aside:
                try:
                    self.composer.ready(row.variant_id)
                except Exception as error:
                    self.fail(error)
                    self.ahead.aside.add(row.edition_id)
                else:
                    return row
        return None

    def open(self, transport: Transport, exchange: Exchange) -> None:
        """One more connection, as soon as the hub comes to it. From any thread."""
        self.hub.spawn(partial(self._drain, transport, exchange))

    def work(self) -> None:
        """The hub's thread: until every connection has ended; `over` then."""
        begun = thread_time_ns()
        try:
            self.hub.run()
        except Exception as error:
            self.broken(error)
        finally:
            self.meter.all += thread_time_ns() - begun
            self.over.set()

    def _drain(self, transport: Transport, exchange: Exchange) -> None:
        """One connection. What it raises is kept, for `deliver` to raise in the caller's thread."""
        try:
            try:
                transport.drain(exchange)
            finally:
                exchange.close()
        except Unavailable as error:
            self.unavailable = str(error)
        except Exception as error:
            self.broken(error)
        finally:
            exchange.ended = True

    def fail(self, error: Exception) -> None:
        """Keep the first failure."""
        self.failure = self.failure or error

    def broken(self, error: Exception) -> None:
        """Keep it, and start nothing more."""
        self.fail(error)
        self.ahead.end()

    def count(self) -> None:
        """One more attempt is settled."""
        self.settled += 1
        self.progress(self.settled)


@dataclass
class Exchange:
    """The ledger's side of one connection (rule 17): its starts are asked for ahead, and awaited in time."""

    run: Run
    recorder: Recorder
    ended: bool = False
    _under_way: dict[int, Started] = field(default_factory=dict)
    _known: list[Ended] = field(default_factory=list)
    _leaving: set[int] = field(default_factory=set)
    _answers: dict[int, bool] = field(default_factory=dict)

    def take(self, wait: bool = True) -> Outgoing | None:
        """The next message, its start asked for."""
        if len(self._under_way) >= _UNDER_WAY:
            raise RuntimeError("a transport took a third message before it settled the first")
        while (row := self.run.next(wait)) is not None:
            # a Date header has no fractions of a second (RFC 5322 section 3.3)
            dated_at = row.dated_at or self.run.clock().replace(microsecond=0)
            started = Started(row, row.attempt + 1, dated_at)
            ended, self._known = self._known, []
            self.recorder.start(self, started, ended)
            if (outgoing := self._composed(started)) is not None:
                self._under_way[outgoing.key] = started
                return outgoing
        self.flush()
        return None

    def flush(self) -> None:
        """There is no next start for the moment: what is known is recorded without."""
        ended, self._known = self._known, []
        self.recorder.end(ended)

    def may_leave(self, outgoing: Outgoing) -> bool:
        """Whether the start is durable."""
        durable = self._answered(outgoing.key)
        if durable:
            self._leaving.add(outgoing.key)
        else:
            del self._under_way[outgoing.key]
        return durable

    def settle(self, outgoing: Outgoing, outcome: Outcome) -> None:
        """Hand the outcome to the recorder."""
        started = self._under_way.pop(outgoing.key)
        if outgoing.key in self._leaving:
            self._leaving.discard(outgoing.key)
            self._end(started, outcome)
        else:
            self._refused(outgoing.key, started, outcome)

    def answer(self, started: Started, durable: bool) -> None:
        """The recorder's word; it stirs the hub when it has given them all."""
        self._answers[_key(started.row)] = durable

    def close(self) -> None:
        """The connection's end. A message that a transport took and never settled may have left."""
        for key in list(self._under_way):
            started = self._under_way.pop(key)
            if key in self._leaving:
                self._end(started, OutcomeUnknown(0, "the sending ended before the server's answer", "dot"))
            elif self._answered(key):
                self._known.append(Ended(started, started.row.status, counted=False))
        self.flush()

    def _answered(self, key: int) -> bool:
        while key not in self._answers:
            self.run.hub.pause()
        return self._answers.pop(key)

    def _refused(self, key: int, started: Started, outcome: Outcome) -> None:
        """Settled before its body: the start must be written before its end is."""
        if self._answered(key):
            self._end(started, outcome)

    def _end(self, started: Started, outcome: Outcome) -> None:
        run = self.run
        if isinstance(outcome, Receipt):
            run.unavailable = ""  # whatever was refused before: there may be room for more connections again
        if isinstance(started.row, Claimed):
            run.ahead.pace.heard(started.row.address.rpartition("@")[2].lower(), outcome, monotonic())
        decision = retries.decide(
            outcome,
            attempt=started.attempt,
            now=run.clock(),
            due_at=started.row.due_since,
            policy=run.config.delivery,
            jitter=random.random(),
        )
        d = decision
        self._known.append(Ended(started, d.status, d.code, d.reply, d.due_at, d.counted, d.suppress))
        run.count()

    def _composed(self, started: Started) -> Outgoing | None:
        """The message; None when it cannot be made, which is this recipient's fate and nobody else's."""
        row, key = started.row, _key(started.row)
        if isinstance(row, ClaimedNotice):
            return Outgoing(key, Envelope(row.sender, row.address), row.message)
        measured = key % _MEASURED == 0  # to look at this clock takes as long as a tenth of a message
        begun = thread_time_ns() if measured else 0
        try:
            return self.run.composer.compose(row, started.dated_at)
        except TransportError as error:
            self._refused(key, started, error)
        except Exception as error:
            self.run.fail(error)
            made = TemporaryFailure(0, f"the message could not be made: {error}", "mail")
            self._refused(key, started, made)
        finally:
            if measured:
                self.run.meter.compose += (thread_time_ns() - begun) * _MEASURED
        return None


def _key(row: Row) -> int:
    """Deliveries and notices have numbers of their own."""
    return row.id if isinstance(row, Claimed) else -row.id
