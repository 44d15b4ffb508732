"""Telling the endpoints: a little at each tick, each in its own order, tried again for three days."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Connection

from publisher import __version__, endpoints, permissions
from publisher.config import endpoints as configured
from publisher.config.schema import Config
from publisher.config.secrets import secret
from publisher.endpoints import Answer
from publisher.errors import ConfigError, NotFound, Problem
from publisher.model.editors import Actor
from publisher.store import Store, webhooks
from publisher.store.webhooks import Event, Told
from publisher.webhooks import payloads, signing

Say = Callable[[str], None]
_SECONDS, _PATIENCE = 3.0, 6.0
_SOME, _BATCH, _AT_ONCE = 2000, 50, 8
# those of Standard Webhooks; after three days nobody is there
_PAUSES = (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000)
_GIVEN_UP, _KEPT, _LONGEST_WAIT = timedelta(days=3), timedelta(days=7), 3600.0
_GONE = 410


class Counted(NamedTuple):
    """How many events endpoints took, and how many endpoints failed."""

    told: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True)
class Telling:
    """One look at the endpoints, which takes about so many seconds. `environ` holds their secrets."""

    store: Store
    config: Config
    environ: Mapping[str, str]
    now: datetime
    say: Say
    seconds: float = _SECONDS

    def tell(self) -> Counted:
        """Tell each endpoint what it has not been told. Raises ConfigError for a secret that is not there."""
        self._prepare()
        with self.store.read() as tx:
            known = {one.url: one for one in webhooks.endpoints(tx) if self._due(tx, one)}
        due = [(one, known[one.url]) for one in self.config.webhooks if one.url in known]
        keys = {one.url: key(one, self.environ) for one, _ in due}
        if not due:
            return Counted()
        until = time.monotonic() + self.seconds
        with ThreadPoolExecutor(min(len(due), _AT_ONCE), "webhooks") as some:
            asked = [some.submit(self._one, one, told, keys[one.url], until) for one, told in due]
            done = [each.result() for each in asked]
        return Counted(sum(one.told for one in done), sum(one.failed for one in done))

    def _prepare(self) -> None:
        """Number what happened, and forget what everybody knows: in short transactions, if any."""
        urls = [one.url for one in self.config.webhooks]
        with self.store.read() as tx:
            same = {one.url for one in webhooks.endpoints(tx)} == set(urls)
            fresh, old = webhooks.unnumbered(tx), bool(webhooks.heard(tx, self.now - _KEPT, 1))
        if not same:
            with self.store.write() as tx:
                webhooks.follow(tx, urls)
        until = time.monotonic() + 1.0
        while (fresh or old) and time.monotonic() < until:
            with self.store.write() as tx:
                fresh = fresh and webhooks.number(tx, _SOME, self.now) == _SOME
                old = old and webhooks.prune(tx, self.now - _KEPT, _SOME) == _SOME

    def _due(self, tx: Connection, told: Told) -> bool:
        now = not told.disabled_at and (told.next_at is None or told.next_at <= self.now)
        return now and webhooks.waiting(tx, told.told) > 0

    def _one(self, one: configured.Endpoint, told: Told, secret: bytes, until: float) -> Counted:
        """Tell one endpoint, until nothing is left, the time is over, or it fails."""
        number, count = told.told, 0
        with endpoints.Endpoint(one.url, one.allow_private, self.seconds + _PATIENCE) as there:
            while time.monotonic() < until:
                with self.store.read() as tx:
                    events = webhooks.after(tx, number, one.events, _BATCH)
                    bodies = payloads.payloads(tx, events)
                    newest = number + webhooks.waiting(tx, number)
                if not events:
                    self._reached(told, newest)
                    break
                taken, answer = self._some(there, secret, events, bodies, until)
                number, count = (events[taken - 1].number if taken else number), count + taken
                if not answer.accepted:
                    self._failed(told, number, answer)
                    return Counted(count, 1)
                self._reached(told, number, delivered=taken > 0)
        return Counted(count)

    def _some(
        self,
        there: endpoints.Endpoint,
        secret: bytes,
        events: Sequence[Event],
        bodies: Sequence[bytes],
        until: float,
    ) -> tuple[int, Answer]:
        """Post some events, in order, while there is time: how many were taken, and the last answer."""
        taken, answer = 0, Answer(200, "")
        for event, body in zip(events, bodies, strict=True):
            if time.monotonic() >= until:
                break
            id_ = payloads.id_of(event, self.config.publication.url)
            answer = there.post(body, _headers(secret, id_, body, self.now, self.config))
            if not answer.accepted:
                break
            taken += 1
        return taken, answer

    def _reached(self, told: Told, number: int, *, delivered: bool = False) -> None:
        """It knows everything up to a number. Killed before this, it is told some events again."""
        changes: dict[str, object] = {"told": number}
        if delivered:
            fine = dict.fromkeys(("failing_since", "next_at"))
            changes |= {**fine, "attempts": 0, "said": "", "delivered_at": self.now}
        with self.store.write() as tx:
            webhooks.change(tx, told.id, **changes)

    def _failed(self, told: Told, number: int, answer: Answer) -> None:
        fresh = number > told.told
        since = self.now if fresh else told.failing_since or self.now
        attempts = 1 if fresh else told.attempts + 1
        gone = answer.status == _GONE or self.now - since >= _GIVEN_UP
        changes = {
            **{"told": number, "attempts": attempts, "failing_since": since, "said": answer.words},
            **{
                "next_at": self.now + _pause(attempts, answer.wait),
                "disabled_at": self.now if gone else None,
            },
            **({"delivered_at": self.now} if fresh else {}),
        }
        with self.store.write() as tx:
            webhooks.change(tx, told.id, **changes)
        if gone:
            self.say(
                f"webhook {told.url} is told nothing more: {answer.words}; "
                f"publisher webhooks --enable {told.url} begins again"
            )


def _pause(attempts: int, wait: float) -> timedelta:
    """How long an endpoint is left alone, which may ask for more than that."""
    return timedelta(seconds=max(_PAUSES[min(attempts, len(_PAUSES)) - 1], min(wait, _LONGEST_WAIT)))


def key(one: configured.Endpoint, environ: Mapping[str, str]) -> bytes:
    """The bytes that an endpoint's events are signed with. Raises ConfigError, which does not tell them."""
    place = f"webhooks {one.url}: secret"
    try:
        return signing.key_of(secret(place, one.secret_env, one.secret_file, environ))
    except ValueError as error:
        raise ConfigError([Problem(place, str(error))]) from None


