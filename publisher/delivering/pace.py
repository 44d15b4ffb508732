"""How fast a run may send: what the transport, the mailbox providers and the warm-up allow at this moment."""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from publisher import retries
from publisher.errors import OutcomeUnknown, TransportError
from publisher.model.mail import Outcome, Receipt
from publisher.pacing import rates, throttling
from publisher.pacing.rates import Tally
from publisher.pacing.throttling import Throttle

PROVIDER, TRANSPORT = "provider:", "transport:"
_BEFORE_MAIL = ("connect", "greeting", "tls", "auth")


@dataclass(slots=True)
class _Flow:
    """What goes to one mailbox provider, or through one transport."""

    name: str
    rate: float = math.inf
    throttle: Throttle | None = None
    tally: Tally = field(default_factory=Tally)
    free_at: float = 0.0

    def wait(self, now: float) -> float:
        return rates.wait(self.free_at, now)

    def take(self, now: float, share: float) -> None:
        self.tally = rates.counted(self.tally, now)
        limit = self.rate
        if self.throttle:
            limit = min(limit, throttling.rate_at(self.throttle, now))
        if limit < math.inf:
            self.free_at = rates.taken(self.free_at, now, limit * share)

    def slow_down(self, now: float, reply: str, share: float) -> None:
        before, speed = self.throttle, rates.observed(self.tally, now) / share
        self.throttle = throttling.halved(before, speed, now, reply)
        if self.throttle is not before:
            self.free_at = now + 1.0 / (self.throttle.rate * share)


