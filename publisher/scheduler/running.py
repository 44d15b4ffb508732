"""The clock and the sender as threads: a job every few seconds, and a loop that sends what the ledger has due."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from apscheduler.schedulers.background import BackgroundScheduler

from publisher import delivering, retries
from publisher.app import Publisher
from publisher.errors import PublisherError
from publisher.scheduler import tick

log = logging.getLogger("publisher")
_TICK_SECONDS = 5
_LOOK_SECONDS = 1.0


class Running:
    """The scheduler and the sender of one process, from `start` to `stop`."""

    def __init__(self, publisher: Publisher) -> None:
        self.publisher = publisher
        self._stop = threading.Event()
        self._held: dict[str, int] = {}
        # The truth about what is due is in the store: this clock only says "look again" (no job store, UTC,
        # and a late or missed look is one look).
        self._clock = BackgroundScheduler(timezone="UTC")
        self._clock.add_job(
            _guarded(self._tick),
            "interval",
            seconds=_TICK_SECONDS,
            coalesce=True,
            max_instances=1,
            misfire_grace_time=None,
        )
        self._sender = threading.Thread(target=self._send, name="sender", daemon=True)

    def start(self) -> None:
        """Begin to look and to send."""
        self._clock.start()
        self._sender.start()

    def stop(self) -> bool:
        """Start nothing more, and wait for the server's last answers; False when some did not come in time (rule 19)."""
        self._stop.set()
        self._clock.shutdown(wait=False)
        self._sender.join(self.publisher.config.delivery.stop_timeout.total_seconds())
        return not self._sender.is_alive()

    def _tick(self) -> None:
        done = tick(self.publisher)
        for result in done.cut:
            if result.edition:
                log.info("%s: cut for %d, %s", result.edition.name, result.recipients, result.edition.state)
        for name, count in done.held.items():
            if self._held.get(name) != count:
                log.warning("%s is held, and %d of its deliveries have come due: publisher send %s", name, count, name)
        self._held = done.held

    def _send(self) -> None:
        failures = 0
        while not self._stop.is_set():
            unavailable = ""
            try:
                unavailable = self._deliver()
            except PublisherError as error:
                unavailable = str(error)
            except Exception:  # the next look may fare better, and the web goes on
                log.exception("the sender met a fault of this program")
                unavailable = "a fault of this program"
            failures = failures + 1 if unavailable else 0
            if unavailable:
                log.warning("nothing leaves now: %s", unavailable)
            self._stop.wait(max(_LOOK_SECONDS, retries.backoff(failures).total_seconds()))

    def _deliver(self) -> str:
        p = self.publisher
        done = delivering.deliver(p.store, p.config, p.keys, p.transport, p.clock, stop=self._stop)
        if done.settled:
            log.info("%d deliveries settled", done.settled)
        return done.unavailable


def _guarded(work: Callable[[], None]) -> Callable[[], None]:
    """The same work, which says what went wrong and lets the clock go on."""

    def run() -> None:
        try:
            work()
        except PublisherError as error:
            log.warning("%s", error)
        except Exception:
            log.exception("the clock met a fault of this program")

    return run
