"""Rules 2 to 13, one by one, on a real store with real templates."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from publisher import cutting, gathering, subscribing
from publisher.app import Publisher
from publisher.cutting import Result, cancelling
from publisher.errors import ContentError, NotFound, Refused
from publisher.store import catalogue, editions, frozen, subscribers
from publisher.store.schema import articles as article_rows
from publisher.store.schema import cuts, deliveries, variant_articles


class Desk:
    """A publication, and what its people do with it: everything by address and title."""

    def __init__(self, publication: Any, post: Any, subscribe: Any, clock: Any) -> None:
        self.open, self.post, self.add, self.clock = publication, post, subscribe, clock
        self.p: Publisher

    def start(self, *titles: str, **sections: Any) -> Desk:
        self.p = self.open(**sections)
        for number, title in enumerate(titles):
            date = datetime(2026, 11, 1, 12, tzinfo=UTC) + timedelta(hours=number)
            self.write(title, f"{date:%Y-%m-%dT%H:%M}Z")
        self.gather()
        return self

    def write(self, title: str, date: str = "", *topics: str, **extra: Any) -> None:
        date = date or f"{self.clock.now:%Y-%m-%dT%H:%M}Z"
        file = self.p.config.sources[0].path / f"{title.lower()}.md"
        file.write_text(self.post(title, date, *topics, **extra), encoding="utf-8")

    def publish(self, title: str, *topics: str, **extra: Any) -> None:
        self.write(title, "", *topics, **extra)
        self.gather()

    def gather(self) -> None:
        gathering.gather(self.p.store, self.p.config, self.clock.now)

    def cut(self, newsletter: str = "daily", cadence: str = "", **asked: Any) -> Result:
        at = asked.pop("at", self.clock.now)
        dry = asked.pop("dry_run", False)
        request = cutting.asked(self.p.config, newsletter, cadence, at, **asked)
        p = self.p
        return cutting.cut(p.store, p.config, p.templates, request, self.clock.now, dry_run=dry)

    def tick(self, to: str = "") -> list[Result]:
        if to:
            self.clock.set(to)
        return cutting.cut_due(self.p.store, self.p.config, self.p.templates, self.clock.now)

    def hand(self, *titles: str) -> Result:
        with self.p.store.read() as tx:
            ids = {x.article.title: x.article.id for x in catalogue.listings(tx)}
        return self.cut(articles=tuple(ids[t] for t in titles))

    def sent(self, result: Result) -> None:
        self.settle(result, "sent")

    def settle(self, result: Result, status: str) -> None:
        assert result.edition
        with self.p.store.write() as tx:
            mine = deliveries.c.edition_id == result.edition.id
            tx.execute(update(deliveries).where(mine).values(status=status))
            editions.set_state(tx, result.edition.id, editions.OPEN_STATES, "sending")

    def cancel(self, result: Result) -> None:
        assert result.edition
        cancelling.cancel(self.p.store, result.edition, self.clock.now, "by an editor")

    def state(self, result: Result) -> str:
        assert result.edition
        with self.p.store.read() as tx:
            return editions.get(tx, result.edition.id).state

    def of(self, address: str) -> subscribers.Subscription:
        with self.p.store.read() as tx:
            person = subscribers.find(tx, address)
            assert person
            return subscribers.subscriptions_of(tx, person.id)[0]

    def change(self, address: str, **values: Any) -> None:
        with self.p.store.write() as tx:
            subscribers.change(tx, self.of(address).id, values)

    def got(self, address: str) -> list[list[str]]:
        """The titles in each delivery of this subscriber, oldest delivery first; counted ones in brackets."""
        query = (
            select(deliveries.c.id, variant_articles.c.role, article_rows.c.data)
            .join(variant_articles, variant_articles.c.variant_id == deliveries.c.variant_id)
            .join(article_rows, article_rows.c.id == variant_articles.c.article_id)
            .where(deliveries.c.address == address)
            .order_by(deliveries.c.id, variant_articles.c.place)
        )
        found: dict[int, list[str]] = {}
        with self.p.store.read() as tx:
            for key, role, data in tx.execute(query):
                found.setdefault(key, []).append(data["title"] if role else f"({data['title']})")
        return list(found.values())

    def rows(self, address: str) -> list[Any]:
        with self.p.store.read() as tx:
            query = select(deliveries).where(deliveries.c.address == address)
            return list(tx.execute(query.order_by(deliveries.c.id)))


@pytest.fixture
def desk(publication: Any, post: Any, subscribe: Any, clock: Any) -> Desk:
    return Desk(publication, post, subscribe, clock)


def ada(desk: Desk, **choice: Any) -> str:
    address = choice.pop("address", "ada@example.org")
    desk.add(desk.p, address, **{"hour": 7, "zone": "UTC", **choice})
    return str(address)


def test_rule_2_windows_follow_one_another(desk: Desk) -> None:
    desk.start("Old")
    who = ada(desk)
    desk.sent(desk.tick("2026-11-21T07:00")[0])
    desk.publish("Second")
    desk.clock.move(minutes=1)
    desk.publish("Third")
    desk.tick("2026-11-22T07:00")
    assert desk.got(who) == [["Old"], ["Third", "Second"]]
    first, second = desk.rows(who)
    assert (first.hi, second.lo, second.hi) == (1, 1, 3)
    assert desk.of(who).mark == 3


def test_rule_2_two_newsletters_may_both_carry_an_article(desk: Desk) -> None:
    desk.start("Old", newsletters={"daily": {}, "evening": {}})
    who = ada(desk)
    desk.add(desk.p, who, "evening", hour=7)
    desk.tick("2026-11-21T07:00")
    assert desk.got(who) == [["Old"], ["Old"]]


@pytest.mark.parametrize(
    ("topic", "state"),
    [("World", {"draft": True}), ("Sports", {}), ("World", {"expires": "2026-11-21T06:30:00Z"})],
    ids=["draft", "other topic", "expired"],
)
def test_rule_3_what_was_decided_is_not_reopened(desk: Desk, topic: str, state: dict[str, Any]) -> None:
    """At the cut it does not match; afterwards it would."""
    desk.start(topics={"world": ["World"], "sports": ["Sports"]})
    who = ada(desk, topics=("world",))
    desk.publish("Cup", "World")
    desk.clock.move(minutes=40)
    desk.write("Cup", "2026-11-21T06:00Z", topic, **state)
    desk.gather()
    assert desk.tick("2026-11-21T07:00") == []
    desk.write("Cup", "2026-11-21T06:00Z", "World")
    desk.gather()
    desk.publish("Other", "Sports")
    desk.tick("2026-11-22T07:00")
    assert (desk.got(who), desk.of(who).mark) == ([], 2)


def test_rule_3_a_topic_that_left_the_configuration_matches_nothing(desk: Desk) -> None:
    desk.start(topics={"world": ["World"], "sports": ["Sports"]})
    who = ada(desk, topics=("sports",))
    desk.publish("Cup", "Sports")
    desk.p = desk.open(topics={"world": ["World"]})
    assert desk.tick("2026-11-21T07:00") == []
    assert desk.got(who) == []


def test_rule_4_the_first_edition_reaches_back_to_ten_articles_of_any_age(desk: Desk) -> None:
    desk.start(*(f"Number{n:02}" for n in range(12)))
    daily, instant = ada(desk), ada(desk, address="bo@example.org", cadence="instant")
    desk.tick("2026-11-21T07:00")
    assert desk.got(daily) == [[f"Number{n:02}" for n in range(11, 1, -1)]]
    assert desk.got(instant) == []


def test_rule_4_within_the_first_slot_and_no_longer(desk: Desk) -> None:
    desk.start("Old")
    ada(desk)
    later, next_day = ada(desk, address="bo@example.org", hour=20), ada(desk, address="cy@example.org")
    desk.change(next_day, next_due_at=desk.clock.now + timedelta(days=1))
    desk.sent(desk.tick("2026-11-21T07:00")[0])
    desk.tick("2026-11-21T20:00")
    desk.tick("2026-11-22T07:00")
    assert desk.got(later) == [["Old"]]
    assert desk.got(next_day) == []


def test_rule_4_reaching_back_gives_nothing_twice(desk: Desk) -> None:
    """Nothing was sent yet, but the first edition holds a delivery: it may still leave, or has expired."""
    desk.start("Old")
    who = ada(desk)
    first = desk.tick("2026-11-21T07:00")[0]
    desk.settle(first, "expired")
    desk.publish("New")
    desk.tick("2026-11-22T07:00")
    assert desk.got(who) == [["Old"], ["New"]]


def test_rule_4_more_than_max_articles_are_counted_and_covered(desk: Desk) -> None:
    desk.start("One", newsletters={"daily": {"max_articles": 2}})
    who = ada(desk)
    desk.sent(desk.cut(everybody=True))
    for title in ("Two", "Three", "Four", "Five"):
        desk.clock.move(minutes=1)
        desk.publish(title)
    result = desk.tick("2026-11-22T07:00")[0]
    assert desk.got(who)[1] == ["Five", "Four", "(Three)", "(Two)"]
    assert len(result.articles) == 4
    desk.sent(result)
    assert desk.tick("2026-11-23T07:00") == []


def test_rule_4_instant_is_one_digest_of_what_came_since(desk: Desk) -> None:
    desk.start("Old")
    who = ada(desk, cadence="instant")
    assert desk.tick() == []
    desk.publish("One")
    desk.publish("Two")
    (result,) = desk.tick()
    assert result.edition
    assert (result.edition.cadence, result.edition.slot) == ("instant", "3")
    assert desk.tick() == []
    assert desk.got(who) == [["Two", "One"]]


def test_rule_5_a_pause_ends_with_one_digest(desk: Desk) -> None:
    desk.start("Old")
    who, other = ada(desk), ada(desk, address="bo@example.org")
    desk.sent(desk.tick("2026-11-21T07:00")[0])
    desk.change(who, paused_until=desk.clock.now + timedelta(days=2, hours=1))
    for day in (22, 23):
        desk.publish(f"Day{day}")
        desk.tick(f"2026-11-{day}T07:00")
    assert desk.got(who) == [["Old"]]
    desk.tick("2026-11-24T07:00")
    assert desk.got(who) == [["Old"], ["Day23", "Day22"]]
    assert desk.got(other) == [["Old"], ["Day22"], ["Day23"]]


def test_rule_5_leaving_waives_the_tail(desk: Desk) -> None:
    desk.start("Old")
    who = ada(desk)
    desk.sent(desk.tick("2026-11-21T07:00")[0])
    subscribing.unsubscribe(desk.p.store, desk.of(who).id, desk.clock.now)
    desk.publish("Tail")
    desk.clock.set("2026-11-25T06:00")
    desk.publish("Fresh")
    ada(desk)
    desk.tick("2026-11-25T07:00")
    assert desk.got(who) == [["Old"], ["Fresh"]]


def test_rule_6_a_correction_goes_to_those_who_got_the_article(desk: Desk) -> None:
    desk.start("Old", topics={"world": ["World"], "sports": ["Sports"]})
    got, never = ada(desk), ada(desk, address="bo@example.org", topics=("sports",))
    desk.sent(desk.tick("2026-11-21T07:00")[0])
    with desk.p.store.write() as tx:
        desk_topics = {"topics": ["sports"]}
        subscribers.change(tx, desk.of(got).id, desk_topics)
    new = ada(desk, address="cy@example.org")
    desk.write("Old", "2026-11-01T12:00Z", correction="It was Tuesday.")
    desk.gather()
    desk.tick("2026-11-22T07:00")
    assert (desk.got(got), desk.got(never), desk.got(new)) == ([["Old"], ["Old"]], [], [])
    assert desk.of(never).mark == 2
    desk.tick("2026-11-23T07:00")
    assert desk.got(got) == [["Old"], ["Old"]]


def test_rule_6_two_corrections_in_one_window_are_one(desk: Desk) -> None:
    desk.start("Old")
    who = ada(desk)
    desk.sent(desk.tick("2026-11-21T07:00")[0])
    for text in ("Tuesday.", "No: Wednesday."):
        desk.write("Old", "2026-11-01T12:00Z", correction=text)
        desk.gather()
    desk.sent(desk.tick("2026-11-22T07:00")[0])
    desk.tick("2026-11-23T07:00")
    assert desk.got(who) == [["Old"], ["Old"]]


def test_rule_6_a_revision_that_was_mailed_already_is_not_mailed_again(desk: Desk) -> None:
    """The text of the second correction came with the release of the first one."""
    desk.start("Old")
    who = ada(desk)
    desk.sent(desk.tick("2026-11-21T07:00")[0])
    desk.write("Old", "2026-11-01T12:00Z", correction="Tuesday.")
    desk.gather()
    with desk.p.store.write() as tx:
        tx.execute(update(article_rows).values(revision=3))
    desk.sent(desk.tick("2026-11-22T07:00")[0])
    with desk.p.store.write() as tx:
        (id_,) = tx.scalars(select(article_rows.c.id))
        catalogue.give_releases(tx, [catalogue.Release(3, id_, 3, desk.clock.now)])
    desk.tick("2026-11-23T07:00")
    assert desk.of(who).mark == 3
    assert desk.got(who) == [["Old"], ["Old"]]


def test_rule_7_three_slots_can_be_due_at_one_instant(desk: Desk) -> None:
    desk.start("Old")
    people = {
        zone: ada(desk, address=f"p{n}@example.org", zone=zone, hour=hour)
        for n, (zone, hour) in enumerate(
            {"Pacific/Pago_Pago": 22, "Europe/Lisbon": 7, "Pacific/Kiritimati": 0}.items()
        )
    }
    desk.publish("New")
    made = desk.tick("2026-11-21T10:30")
    assert [r.edition.slot for r in made if r.edition] == ["2026-11-20", "2026-11-21", "2026-11-22"]
    assert all(len(desk.got(a)) == 1 for a in people.values())


def test_rule_7_after_a_gap_there_is_one_cut(desk: Desk) -> None:
    desk.start("Old")
    who = ada(desk)
    desk.tick("2026-11-25T06:59")
    assert [r.edition_id for r in desk.rows(who)] == [1]
    with desk.p.store.read() as tx:
        assert [e.slot for e in editions.listed(tx)] == ["2026-11-24"]
    assert desk.of(who).next_due_at == desk.clock.set("2026-11-25T07:00")


def test_rule_7_nothing_for_anybody_still_moves_on(desk: Desk) -> None:
    desk.start("Old")
    who = ada(desk)
    desk.sent(desk.tick("2026-11-21T07:00")[0])
    assert desk.tick("2026-11-22T07:00") == []
    assert desk.tick("2026-11-22T07:00") == []
    with desk.p.store.read() as tx:
        assert len(tx.execute(select(cuts)).all()) == 2
        assert len(editions.listed(tx)) == 1
    assert desk.of(who).next_due_at == desk.clock.set("2026-11-23T07:00")


def test_rule_7_a_suppressed_address_is_never_due(desk: Desk) -> None:
    desk.start("Old")
    who = ada(desk)
    subscribing.suppress(desk.p.store, who, "complaint", desk.clock.now)
    assert desk.tick("2026-11-21T07:00") == []
    with desk.p.store.read() as tx:
        assert tx.execute(select(cuts)).all() == []
    assert desk.rows(who) == []


def test_rule_8_who_comes_due_later_joins_the_edition_of_the_slot(desk: Desk) -> None:
    desk.start("Old")
    ada(desk)
    later = ada(desk, address="bo@example.org", hour=20)
    (morning,) = desk.tick("2026-11-21T07:00")
    desk.publish("Noon")
    (evening,) = desk.tick("2026-11-21T20:00")
    assert morning.edition
    assert evening.edition
    assert (morning.edition.name, evening.edition.name, evening.recipients) == ("daily/1", "daily/1", 1)
    assert desk.got(later) == [["Noon", "Old"]]
    with desk.p.store.read() as tx:
        assert len(frozen.articles_of(tx, evening.edition.id)) == 2


def test_rule_9_now_takes_everybody_but_those_who_have_one(desk: Desk) -> None:
    desk.start("Old")
    early = ada(desk, hour=5)
    desk.change(early, next_due_at=desk.clock.now)
    desk.sent(desk.tick()[0])
    mark = desk.of(early).mark
    others = [
        ada(desk, address=f"p{n}@example.org", zone=z)
        for n, z in enumerate(["Pacific/Pago_Pago", "Pacific/Kiritimati", "UTC"])
    ]
    weekly = ada(desk, address="w@example.org", cadence="weekly")
    pending = ada(desk, address="q@example.org", status="pending")
    desk.publish("New")
    result = desk.cut(everybody=True)
    assert result.edition
    assert (result.edition.slot, result.recipients) == ("2026-11-21", 3)
    assert [len(desk.got(o)) for o in (*others, early, weekly, pending)] == [1, 1, 1, 1, 0, 0]
    assert desk.of(early).mark == mark
    assert desk.tick("2026-11-21T23:59") == [] or len(desk.got(early)) == 1


def test_rule_9_people_of_many_chunks(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("publisher.cutting.chunks.CHUNK", 3)
    desk.start("Old")
    for n in range(10):
        ada(desk, address=f"p{n}@example.org")
    assert desk.cut(everybody=True).recipients == 10


@pytest.mark.parametrize("change", ["topics", "leave", "hour", "confirm"])
def test_rule_9_a_subscription_that_changes_meanwhile_is_looked_at_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    desk.start("Old", topics={"world": ["World"], "sports": ["Sports"]})
    who = ada(desk)
    desk.sent(desk.tick("2026-11-21T07:00")[0])
    bo = ada(desk, address="bo@example.org", status="pending")
    desk.publish("Cup", "Sports")
    desk.clock.set("2026-11-22T07:00")
    desk.publish("Summit", "World")
    freeze = cutting.chunks.Run._variants  # type: ignore[attr-defined]
    done = []

    def meddling(run: Any, matched: Any) -> Any:
        made = freeze(run, matched)
        if not done:
            done.append(1)
            if change == "topics":
                desk.add(desk.p, who, topics=("world",))
            elif change == "leave":
                subscribing.unsubscribe(desk.p.store, desk.of(who).id, desk.clock.now)
            elif change == "hour":
                desk.add(desk.p, who, hour=9)
            else:
                desk.change(bo, status="confirmed", mark=1, since=1, next_due_at=desk.clock.now)
                desk.change(who, language="de")
        return made

    monkeypatch.setattr(cutting.chunks.Run, "_variants", meddling)  # type: ignore[attr-defined]
    desk.tick()
    monkeypatch.undo()
    desk.tick()
    if change == "topics":
        # the change moved the next hour on: it is served then, with the topics as they stand
        desk.tick("2026-11-23T07:00")
        assert desk.got(who)[1:] == [["Summit"]]
    elif change == "leave":
        assert desk.got(who)[1:] == []
    elif change == "hour":
        desk.tick("2026-11-22T09:00")
        assert desk.got(who)[1:] == [["Summit", "Cup"]]
    else:
        assert desk.got(who)[1:] == [["Summit", "Cup"]]
        assert desk.got(bo) == [["Summit", "Cup"]]


def test_rule_9_a_dry_run_writes_nothing(desk: Desk) -> None:
    desk.start("Old")
    who = ada(desk)
    result = desk.cut(everybody=True, dry_run=True)
    assert (result.edition, result.recipients, len(result.articles)) == (None, 1, 1)
    assert desk.rows(who) == []
    assert desk.of(who).revision == 1


def test_rule_9_a_cut_for_a_later_moment(desk: Desk) -> None:
    desk.start("Old")
    who = ada(desk)
    when = desk.clock.now + timedelta(days=3, hours=2)
    result = desk.cut(at=when)
    assert result.edition
    assert result.edition.slot == "2026-11-24"
    assert desk.rows(who)[0].due_at == datetime(2026, 11, 24, 7, tzinfo=UTC)
    desk.publish("Between")
    assert desk.tick("2026-11-24T07:00") == []
    desk.sent(result)
    desk.tick("2026-11-25T07:00")
    assert desk.got(who) == [["Old"], ["Between"]]


def test_rule_10_a_command_holds_and_the_clock_schedules(desk: Desk) -> None:
    desk.start("Old")
    ada(desk)
    held = desk.cut(everybody=True)
    assert desk.state(held) == "held"
    late = ada(desk, address="bo@example.org", hour=20)
    assert [desk.state(r) for r in desk.tick("2026-11-21T20:00")] == ["held"]
    assert desk.got(late) == [["Old"]]
    desk.publish("New")
    assert [desk.state(r) for r in desk.tick("2026-11-22T07:00")] == ["scheduled"]


def test_rule_10_the_next_slot_cancels_what_nobody_decided(desk: Desk) -> None:
    desk.start("Old")
    who = ada(desk)
    held = desk.cut(everybody=True)
    desk.publish("New")
    (result,) = desk.tick("2026-11-22T07:00")
    assert desk.state(held) == "cancelled"
    assert desk.got(who) == [["New", "Old"]]
    assert result.edition
    assert result.edition.number == 2


def test_rule_10_what_somebody_sends_in_that_moment_is_decided(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.start("Old")
    who = ada(desk)
    held = desk.cut(everybody=True)
    desk.publish("New")
    cancel = cancelling._cancel

    def sent_first(*asked: Any) -> bool:
        desk.sent(held)
        return cancel(*asked)

    monkeypatch.setattr(cancelling, "_cancel", sent_first)
    desk.tick("2026-11-22T07:00")
    assert desk.state(held) == "sending"
    assert desk.got(who) == [["Old"], ["New"]], "nobody loses what was on its way"


def test_rule_10_an_earlier_slot_cancels_nothing(desk: Desk) -> None:
    desk.start("Old")
    east = ada(desk, zone="Pacific/Auckland", hour=1)
    west = ada(desk, address="bo@example.org", zone="Pacific/Pago_Pago", hour=18)
    desk.clock.set("2026-11-21T12:30")
    held = desk.cut()
    assert held.edition
    assert held.edition.slot == "2026-11-22"
    (result,) = desk.tick("2026-11-22T07:00")
    assert result.edition
    assert result.edition.slot == "2026-11-21"
    assert desk.state(held) == "held"
    assert desk.got(east) == desk.got(west) == [["Old"]]


def test_rule_10_a_person_decides_about_one_slot_at_a_time(desk: Desk) -> None:
    desk.start("Old")
    for n, (zone, hour) in enumerate({"Pacific/Pago_Pago": 22, "UTC": 7, "Pacific/Kiritimati": 0}.items()):
        ada(desk, address=f"p{n}@example.org", zone=zone, hour=hour)
    desk.publish("New")
    desk.clock.set("2026-11-21T10:30")
    first = desk.cut()
    assert first.edition
    assert (first.edition.slot, first.waiting) == ("2026-11-20", ("2026-11-21", "2026-11-22"))
    desk.sent(first)
    second = desk.cut()
    third = desk.cut()
    assert (desk.state(second), desk.state(third)) == ("cancelled", "held")
    with desk.p.store.read() as tx:
        assert len(editions.listed(tx, states=("held",))) == 1
    with pytest.raises(Refused, match="daily/3"):
        desk.cut(everybody=True)


def test_rule_10_cancelling_puts_everybody_back(desk: Desk) -> None:
    desk.start("Old")
    who = ada(desk, hour=20)
    before = desk.of(who)
    desk.publish("New")
    result = desk.cut(everybody=True)
    assert desk.of(who).mark > before.mark
    desk.cancel(result)
    after = desk.of(who)
    assert (after.mark, after.next_due_at) == (before.mark, before.next_due_at)
    assert desk.rows(who) == []
    assert desk.cut(everybody=True).recipients == 1
    with pytest.raises(Refused):
        desk.cancel(result)


def test_rule_10_when_something_has_left_the_rest_is_only_stopped(desk: Desk) -> None:
    desk.start("Old")
    who, bo = ada(desk), ada(desk, address="bo@example.org")
    result = desk.cut(everybody=True)
    with desk.p.store.write() as tx:
        tx.execute(update(deliveries).where(deliveries.c.address == bo).values(status="sent"))
    desk.cancel(result)
    assert [r.status for r in desk.rows(who)] == ["cancelled"]
    desk.publish("New")
    again = desk.cut(everybody=True)
    assert again.edition is None  # one delivery a slot
    desk.tick("2026-11-22T07:00")
    assert desk.got(who) == desk.got(bo) == [["Old"], ["New"]]


def test_rule_10_who_was_cut_again_since_keeps_a_cancelled_row(desk: Desk) -> None:
    desk.start("Old")
    who = ada(desk)
    (first,) = desk.tick("2026-11-21T07:00")
    desk.publish("New")
    desk.tick("2026-11-22T07:00")
    mark = desk.of(who).mark
    desk.cancel(first)
    assert [r.status for r in desk.rows(who)] == ["cancelled", "queued"]
    assert desk.of(who).mark == mark


def test_rule_10_stopped_instant_mail_waits_for_the_next_release(desk: Desk) -> None:
    desk.start("Old")
    who = ada(desk, cadence="instant")
    desk.publish("One")
    desk.cancel(desk.tick()[0])
    for _ in range(3):
        assert desk.tick() == []
    with desk.p.store.read() as tx:
        assert len(tx.execute(select(cuts)).all()) == 1
    desk.publish("Two")
    desk.tick()
    assert desk.got(who) == [["Two", "One"]]


def test_rule_11_by_hand_moves_no_mark_and_is_subtracted_later(desk: Desk) -> None:
    desk.start("Old")
    who, weekly = ada(desk), ada(desk, address="w@example.org", cadence="weekly")
    desk.sent(desk.tick("2026-11-21T07:00")[0])
    desk.publish("Flash")
    desk.publish("Usual")
    mark = desk.of(who).mark
    hand = desk.hand("Flash", "Old")
    assert hand.edition
    assert (hand.edition.cadence, hand.edition.slot) == ("hand", str(hand.edition.number))
    assert desk.of(who).mark == mark
    assert desk.got(who)[1:] == [["Flash"]]
    assert desk.got(weekly) == [["Flash", "Old"]]
    desk.sent(hand)
    desk.tick("2026-11-23T07:00")
    assert desk.got(who)[2:] == [["Usual"]]
    assert desk.got(weekly)[1:] == [["Usual"]]


def test_rule_11_cancelled_before_a_window_passed_it_is_as_if_it_had_not_been(desk: Desk) -> None:
    desk.start("Old")
    who = ada(desk)
    desk.sent(desk.tick("2026-11-21T07:00")[0])
    desk.publish("Flash")
    desk.cancel(desk.hand("Flash"))
    assert len(desk.rows(who)) == 1
    desk.tick("2026-11-22T07:00")
    assert desk.got(who) == [["Old"], ["Flash"]]


def test_rule_11_cancelled_after_a_window_passed_its_articles_are_waived(desk: Desk) -> None:
    desk.start("Old")
    who = ada(desk)
    desk.sent(desk.tick("2026-11-21T07:00")[0])
    desk.publish("Flash")
    hand = desk.hand("Flash")
    desk.tick("2026-11-22T07:00")
    desk.cancel(hand)
    desk.publish("New")
    desk.tick("2026-11-23T07:00")
    assert [r.status for r in desk.rows(who)] == ["sent", "cancelled", "queued"]
    assert desk.got(who)[2:] == [["New"]]


def test_rule_11_no_slot_cancels_what_was_cut_by_hand(desk: Desk) -> None:
    desk.start("Old")
    ada(desk)
    hand = desk.hand("Old")
    desk.publish("New")
    desk.tick("2026-11-22T07:00")
    assert desk.state(hand) == "held"


def test_rule_11_what_is_not_public_cannot_be_mailed(desk: Desk) -> None:
    desk.start("Old")
    ada(desk)
    desk.publish("Secret", draft=True)
    with pytest.raises(Refused, match=r"secret\.md is not public: draft"):
        desk.hand("Secret")
    with pytest.raises(NotFound):
        desk.cut(articles=("nothing",))


def test_rule_12_a_row_is_due_at_the_later_of_its_hour_and_the_cut(desk: Desk) -> None:
    """Else somebody who returns in mid-week would have a row that is too late at once."""
    desk.start("Old")
    on_time, late = (
        ada(desk, cadence="weekly", weekday=5),
        ada(desk, address="bo@example.org", cadence="weekly", weekday=5),
    )
    desk.change(late, paused_until=datetime.fromisoformat("2026-11-22T10:00Z"))
    desk.tick("2026-11-21T07:00")
    desk.tick("2026-11-22T12:00")
    assert [desk.rows(a)[0].due_at for a in (on_time, late)] == [
        datetime(2026, 11, 21, 7, tzinfo=UTC),
        datetime(2026, 11, 22, 12, tzinfo=UTC),
    ]


def test_rule_13_with_approval_there_is_one_cut_a_slot_for_everybody(desk: Desk) -> None:
    desk.start("Old", newsletters={"daily": {"approval": True, "default": {"hour": 9}}})
    who, bo = ada(desk), ada(desk, address="bo@example.org", hour=23, zone="Pacific/Auckland")
    assert desk.tick() == []
    assert desk.tick("2026-11-21T08:59") == []
    (result,) = desk.tick("2026-11-21T09:00")
    assert result.edition
    assert (desk.state(result), result.edition.needs_approval, result.edition.everybody) == (
        "held",
        True,
        True,
    )
    assert desk.got(who) == desk.got(bo) == [["Old"]]
    late = ada(desk, address="cy@example.org")
    assert desk.tick("2026-11-21T20:00") == []
    with pytest.raises(Refused, match="with approval, nobody is added"):
        desk.cut()
    assert desk.got(late) == []
    desk.publish("New")
    (after,) = desk.tick("2026-11-22T09:00")
    assert desk.state(result) == "cancelled"
    assert desk.got(late) == desk.got(who) == [["New", "Old"]]
    assert after.edition
    assert after.edition.closes_at is None


def test_rule_13_a_person_may_cut_first_and_the_clock_adds_nobody(desk: Desk) -> None:
    desk.start("Old", newsletters={"daily": {"approval": True, "default": {"hour": 9}}})
    ada(desk)
    desk.tick()
    desk.cut(everybody=True)
    late = ada(desk, address="cy@example.org")
    assert desk.tick("2026-11-21T09:00") == []
    assert desk.got(late) == []


def test_a_letter_comes_weekly_in_the_language_of_each(desk: Desk) -> None:
    desk.start(
        "Old",
        newsletters={"daily": {"template": "letter", "default": {"cadence": "weekly", "weekday": "sunday"}}},
    )
    who = ada(desk, language="en")
    bo = ada(desk, address="bo@example.org", language="pt")
    (result,) = desk.tick("2026-11-22T07:00")
    assert result.edition
    assert (result.edition.slot, result.variants, result.recipients) == ("2026-W47", 2, 2)
    assert desk.got(who) == desk.got(bo) == [["Old"]]


def test_a_fault_in_a_template_stops_no_other_newsletter_and_loses_nothing(desk: Desk) -> None:
    broken = {"subject": "{{ lead.nothing }}"}
    desk.start("Old", newsletters={"daily": broken, "evening": {}})
    who = ada(desk)
    desk.add(desk.p, who, "evening", hour=7)
    with pytest.raises(ContentError, match=r"newsletters\.daily\.subject"):
        desk.cut(everybody=True)
    assert [r.edition.name for r in desk.tick("2026-11-21T07:00") if r.edition] == ["evening/1"]
    desk.p = desk.open(newsletters={"daily": {}, "evening": {}})
    assert [r.edition.name for r in desk.tick("2026-11-21T07:05") if r.edition] == ["daily/1"]
    assert desk.got(who) == [["Old"], ["Old"]]


def test_a_cut_for_nobody_is_no_edition(desk: Desk) -> None:
    desk.start("Old")
    assert desk.cut(everybody=True) == Result(None, 0, (), 0)
    assert desk.cut() == Result(None, 0, (), 0)
    with pytest.raises(Refused, match="expected instant, daily, weekly, monthly"):
        desk.cut(cadence="hourly")
