"""What is measured of a publication: read from the store when somebody asks, and kept for a while."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from time import monotonic

from publisher import __version__
from publisher.app import Publisher
from publisher.delivering import learning, watching
from publisher.delivering.watching import Standing
from publisher.store import editions, feed_polls, gauges, ledger, workforce
from publisher.store.editions import OPEN_STATES
from publisher.store.gauges import Listed
from publisher.web.exposition import Gauge

_WEEK, _JUST_NOW = timedelta(days=7), timedelta(seconds=10)
_PEOPLE_SECONDS, _SHARE = 60.0, 50
_WAITS = ("queued", "sending", "deferred")  # of an edition that is being cancelled
_SUBSCRIPTION_STATUSES = ("pending", "confirmed", "unsubscribed")


class Collector:
    """Reads the numbers of a publication; for one thread at a time.

    Done editions are counted once, and subscriptions once a minute, or so seldom that it takes no more than a
    fiftieth of the time.
    """

    def __init__(self, publisher: Publisher) -> None:
        self.publisher = publisher
        self._done: dict[Listed, dict[str, int]] = {}
        self._people: dict[tuple[str, str], int] = {}
        self._people_until = 0.0

    def gauges(self) -> list[Gauge]:
        """All numbers of this moment. Raises StoreError."""
        p, now = self.publisher, self.publisher.clock()
        with p.store.read() as tx:
            listed = gauges.editions_since(tx, now - _WEEK)
            moving = [editions.get(tx, one.id) for one in listed if _moves(one, now)]
        standings = watching.standings(p.store, moving, now)
        counts = {one.id: standing.counts for one, standing in zip(moving, standings, strict=True)}
        self._count_done([one for one in listed if one.id not in counts])
        return [
            *self._ledger(listed, counts),
            *self._speed(standings, now),
            *self._pace(now),
            *self._processes(now),
            self._subscriptions(),
            self._polls(now),
        ]

    def _count_done(self, done: list[Listed]) -> None:
        before, self._done = self._done, {}
        for one in done:
            # one that waits again has another state, or another moment at which it was done
            if one not in before or any(before[one][status] for status in _WAITS):
                with self.publisher.store.read() as tx:
                    before[one] = ledger.counts(tx, one.id)
            self._done[one] = before[one]

    def _ledger(self, listed: list[Listed], counts: Mapping[int, Mapping[str, int]]) -> list[Gauge]:
        sent = Gauge(
            "publisher_deliveries", "Deliveries by newsletter and status, of editions of the last seven days."
        )
        states = Gauge("publisher_editions_open", "Editions that are not done, by newsletter and state.")
        for name in self._newsletters([one.newsletter for one in listed]):
            mine = [one for one in listed if one.newsletter == name]
            for status in ledger.STATUSES:
                found = sum((counts.get(o.id) or self._done[o])[status] for o in mine)
                sent.add(found, newsletter=name, status=status)
            for state in OPEN_STATES:
                states.add(sum(one.state == state for one in mine), newsletter=name, state=state)
        return [sent, states]

    def _speed(self, standings: list[Standing], now: datetime) -> list[Gauge]:
        with self.publisher.store.read() as tx:
            oldest = gauges.oldest_due(tx, now)
            notices = gauges.notices_due(tx, now)
            unseen = sum(ledger.unseen(tx).values())
        due = sum(one.due for one in standings if one.state == "sending")
        age = (now - oldest).total_seconds() if oldest else 0
        rate = round(sum(one.rate for one in standings), 3)
        found = (
            ("messages_per_second", "Messages of editions a second, over the last ten seconds.", rate),
            ("deliveries_due", "Deliveries that may leave now, and have not been started.", due),
            ("deliveries_due_age_seconds", "For how long the oldest of them has been due.", age),
            ("deliveries_unacknowledged", "Deliveries of unknown outcome that wait for a person.", unseen),
            ("notices_due", "Notices that may leave now, and have not been started.", notices),
        )
        return [_gauge(*each) for each in found]

    def _pace(self, now: datetime) -> list[Gauge]:
        p = self.publisher
        standing = learning.standing(p.store, p.config, now)
        limits = Gauge(
            "publisher_limit_messages_per_second",
            "The limit of a mailbox provider or transport that asked for one.",
        )
        for limit in standing["limits"]:
            limits.add(limit["rate"], of=limit["of"], name=limit["name"])
        rates = Gauge("publisher_transport_messages_per_second", "The rate set for a transport.")
        for name, rate in {each["name"]: each["rate"] for each in standing["transports"]}.items():
            rates.add(rate, name=name)
        warm_up = standing["warm_up"] or {"budget": None, "used": None}
        budget = _gauge("warm_up_budget", "Messages that the warm-up allows today.", warm_up["budget"])
        return [limits, rates, budget, _gauge("warm_up_used", "How many of them have left.", warm_up["used"])]

    def _processes(self, now: datetime) -> list[Gauge]:
        store = self.publisher.store
        found = workforce.everybody(store)
        alive = sum(one.alive for one in found)
        with store.read() as tx:
            ages = [workforce.tick_age(tx, name) for name in (workforce.TICKED, workforce.TICKED_ONCE)]
            gathered = gauges.last_done(tx, "gather")
        ticked = min((age for age in ages if age is not None), default=None)
        since_gather = (now - gathered).total_seconds() if gathered else None
        build = Gauge("publisher_build_info", "The version of the program; always 1.")
        build.add(1, version=__version__)
        return [
            _gauge("workers_alive", "Workers that are alive, whether they send now or wait.", alive),
            _gauge("workers_dead", "Workers that ended without a word.", len(found) - alive),
            _gauge("clock_tick_age_seconds", "Seconds since a clock last ticked, give or take 15.", ticked),
            _gauge("gather_age_seconds", "Seconds since the sources were last read.", since_gather),
            _gauge("store_bytes", "What the store takes on disk.", gauges.size(store)),
            build,
        ]

    def _subscriptions(self) -> Gauge:
        found = Gauge("publisher_subscriptions", "Subscriptions by newsletter and status.")
        if (began := monotonic()) >= self._people_until:
            with self.publisher.store.read() as tx:
                self._people = gauges.subscriptions_by_status(tx)
            took = monotonic() - began
            self._people_until = began + max(_PEOPLE_SECONDS, _SHARE * took)
        for name in self._newsletters([name for name, _ in self._people]):
            for status in _SUBSCRIPTION_STATUSES:
                found.add(self._people.get((name, status), 0), newsletter=name, status=status)
        return found

    def _polls(self, now: datetime) -> Gauge:
        found = Gauge("publisher_feed_polls_today", "Polls of feeds since midnight UTC, by program.")
        with self.publisher.store.read() as tx:
            polls = feed_polls.by_program(tx, now.astimezone(UTC).date().isoformat())
        for program, count in sorted(polls.items()):
            found.add(count, program=program)
        return found

    def _newsletters(self, others: list[str]) -> list[str]:
        """Those of the configuration, also where nothing happens, and others that something is left of."""
        return sorted({*self.publisher.config.newsletters, *others})


def _moves(one: Listed, now: datetime) -> bool:
    """Whether its counts may change, or its last messages have only just left."""
    just_done = one.done_at is not None and one.done_at >= now - _JUST_NOW
    return one.state in OPEN_STATES or just_done


def _gauge(name: str, said: str, value: float | None) -> Gauge:
    made = Gauge(f"publisher_{name}", said)
    made.add(value)
    return made
