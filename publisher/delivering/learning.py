"""What a run learns about the pace: taken up when it begins, kept while it lasts, shown by `status`."""

from __future__ import annotations

import contextlib
import math
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import monotonic
from typing import Any

from publisher.config.mail import Smtp
from publisher.config.schema import Config
from publisher.delivering.pace import Pace
from publisher.errors import StoreError
from publisher.model.mail import Transport
from publisher.pacing import throttling, warming
from publisher.pacing.throttling import Throttle
from publisher.store import Store, attempts
from publisher.store import pacing as kept
from publisher.transports.mailbox_providers import KNOWN, MailboxProviders, shared
from publisher.transports.smtp import SmtpTransport

_LOOK_SECONDS = 0.5
_COUNT_SECONDS, _KEEP_SECONDS, _FORGET_SECONDS, _MEET_SECONDS = 10.0, 2.0, 3600.0, 1.0
_MOMENT = 0.5  # the same moment, by two clocks
Clock = Callable[[], datetime]


@dataclass
class _Learning:
    """The side of a Pace that reads and writes the store and asks for providers, in a thread of its own."""

    store: Store
    config: Config
    clock: Clock
    pace: Pace
    server: Callable[[], Smtp | None]
    providers: MailboxProviders | None
    kept: dict[str, Throttle] = field(default_factory=dict)
    _pending: set[str] = field(default_factory=set)
    _last: dict[str, float] = field(default_factory=dict)
    _end: threading.Event = field(default_factory=threading.Event)

    def begin(self) -> None:
        """Take up what earlier runs learnt, and count what has left today. Raises StoreError."""
        with self.store.read() as tx:
            rows = kept.learnt(tx)
        at = monotonic()
        ahead = at - self.clock().timestamp()
        self.kept = {name: throttling.moved(_thawed(*row), ahead) for name, row in rows.items()}
        self.pace.restore({n: t for n, t in self.kept.items() if not throttling.over(t, at)})
        self._last = {"forget": at, "keep": at, "count": at, "meet": at}
        # which server answers is not known yet: until the first look the slowest rate of all is kept
        rates = [server.rate for server in self.config.mail.smtp if server.rate]
        name, _ = _named(self.server())
        self.pace.through(name, min(rates, default=None))
        self.meet()
        self.count()

    def work(self) -> None:
        """Until `end`: look twice a second. A store that cannot be used now is tried again."""
        while not self._end.wait(_LOOK_SECONDS):
            self._through()
            self._ask()
            if self._due("forget", _FORGET_SECONDS):
                self.pace.refresh(monotonic())
            with contextlib.suppress(StoreError):
                if self._due("meet", _MEET_SECONDS):
                    self.meet()
                if self._due("count", _COUNT_SECONDS):
                    self.count()
                if self._due("keep", _KEEP_SECONDS):
                    self.keep()

    def end(self) -> None:
        """Look no more."""
        self._end.set()

    def count(self) -> None:
        """What the warm-up leaves of the day. Raises StoreError."""
        if self.config.mail.warm_up:
            since = self.pace.admitted
            today = _warm_up(self.store, self.config, self.clock())
            self.pace.allow(math.inf if today is None else today["budget"] - today["used"], since)

    def meet(self) -> None:
        """How many send now, and what the others have learnt since. Raises StoreError."""
        with self.store.read() as tx:
            names, rows = attempts.workers_known(tx), kept.learnt(tx)
        self.pace.share(sum(not self.store.dead(name) for name in names))
        ahead = monotonic() - self.clock().timestamp()
        mine = self.pace.throttles(monotonic())
        theirs = {name: throttling.moved(_thawed(*row), ahead) for name, row in rows.items()}
        newer = {n: t for n, t in theirs.items() if n not in self.kept or t.at > self.kept[n].at + _MOMENT}
        newer = {n: t for n, t in newer.items() if n not in mine or t.at > mine[n].at + _MOMENT}
        self.pace.restore({n: t for n, t in newer.items() if not throttling.over(t, monotonic())})
        self.kept.update(newer)

    def keep(self) -> None:
        """Write down what changed. Raises StoreError."""
        at = monotonic()
        behind = self.clock().timestamp() - at
        found = self.pace.throttles(at)
        changed = {n: t for n, t in found.items() if self.kept.get(n) != t}
        gone = self.kept.keys() - found.keys()
        if changed or gone:
            with self.store.write() as tx:
                for name, throttle in changed.items():
                    state, moment = _frozen(throttling.moved(throttle, behind))
                    kept.learn(tx, name, state, moment)
                kept.forget(tx, gone)
            self.kept = found

    def _through(self) -> None:
        self.pace.through(*_named(self.server()))

    def _ask(self) -> None:
        if self.providers:
            self._pending.update(self.pace.strangers())
            if found := self.providers.of(self._pending):
                self.pace.learn(found)
                self._pending -= found.keys()

    def _due(self, what: str, seconds: float) -> bool:
        now = monotonic()
        if now - self._last[what] < seconds:
            return False
        self._last[what] = now
        return True


