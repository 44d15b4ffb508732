"""Who runs a recipient's mailbox: by domain and, where DNS answers, by MX (RFC 5321 section 5.1).

The DNS is asked in a thread of its own. A sender never waits for it, and one that does not answer is left
alone for a while.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Collection, Iterable
from queue import Empty, Full, Queue
from time import monotonic

import dns.exception
import dns.resolver
from dns.rdtypes.ANY.MX import MX

_GOOGLE = "gmail.com googlemail.com google.com"
_MICROSOFT = "outlook.com hotmail.com hotmail.co.uk hotmail.fr hotmail.it live.com msn.com office365.com"
_YAHOO = "yahoo.com yahoo.co.uk yahoo.fr ymail.com rocketmail.com aol.com aim.com yahoodns.net"
_APPLE = "icloud.com me.com mac.com"
_BIG = {"google": _GOOGLE, "microsoft": _MICROSOFT, "yahoo": _YAHOO, "apple": _APPLE}
# Domains, and the registered parts of MX hosts, whose provider needs no DNS.
KNOWN = {domain: name for name, domains in _BIG.items() for domain in domains.split()}
_MX_ONLY = {"mx.microsoft": "microsoft"}
# Names that no DNS holds (RFC 2606, RFC 6761, RFC 6762).
_RESERVED = ("test", "example", "invalid", "localhost", "local", "example.com", "example.net", "example.org")
_SECOND_LEVEL = {"ac", "co", "com", "edu", "go", "gov", "ne", "net", "or", "org"}

_PATIENCE = 5.0
_SHORTEST, _LONGEST, _UNANSWERED = 300.0, 86_400.0, 900.0
_FAILURES, _REST = 3, 300.0
_WAITING, _KEPT = 10_000, 100_000
_IDLE = 30.0


def registered(host: str) -> str:
    """The part of a host name that somebody registered: two labels, or three below `.co.uk` and such."""
    labels = host.lower().rstrip(".").split(".")
    many = len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in _SECOND_LEVEL
    return ".".join(labels[-3 if many else -2 :])


def provider_at(mx: str) -> str:
    """The provider behind an MX host: a short name for the largest, the registered part for the others."""
    part = registered(mx)
    return KNOWN.get(part) or _MX_ONLY.get(part, part)


class MailboxProviders:
    """Providers by domain, kept for as long as the DNS says (five minutes to a day). Serves many threads."""

    def __init__(self, resolver: dns.resolver.Resolver | None = None, patience: float = _PATIENCE) -> None:
        self._resolver, self._patience = resolver, patience
        self._answers: dict[str, tuple[str, float]] = {}
        self._asked: set[str] = set()
        self._queue: Queue[str] = Queue(_WAITING)
        self._turn = threading.Lock()
        self._thread: threading.Thread | None = None
        self._failures, self._rests_until = 0, 0.0

    def of(self, domains: Collection[str]) -> dict[str, str]:
        """The providers that are known already; the others are looked up meanwhile. Returns at once."""
        now, found = monotonic(), {}
        for domain in domains:
            name = domain.lower().rstrip(".")
            provider, until = self._answers.get(name, ("", 0.0))
            if until > now:
                found[domain] = provider
            elif name in KNOWN or _reserved(name):
                found[domain] = KNOWN.get(name, name)
            else:
                self._ask(name, now)
        return found

    def known(self, domains: Iterable[str]) -> dict[str, str]:
        """The providers that were learnt before; nobody is asked for the others."""
        now, kept = monotonic(), self._answers
        found = {domain: kept.get(domain, ("", 0.0)) for domain in domains}
        return {domain: provider for domain, (provider, until) in found.items() if until > now}

    def _ask(self, domain: str, now: float) -> None:
        with self._turn:
            if now < self._rests_until or domain in self._asked:
                return
            try:
                self._queue.put_nowait(domain)
            except Full:
                return
            self._asked.add(domain)
            if self._thread is None:
                # a daemon: an answer that does not come must not keep the process from ending
                self._thread = threading.Thread(target=self._work, name="mailbox-providers", daemon=True)
                self._thread.start()

    def _work(self) -> None:
        while True:
            try:
                domain = self._queue.get(timeout=_IDLE)
            except Empty:
                with self._turn:
                    if self._queue.empty():
                        self._thread = None
                        return
                continue
            answer = self._looked_up(domain)
            with self._turn:
                self._asked.discard(domain)
                if len(self._answers) >= _KEPT:
                    self._answers.clear()
                self._answers[domain] = answer
                if self._failures >= _FAILURES:
                    self._rest()

    def _rest(self) -> None:
        """The DNS does not answer: leave it alone for some minutes, and forget who else was asked for."""
        self._failures, self._rests_until = 0, monotonic() + _REST
        while not self._queue.empty():
            self._asked.discard(self._queue.get_nowait())

    def _looked_up(self, domain: str) -> tuple[str, float]:
        """The provider, and until when; the domain itself where there is no MX, or no answer."""
        try:
            if self._resolver is None:
                self._resolver = dns.resolver.Resolver()
            answer = self._resolver.resolve(domain, "MX", lifetime=self._patience)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            self._failures = 0
            return domain, monotonic() + _UNANSWERED
        except (dns.exception.DNSException, OSError, ValueError):
            self._failures += 1
            return domain, monotonic() + _UNANSWERED
        self._failures = 0
        hosts = [(mx.preference, str(mx.exchange)) for mx in answer if isinstance(mx, MX)]
        # "." takes no mail at all (RFC 7505)
        host = min(hosts)[1] if hosts else "."
        ttl = answer.rrset.ttl if answer.rrset else 0
        until = monotonic() + min(max(float(ttl), _SHORTEST), _LONGEST)
        return (provider_at(host) if host != "." else domain), until


def _reserved(domain: str) -> bool:
    return "." not in domain or any(domain == name or domain.endswith(f".{name}") for name in _RESERVED)


@functools.cache
def shared() -> MailboxProviders:
    """Those of this process: what the DNS said is true for every run of it."""
    return MailboxProviders()
