"""Whatever happens in whatever order: the sum of rule 16, unbroken histories, no copy that nobody wanted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
import recount
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from publisher import delivering, subscribing
from publisher.cutting import cancelling
from publisher.delivering import controlling, retrying
from publisher.errors import OutcomeUnknown, PermanentFailure, Refused, TemporaryFailure, Unavailable
from publisher.model.editors import COMMAND_LINE
from publisher.model.mail import Outcome, Outgoing, Receipt, Work
from publisher.store import attempts, claims, groups, schema

PEOPLE = 4
OUTCOMES: Mapping[str, Callable[[], Outcome]] = {
    "fine": lambda: Receipt(250, "2.0.0 kept"),
    "later": lambda: TemporaryFailure(451, "4.3.0 later", "dot"),
    "never": lambda: PermanentFailure(550, "5.2.2 full", "rcpt"),
    "lost": lambda: OutcomeUnknown(0, "lost", "dot"),
    "closing": lambda: Unavailable(421, "closing", "mail"),
}
STEPS = st.one_of(
    st.tuples(st.just("deliver"), st.lists(st.sampled_from([*OUTCOMES]), min_size=1, max_size=4)),
    st.tuples(st.just("kill"), st.integers(1, 2)),
    st.tuples(st.just("retry"), st.sampled_from(retrying.RETRIED)),
    st.tuples(st.just("wait"), st.sampled_from([1, 20, 700, 3000])),
    st.tuples(st.sampled_from(["pause", "resume", "cancel", "acknowledge", "leave"]), st.none()),
)
TABLES = (schema.events, schema.deliveries, schema.editions, schema.subscriptions)


@dataclass
class Server:
    """Answers as it is told, in turn, and keeps a book of what may have arrived."""

    answers: Sequence[str] = ()
    handed: list[tuple[str, bytes]] = field(default_factory=list)
    connections: int = 1
    _given: int = 0

    def drain(self, work: Work) -> None:
        while outgoing := work.take():
            if not work.may_leave(outgoing):
                continue
            outcome = OUTCOMES[self.answers[self._given % len(self.answers)]]()
            self._given += 1
            if isinstance(outcome, Receipt | OutcomeUnknown):
                self.keep(outgoing)
            work.settle(outgoing, outcome)
            if isinstance(outcome, Unavailable):
                raise outcome

    def keep(self, outgoing: Outgoing) -> None:
        self.handed.append((outgoing.envelope.recipient, outgoing.message))


@dataclass
class World:
    """An edition, what a server kept of it, and how many more copies of it a person asked for."""

    mailing: Any
    clock: Any
    server: Server = field(default_factory=Server)
    allowed: Counter[str] = field(default_factory=Counter)
    kills: int = 0

    def step(self, verb: str, how: Any) -> None:
        p, edition = self.mailing.publisher, self.mailing.edition
        before = (self.mailing.state(), len(self.server.handed))
        try:
            if verb == "deliver":
                self.server.answers = how
                self.mailing.deliver(transport=self.server)
            elif verb == "kill":
                self.kill(how)
            elif verb == "retry":
                unknown = {row.id: a for a, row in self.mailing.rows("unknown").items()}
                retrying.retry(p.store, COMMAND_LINE, edition, how, p.clock())
                self.allowed.update(unknown.values() if how == "unknown" else [])
            elif verb == "wait":
                self.clock.move(minutes=how)
            elif verb == "cancel":
                cancelling.cancel(p.store, edition, p.clock(), "by hand")
            elif verb == "acknowledge":
                retrying.acknowledge(p.store, COMMAND_LINE, edition, p.clock())
                delivering.finish(p.store, p.clock())
            elif verb == "leave":
                subscribing.remove(p.store, "reader0@example.org", p.clock())
            else:
                {"pause": controlling.pause, "resume": controlling.resume}[verb](p.store, edition, p.clock())
        except Refused:
            pass
        if before[0] != "sending" and verb != "retry":
            assert len(self.server.handed) == before[1], "nothing leaves an edition that is not being sent"

    def kill(self, count: int) -> None:
        """A process dies with messages under way: their starts are durable, and nothing more is known."""
        p, self.kills = self.mailing.publisher, self.kills + 1
        name = f"0-dead{self.kills}"
        with p.store.write() as tx:
            rows = claims.claim(tx, name, (), p.clock(), count + 1)
            started = [groups.Started(r, r.attempt + 1, r.dated_at or p.clock()) for r in rows[:count]]
            refused = attempts.record(tx, name, groups.Group(started=started), p.clock())
        for number, one in enumerate(started):
            if number not in refused:
                self.server.handed.append((one.row.address, b""))

    def check(self, planned: int) -> None:
        counts = self.mailing.counts()
        gone = self.mailing.state() == "cancelled" and not self.server.handed
        assert sum(counts.values()) in ((planned, 0) if gone else (planned,))
        with self.mailing.publisher.store.read() as tx:
            recount.check(tx)
            rows = tx.execute(select(schema.deliveries.c.id, schema.deliveries.c.status)).all()
            events = tx.execute(select(schema.events).order_by(schema.events.c.id)).all()
        at = {row.id: "queued" for row in rows}
        for event in events:
            assert event.old == at[event.delivery_id] != event.new
            at[event.delivery_id] = event.new
        assert at == {row.id: row.status for row in rows}
        copies = Counter(address for address, _ in self.server.handed)
        assert all(n <= 1 + self.allowed[a] for a, n in copies.items()), "a copy that nobody asked for"
        for row in self.mailing.rows("sent"):
            assert copies[row], "what is called sent has left"


@pytest.fixture
def world(mailing: Callable[..., Any], clock: Any) -> Callable[[], World]:
    """The same edition each time, as it was when it was opened."""
    m, began = mailing(people=PEOPLE), clock.now
    with m.publisher.store.read() as tx:
        kept = {t: [dict(r._mapping) for r in tx.execute(select(t))] for t in TABLES}

    def make() -> World:
        clock.now = began
        with m.publisher.store.write() as tx:
            for table in (schema.events, schema.deliveries):
                tx.execute(table.delete())
            for table in TABLES[1:]:
                if table is schema.deliveries:
                    tx.execute(table.insert(), kept[table])
                    continue
                for row in kept[table]:
                    tx.execute(table.update().where(table.c.id == row["id"]).values(row))
        return World(m, clock)

    return make


@settings(
    max_examples=10,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=st.lists(STEPS, min_size=3, max_size=14))
def test_any_order_of_events_keeps_the_guarantee(
    world: Callable[[], World], steps: list[tuple[str, Any]]
) -> None:
    w = world()
    for verb, how in steps:
        w.step(verb, how)
        w.check(PEOPLE)
    # and in the end nothing is lost: whatever waits leaves when it may
    w.step("resume", None)
    w.clock.move(hours=2)
    w.step("deliver", ["fine"])
    w.check(PEOPLE)
    if w.mailing.state() in ("sending", "done"):
        assert set(w.mailing.counts()) <= {"sent", "bounced", "expired", "suppressed", "unknown"}