def _headers(secret: bytes, id_: str, body: bytes, now: datetime, config: Config) -> dict[str, str]:
    agent = f"publisher/{__version__} (+{config.publication.url})"
    about = {"Content-Type": "application/json", "User-Agent": agent}
    return about | signing.headers(secret, id_, body, now)


def tell(store: Store, config: Config, environ: Mapping[str, str], now: datetime, say: Say) -> Counted:
    """Tell all endpoints for a few seconds; the rest waits for the next time. Raises ConfigError.

    Killed on its way, it tells some events again, under the same ids.
    """
    return Telling(store, config, environ, now, say).tell()


def try_out(config: Config, environ: Mapping[str, str], actor: Actor, url: str, now: datetime) -> Answer:
    """Post a signed event of the type `test` to an endpoint, at once; what it answered. Changes nothing.

    Raises NotAllowed, NotFound, ConfigError.
    """
    permissions.check(actor, "keep webhooks")
    one = next((each for each in config.webhooks if each.url == url), None)
    if one is None:
        raise NotFound(f"no endpoint {url}: the configuration lists them under webhooks")
    body = payloads.body(Event(0, 0, "test", 0, "", now), {"publication": config.publication.url})
    id_ = payloads.id_of(Event(0, 0, "test", 0, "", now), config.publication.url)
    with endpoints.Endpoint(one.url, one.allow_private, _PATIENCE) as there:
        return there.post(body, _headers(key(one, environ), id_, body, now, config))
