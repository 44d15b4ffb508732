"""What somebody sees who watches an edition: how it stands, by provider, what servers say, and who sends.

However large it is, a bounded number of rows is read.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from publisher import permissions
from publisher.config.schema import Config
from publisher.delivering import learning, watching
from publisher.delivering.watching import Standing
from publisher.model.editors import Actor
from publisher.store import Store, editions, heard, ledger, troubles, workforce
from publisher.store.editions import Edition
from publisher.store.heard import Answer, Tally
from publisher.store.troubles import Noted
from publisher.store.workforce import Worker
from publisher.transports.mailbox_providers import KNOWN, shared

SMALL, _EVENTS, _ROWS = 5000, 5000, 500
_SHOWN, _NAMED = 20, 3
_WORDY = ("deferred", "bounced", "expired", "unknown")
_ADDRESS = re.compile(r"[^\s<>\"'(),;:=]+@[^\s<>\"'(),;:]+")
# what a server calls this one message: at least eight characters, letters and digits among them
_OWN_NAME = re.compile(
    r"(?<![\w.-])(?=[\w.-]*\d)(?=[\w.-]*[A-Za-z])[A-Za-z0-9][\w-]{6,}[\w](?:\.\d+)?(?![\w.-])"
)


@dataclass(frozen=True, slots=True)
class Provider:
    """A mailbox provider: outcomes by status, and how many messages a second it is given, if it asked."""

    name: str
    counts: Counter[str]
    limit: float | None


@dataclass(frozen=True, slots=True)
class Said:
    """What was answered alike about several deliveries of a status; what names one of them is left out.

    `others` is how many more `providers` there are.
    """

    status: str
    code: int
    words: str
    count: int
    providers: tuple[str, ...]
    others: int


@dataclass(frozen=True, slots=True)
class Server:
    """A mail server of the configuration: messages a second that it was held to, and what it said then."""

    name: str
    limit: float | None
    reply: str


@dataclass(frozen=True, slots=True)
class Progress:
    """An edition at one moment.

    `outcomes` is how many deliveries `providers`, and `others` that are left out, are counted from: all of a
    small edition (`whole`), else its newest, since `since`. `said` is grouped from so many `answers` `of` so
    many. `servers` are those that the configuration has, and `trouble` is why nothing leaves.
    """

    standing: Standing
    providers: tuple[Provider, ...]
    others: int
    outcomes: int
    whole: bool
    since: datetime | None
    said: tuple[Said, ...]
    answers: int
    of: int
    workers: tuple[Worker, ...]
    servers: tuple[Server, ...]
    trouble: Noted | None
    at: datetime

    @property
    def over(self) -> bool:
        """Whether nothing will move any more."""
        return self.standing.state in ("done", "cancelled")

    @property
    def statuses(self) -> list[str]:
        """Those that a delivery to one of `providers` has."""
        return [status for status in ledger.STATUSES if any(one.counts[status] for one in self.providers)]


def look(store: Store, config: Config, actor: Actor, edition: Edition, now: datetime) -> Progress:
    """How an edition gets on now. Raises NotAllowed, StoreError."""
    permissions.check(actor, "look")
    limits = learning.limits(store, now)
    with store.read() as tx:
        stands = watching.standing(
            tx, editions.get(tx, edition.id), watching.rates(tx, now).get(edition.id, 0.0), now
        )
        whole = stands.planned <= SMALL
        if whole:
            wide, since = heard.all_of(tx, edition.id, SMALL), None
        else:
            wide, since = heard.newest(tx, edition.id, _EVENTS)
        wordy = [status for status in _WORDY if stands.counts[status]]
        answers = [one for status in wordy for one in heard.said(tx, edition.id, status, _ROWS)]
        trouble = troubles.noted(tx, troubles.MAIL_SERVER)
    domains = {one.domain for one in wide} | {domain_of(one.address) for one in answers}
    named = providers_of(domains)
    slow = {one["name"]: one["rate"] for one in limits if one["of"] == "provider"}
    by_provider = _by_provider(wide, named, slow)
    return Progress(
        stands,
        by_provider[:_SHOWN],
        len(by_provider[_SHOWN:]),
        sum(one.number for one in wide),
        whole,
        since,
        grouped(answers, named),
        len(answers),
        sum(stands.counts[status] for status in wordy),
        tuple(workforce.everybody(store)),
        _servers(config, limits),
        trouble,
        now,
    )


def _servers(config: Config, limits: Sequence[Mapping[str, Any]]) -> tuple[Server, ...]:
    slow = {one["name"]: one for one in limits if one["of"] == "transport"}
    names = dict.fromkeys(str(one["name"]) for one in learning.transports(config))
    none = {"rate": None, "reply": ""}
    return tuple(Server(name, (one := slow.get(name, none))["rate"], plain(one["reply"])) for name in names)


def domain_of(address: str) -> str:
    """The part behind the last @, in small letters."""
    return address.rpartition("@")[2].lower()


def providers_of(domains: Iterable[str]) -> dict[str, str]:
    """Domain to provider, as far as this process knows; nobody is asked."""
    known = shared().known(domains)
    return {domain: known.get(domain) or KNOWN.get(domain, domain) for domain in domains}


def _by_provider(
    wide: Sequence[Tally], named: Mapping[str, str], limits: Mapping[str, float]
) -> tuple[Provider, ...]:
    found: dict[str, Counter[str]] = {}
    for one in wide:
        found.setdefault(named[one.domain], Counter())[one.status] += one.number
    made = [Provider(name, counts, limits.get(name)) for name, counts in found.items()]
    return tuple(sorted(made, key=lambda one: (one.limit is None, -sum(one.counts.values()), one.name)))


def grouped(answers: Iterable[Answer], named: Mapping[str, str]) -> tuple[Said, ...]:
    """The same words together, those said most often first."""
    found: dict[tuple[str, int, str], list[Answer]] = {}
    for one in answers:
        found.setdefault((one.status, one.code, plain(one.reply)), []).append(one)
    made = []
    for (status, code, words), alike in found.items():
        whose = Counter(named.get(domain_of(one.address), domain_of(one.address)) for one in alike)
        names = tuple(name for name, _ in whose.most_common(_NAMED))
        made.append(Said(status, code, words, len(alike), names, len(whose) - len(names)))
    return tuple(sorted(made, key=lambda one: (-one.count, one.status, one.words))[:_SHOWN])


@lru_cache(4096)  # the same ones every second, for whoever watches
def plain(reply: str) -> str:
    """A server's words without what names one recipient or message, so that viewers may read them."""
    return " ".join(_OWN_NAME.sub("…", _ADDRESS.sub("…", reply)).split())