@contextlib.contextmanager
def paced(
    store: Store,
    config: Config,
    clock: Clock,
    transport: Transport | None = None,
    *,
    providers: MailboxProviders | None = None,
) -> Iterator[Pace]:
    """The pace of one run: it knows what earlier runs learnt, and what it learns outlives it.

    Limits, rates and budgets are those of all processes that send at this moment: each takes its share, and
    what one learns the others know two or three seconds later. The rate is that of the server which
    `transport` uses. `providers` are by default those of this process, or none where `mail.mx_lookup` is
    false. Raises StoreError when it begins; afterwards a store that fails keeps nothing from being sent.
    """
    if providers is None and config.mail.transport == "smtp" and config.mail.mx_lookup:
        providers = shared()
    pace = Pace(KNOWN)
    learning = _Learning(store, config, clock, pace, lambda: _server(config, transport), providers)
    learning.begin()
    thread = threading.Thread(target=learning.work, name="pace", daemon=True)
    thread.start()
    try:
        yield pace
    finally:
        learning.end()
        thread.join()
        with contextlib.suppress(StoreError):
            learning.keep()


def _server(config: Config, transport: Transport | None) -> Smtp | None:
    if isinstance(transport, SmtpTransport):
        return transport.server
    return config.mail.smtp[0] if config.mail.transport == "smtp" else None


def _named(server: Smtp | None) -> tuple[str, float | None]:
    """The name of a transport, and its rate."""
    return (f"{server.host}:{server.port}", server.rate) if server else ("files", None)


def standing(store: Store, config: Config, now: datetime) -> dict[str, Any]:
    """What holds mail up at the moment, as the store tells it to any process.

    `transports` (name, rate), `limits` (of providers and transports that complained: name, messages a second,
    since when, the server's last words) and `warm_up` (day, budget, used; None without one).
    """
    about = {"transports": transports(config), "limits": limits(store, now)}
    return about | {"warm_up": _warm_up(store, config, now)}


def transports(config: Config) -> list[dict[str, Any]]:
    """The `transports` of `standing`, in the order in which they are used."""
    servers: list[Smtp | None] = [None]
    if config.mail.transport == "smtp":
        servers = [*config.mail.smtp]
    return [dict(zip(("name", "rate"), _named(server), strict=True)) for server in servers]


def limits(store: Store, now: datetime) -> list[dict[str, Any]]:
    """The `limits` of `standing`, by name."""
    with store.read() as tx:
        rows = kept.learnt(tx)
    found, at = [], now.timestamp()
    for name, (state, moment) in sorted(rows.items()):
        throttle = _thawed(state, moment)
        if not throttling.over(throttle, at):
            since = datetime.fromtimestamp(throttle.since, UTC)
            rate = round(throttling.rate_at(throttle, at), 2)
            kind, _, short = name.partition(":")
            found.append({"of": kind, "name": short, "rate": rate, "since": since, "reply": throttle.reply})
    return found


def _warm_up(store: Store, config: Config, now: datetime) -> dict[str, Any] | None:
    """Today's budget and what is used of it; None when there is no warm-up, or it is over."""
    if not (plan := config.mail.warm_up):
        return None
    day, began = warming.day_of(now, config.publication.zone)
    budget = warming.budget(plan.since, plan.first, plan.growth, day)
    if budget is None:
        return None
    with store.read() as tx:
        return {"day": day.isoformat(), "budget": budget, "used": kept.left_since(tx, began)}


def _frozen(throttle: Throttle) -> tuple[dict[str, Any], datetime]:
    """As the store keeps it, by the clock on the wall."""
    state = {"rate": throttle.rate, "since": throttle.since, "peak": throttle.peak, "reply": throttle.reply}
    return state, datetime.fromtimestamp(throttle.at, UTC)


def _thawed(state: Mapping[str, Any], at: datetime) -> Throttle:
    return Throttle(state["rate"], at.timestamp(), state["since"], state["peak"], state["reply"])
