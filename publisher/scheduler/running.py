"""The clock and the sender as threads: a job every few seconds, and a loop that sends what is due."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable

from apscheduler.schedulers.background import BackgroundScheduler

from publisher import delivering, retries
from publisher.app import Publisher
from publisher.errors import PublisherError
from publisher.scheduler import reminder, tick
from publisher.scheduler.presence import Presence
from publisher.scheduler.reporting import reporting

log = logging.getLogger("publisher")
_TICK_SECONDS = 5
_LOOK_SECONDS = 1.0
_MARGIN_SECONDS = 5.0
_SENDER = "the sender"


class Running:
    """Scheduler and sender of one process, from `start` until `stopping` is set and `stop` returns."""

    def __init__(self, publisher: Publisher, stopping: threading.Event) -> None:
        self.publisher = publisher
        self._stop = stopping
        self._held: dict[str, int] = {}
        self._unreachable = 0
        self._said: dict[str, str] = {}
        self._run = ""  # the worker of the newest run: the ledger's events name it too
        # The truth about what is due is in the store: this clock only says "look again" (no job store, UTC,
        # and a late or missed look is one look).
        self._clock = BackgroundScheduler(timezone="UTC")
        self._clock.add_job(
            lambda: self._guarded("the clock", self._tick),
            "interval",
            seconds=_TICK_SECONDS,
            coalesce=True,
            max_instances=1,
            misfire_grace_time=None,
        )
        self._presence = Presence(publisher.store)
        self._sender = threading.Thread(target=self._send, name="sender", daemon=True)

    def start(self) -> None:
        """Begin to look and to send."""
        self._guarded("the clock", self._be_there)
        self._clock.start()
        self._sender.start()

    def stop(self) -> bool:
        """Start nothing more, and wait for the last answers; False when some did not come (rule 19)."""
        self._stop.set()
        self._clock.shutdown(wait=False)
        patience = self.publisher.config.delivery.stop_timeout.total_seconds()
        self._sender.join(patience + _MARGIN_SECONDS)
        self._presence.end()
        return not self._sender.is_alive()

    def _be_there(self) -> bool:
        self._presence.keep()
        return True

    def _tick(self) -> bool:
        self._be_there()
        done = tick(self.publisher)
        for name, count in done.held.items():
            if self._held.get(name) != count:
                said = reminder(self.publisher.config, name, count)
                log.warning("%s", said, extra={"fields": {"edition": name, "due": count}})
        self._held = done.held
        return True

    def _send(self) -> None:
        while not self._stop.is_set():
            well = self._guarded(_SENDER, self._deliver)
            # only a server that cannot be reached is left alone for long: a fault keeps no other edition back
            rest = retries.backoff(self._unreachable).total_seconds()
            self._stop.wait(max(_LOOK_SECONDS if well else _TICK_SECONDS, rest))

    def _deliver(self) -> bool:
        p = self.publisher
        self._run = ""
        with reporting(p) as report:

            def began(worker: str) -> None:
                self._run = report.run = worker

            done = delivering.deliver(
                p.store, p.config, p.keys, p.transport, p.clock, stop=self._stop, began=began
            )
        if done.settled:
            report.say()
        self._unreachable = self._unreachable + 1 if done.unavailable else 0
        if done.unavailable:
            self._say(_SENDER, f"nothing leaves now: {done.unavailable}")
        return not done.unavailable

    def _guarded(self, who: str, work: Callable[[], bool]) -> bool:
        """Do it, and say what went wrong: the next look may fare better. Whether all went well."""
        try:
            well = work()
        except PublisherError as error:
            self._say(who, str(error))
            return False
        except Exception as error:
            fault = f"{who} met a fault of this program: {type(error).__name__}: {error}"
            self._say(who, fault, exc_info=bool(os.environ.get("PUBLISHER_DEBUG")))
            return False
        if well:
            self._said.pop(who, None)
        return well

    def _say(self, who: str, text: str, exc_info: bool = False) -> None:
        """A warning; the same one again only after something else, or after all was well."""
        if self._said.get(who) != text:
            run = {"run": self._run} if who == _SENDER and self._run else {}
            log.warning("%s", text, exc_info=exc_info, extra={"fields": run})
        self._said[who] = text
