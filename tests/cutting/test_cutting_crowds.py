"""Cuts for many: short transactions, no look at what is nobody's concern, faults that cost little."""

from __future__ import annotations

from itertools import cycle
from time import thread_time
from typing import Any

import pytest
from sqlalchemy import event, select
from test_cutting_rules import Desk, ada

from publisher import cutting
from publisher.cutting import cancelling
from publisher.cutting.planning import Planner
from publisher.delivering import explaining, opening, previewing
from publisher.model.editors import COMMAND_LINE
from publisher.store import chunking
from publisher.store.chunking import Chunks
from publisher.store.schema import editions


@pytest.fixture
def desk(publication: Any, post: Any, subscribe: Any, clock: Any) -> Desk:
    return Desk(publication, post, subscribe, clock)


def states(desk: Desk) -> list[str]:
    with desk.p.store.read() as tx:
        return list(tx.scalars(select(editions.c.state).order_by(editions.c.id)))


@pytest.mark.sqlite
def test_chunks_are_as_large_as_their_transactions_are_short(desk: Desk) -> None:
    desk.start()
    chunks, sizes = Chunks(desk.p.store, 1000), list[int]()
    for seconds in (0.0, 0.0, 0.0, 0.0, 0.1, 0.1):
        sizes.append(chunks.size)
        with chunks.write(chunks.size):
            end = thread_time() + seconds
            while thread_time() < end:
                pass
    assert sizes == [100, 200, 400, 800, 1000, 500]
    assert chunks.size >= 250, "one slow transaction only halves it"


def test_a_cut_for_many_in_chunks_of_every_size(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks that grow and shrink: everybody gets theirs once."""
    monkeypatch.setattr(chunking, "_FIRST", 3)
    sizes = cycle((7, 1, 2, 15))
    desk.start("Old")
    for n in range(40):
        ada(desk, address=f"p{n}@example.org")
    seen = []

    def progress(done: int, total: int) -> None:
        seen.append((done, total))
        monkeypatch.setattr(Chunks, "size", property(lambda chunks: next(sizes)))

    request = cutting.asked(desk.p.config, "daily", "", desk.clock.now, everybody=True)
    made = cutting.cut(
        desk.p.store, desk.p.config, desk.p.templates, request, desk.clock.now, progress=progress
    )
    assert made.recipients == 40
    assert seen[-1] == (40, 40)
    assert all(desk.got(f"p{n}@example.org") == [["Old"]] for n in range(40))


def test_names_of_every_kind_reach_the_row_as_they_are(desk: Desk) -> None:
    desk.start("Old")
    name = 'A\\N "B" é {{ x }} \\. %s 渡し'
    who = ada(desk, name=name, attributes={"city": "Å\\t", "name": "not this"})
    desk.cut(everybody=True)
    assert desk.rows(who)[0].fields == {
        "subscriber.city": "Å\\t",
        "subscriber.name": name,
        "subscriber.address": who,
        "subscription.choice": "all topics, every day at 7",
    }


def test_a_held_edition_stays_until_the_next_one_can_be_made(desk: Desk) -> None:
    desk.start("Old")
    who = ada(desk)
    held = desk.cut(everybody=True)
    desk.publish("New")
    desk.p = desk.open(newsletters={"daily": {"subject": "{{ lead.nothing }}"}})
    assert desk.tick("2026-11-22T07:00") == []
    assert desk.state(held) == "held"
    assert desk.got(who) == [["Old"]]
    desk.p = desk.open(newsletters={"daily": {}})
    assert len(desk.tick("2026-11-22T07:05")) == 1
    assert states(desk) == ["cancelled", "scheduled"]
    assert desk.got(who) == [["New", "Old"]]


def test_a_held_edition_stays_where_the_next_one_has_nothing_for_anybody(desk: Desk) -> None:
    desk.start("Old")
    who = ada(desk)
    held = desk.cut(everybody=True)
    desk.write("Old", "2026-11-01T12:00Z", draft=True)
    desk.gather()
    assert desk.tick("2026-11-22T07:00") == []
    assert desk.state(held) == "held"
    desk.publish("New")
    desk.tick("2026-11-23T07:00")
    assert states(desk) == ["cancelled", "scheduled"]
    assert desk.got(who) == [["New"]]


def test_a_fault_of_any_kind_stops_no_other_newsletter(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.start("Old", newsletters={"daily": {}, "evening": {}})
    who = ada(desk)
    desk.add(desk.p, who, "evening", hour=7)
    plan = Planner.chunk

    def faulty(planner: Any, *asked: Any) -> Any:
        if planner.cut.newsletter == "daily":
            raise ZeroDivisionError
        return plan(planner, *asked)

    monkeypatch.setattr(Planner, "chunk", faulty)
    assert [r.edition.name for r in desk.tick("2026-11-21T07:00") if r.edition] == ["evening/1"]
    monkeypatch.undo()
    assert [r.edition.name for r in desk.tick("2026-11-21T07:05") if r.edition] == ["daily/1"]
    assert desk.got(who) == [["Old"], ["Old"]]


@pytest.mark.sqlite
def test_nothing_looks_through_the_whole_ledger(desk: Desk) -> None:
    """No index finds somebody in all editions: every statement must name the editions that it looks into."""
    desk.start("Old")
    who = ada(desk)
    desk.sent(desk.cut(everybody=True))
    desk.publish("By hand")
    desk.sent(desk.hand("By hand"))
    asked: list[tuple[str, Any]] = []

    def keep(_c: Any, _cursor: Any, statement: str, parameters: Any, _x: Any, many: bool) -> None:
        if "deliveries" in statement and statement.startswith(("SELECT", "UPDATE", "DELETE")):
            asked.append((statement, parameters[0] if many else parameters))

    event.listen(desk.p.store.engine, "before_cursor_execute", keep)
    desk.publish("New")
    desk.write("Old", "2026-11-01T12:00Z", correction="It was late")
    desk.gather()
    asked.clear()  # what gathering asks is the catalogue's
    p, (made,) = desk.p, desk.tick("2026-11-22T07:00")
    assert made.edition
    desk.add(p, who, hour=9)
    explaining.explain(p.store, COMMAND_LINE, p.config, who, desk.clock.now)
    name = made.edition.name
    previewing.preview(p.store, p.config, p.templates, p.keys, name, who.upper(), desk.clock.now)
    opening.open_edition(p.store, made.edition, desk.clock.now, when="local")
    cancelling.cancel(p.store, made.edition, desk.clock.now, "by an editor")
    event.remove(p.store.engine, "before_cursor_execute", keep)
    assert len(asked) > 10
    with p.store.read() as tx:
        for statement, parameters in asked:
            plan = [row[3] for row in tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)]
            assert not [step for step in plan if step.startswith("SCAN deliveries")], (statement, plan)