class Pace:
    """Admits messages. Serves many threads; `now` is `time.monotonic()` throughout, and nothing here waits.

    `known` maps domains to mailbox providers; every other domain is one of its own until `learn` is called.
    All limits are those of the whole cluster: of each this worker takes its share.
    """

    def __init__(self, known: Mapping[str, str] | None = None) -> None:
        self.admitted = 0
        self._known = known or {}
        self._transport = _Flow("")
        self._transports: dict[str, _Flow] = {}
        self._providers: dict[str, _Flow] = {}
        self._domains: dict[str, _Flow] = {}
        self._older: dict[str, _Flow] = {}
        self._strangers: list[str] = []
        self._left = math.inf
        self._limited = False
        self._share = 1.0
        self._turn = threading.Lock()

    def admit(self, domain: str, now: float) -> float:
        """0.0: one message to this domain may go now, and is counted. Else how many seconds until it is worth
        asking again; infinite when the warm-up lets nothing more go today."""
        with self._turn:
            flow = self._domains.get(domain) or self._met(domain)
            if self._limited:
                wait = max(self._general_wait(now), flow.wait(now) if flow.throttle else 0.0)
                if wait:
                    return wait
            self.admitted += 1
            self._left -= 1
            self._transport.take(now, self._share)
            flow.take(now, self._share)
            return 0.0

    def may_go(self, now: float) -> float:
        """As `admit`, for any message at all, and counting none: to ask before looking whose turn it is."""
        return self._general_wait(now) if self._limited else 0.0

    def heard(self, domain: str, outcome: Outcome, now: float) -> None:
        """What a server said of a message that was admitted. A complaint slows its provider down; one at MAIL
        is about us and not about the recipient, and slows the transport down."""
        if isinstance(outcome, Receipt | OutcomeUnknown) or outcome.phase in _BEFORE_MAIL:
            return
        if not throttling.complains(outcome.code, retries.enhanced_code(outcome.reply)):
            return
        with self._turn:
            at_mail = outcome.phase == "mail"
            flow = self._transport if at_mail else self._domains.get(domain) or self._met(domain)
            flow.slow_down(now, _words(outcome), self._share)
            self._limited = True

    def through(self, transport: str, rate: float | None) -> None:
        """From now on mail goes through this transport, at most so many messages a second."""
        with self._turn:
            self._transport = self._transports.setdefault(transport, _Flow(transport))
            self._transport.rate = rate or math.inf
            self._look()

    def share(self, workers: int) -> None:
        """How many workers send at this moment, this one among them."""
        self._share = 1.0 / max(1, workers)

    def provider(self, domain: str) -> str:
        """The mailbox provider of a domain, as far as it is known."""
        flow = self._domains.get(domain) or self._older.get(domain)
        return flow.name if flow else domain

    def rate(self, domain: str, now: float) -> float:
        """How many messages a second its mailbox provider takes at most; infinite without a limit."""
        flow = self._domains.get(domain) or self._older.get(domain)
        return throttling.rate_at(flow.throttle, now) if flow and flow.throttle else math.inf

    def allow(self, left: float, since: int = 0) -> None:
        """What is left of the day's budget, counted when `admitted` was `since`; infinite without warm-up."""
        with self._turn:
            mine = left if left == math.inf else math.floor(left * self._share)
            self._left = mine - (self.admitted - since)
            self._look()

    def strangers(self) -> list[str]:
        """The domains that were met since the last call, and whose provider is not known."""
        with self._turn:
            met, self._strangers = self._strangers, []
            return met

    def learn(self, providers: Mapping[str, str]) -> None:
        """Domain to provider. The limit of a domain goes over to its provider, if that has none."""
        with self._turn:
            for domain, name in providers.items():
                before, flow = self._domains.get(domain), self._flow(name)
                if before and before is not flow:
                    if not flow.throttle:
                        flow.throttle, flow.free_at = before.throttle, before.free_at
                    before.throttle = None
                self._domains[domain] = flow

    def refresh(self, now: float) -> None:
        """Let go of limits that bind no more, and of domains not met since the last call but one."""
        with self._turn:
            self._let_go(now)
            self._older, self._domains = self._domains, {}
            in_use = {flow.name for flow in self._older.values()}
            self._providers = {n: f for n, f in self._providers.items() if f.throttle or n in in_use}

    def throttles(self, now: float) -> dict[str, Throttle]:
        """The limits that bind, by `provider:NAME` and `transport:NAME`."""
        with self._turn:
            self._let_go(now)
            flows = [(PROVIDER, self._providers), (TRANSPORT, self._transports)]
            return {k + f.name: f.throttle for k, found in flows for f in found.values() if f.throttle}

    def restore(self, throttles: Mapping[str, Throttle]) -> None:
        """Take up what `throttles` gave in an earlier run."""
        with self._turn:
            for key, throttle in throttles.items():
                name = key.removeprefix(TRANSPORT)
                if name != key:
                    self._transports.setdefault(name, _Flow(name)).throttle = throttle
                else:
                    self._flow(key.removeprefix(PROVIDER)).throttle = throttle
            self._look()

    def _general_wait(self, now: float) -> float:
        return math.inf if self._left <= 0 else self._transport.wait(now)

    def _met(self, domain: str) -> _Flow:
        """The flow of a domain that is not in the newest list; its provider will be asked for again."""
        name = domain.lower().rstrip(".")
        known = self._known.get(name)
        if not known:
            self._strangers.append(domain)
        flow = self._older.get(domain) or self._flow(known or name)
        self._domains[domain] = flow
        return flow

    def _flow(self, name: str) -> _Flow:
        return self._providers.setdefault(name, _Flow(name))

    def _let_go(self, now: float) -> None:
        for flow in (*self._transports.values(), *self._providers.values()):
            if flow.throttle and throttling.over(flow.throttle, now):
                flow.throttle = None
        self._look()

    def _look(self) -> None:
        """Whether there is any limit at all: where there is none, `admit` does little."""
        general = self._transport.rate < math.inf or self._left < math.inf
        flows = (self._transport, *self._providers.values())
        self._limited = general or any(flow.throttle for flow in flows)


def _words(outcome: TransportError) -> str:
    return f"{outcome.code} {outcome.reply}"[:500]
