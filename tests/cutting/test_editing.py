"""Rule 13: what an editor changes is frozen anew for everybody in the edition, and voids an approval."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import permutations
from time import thread_time
from typing import Any

import pytest
from sqlalchemy import func, select
from test_cutting_killed import killed_after

from publisher import cutting, gathering
from publisher.app import Publisher
from publisher.cutting import cancelling, running
from publisher.cutting.editing import Changes, change
from publisher.delivering import approving, controlling, explaining, opening, retrying
from publisher.delivering.previewing import preview
from publisher.errors import ContentError, NotAllowed, NotFound, Refused
from publisher.model.editors import COMMAND_LINE, Actor
from publisher.store import contents, deeds, ledger, subscribers
from publisher.store.editions import Edition
from publisher.store.frozen import held_by
from publisher.store.schema import deliveries, metadata, subscriptions, variant_articles, variants
from publisher.store.schema import subscribers as people

ANN, BO, EVE = Actor("Ann", 1, "publisher"), Actor("Bo", 2, "publisher"), Actor("Eve", 3, "viewer")
MORE = [f"more{n}" for n in range(5)]
MANY = {"world": ("World",), "sports": ("Sports",), "science": ("Science",)}


class Room:
    """A publication whose readers chose differently, and its one edition."""

    def __init__(self, p: Publisher, edition: Edition) -> None:
        self.p, self.name = p, edition.name

    @property
    def edition(self) -> Edition:
        return opening.named(self.p.store, self.name)

    def change(self, actor: Actor = COMMAND_LINE, **wanted: Any) -> Edition:
        p = self.p
        return change(p.store, p.config, p.templates, self.edition, Changes(**wanted), p.clock(), actor=actor)

    def sees(self, address: str) -> Any:
        p = self.p
        return preview(p.store, p.config, p.templates, p.keys, self.name, address, p.clock())

    def named(self, address: str) -> dict[str, str]:
        """Article to role, of what somebody's delivery names."""
        with self.p.store.read() as tx:
            row = ledger.addressed(tx, self.edition.id, address)
            assert row
            return {h.article_id: h.role for h in held_by(tx, [row.variant_id])[row.variant_id]}

    def counts(self) -> dict[str, int]:
        with self.p.store.read() as tx:
            return {k: v for k, v in ledger.counts(tx, self.edition.id).items() if v}

    def ids(self) -> dict[str, str]:
        with self.p.store.read() as tx:
            return {one.title: one.article_id for one in contents.of(tx, self.edition.id)}


@pytest.fixture
def room(
    publication: Callable[..., Publisher], post: Callable[..., str], subscribe: Any, clock: Any
) -> Callable[..., Room]:
    def make(approval: bool = True, hand: bool = False, more: bool = False, **daily: Any) -> Room:
        articles = {
            f"{topic}.md": post(f"About {topic}", f"2026-11-20T1{n}:00Z", *tags)
            for n, (topic, tags) in enumerate(MANY.items())
        }
        articles |= {f"{n}.md": post(n, "2026-11-19T10:00Z") for n in MORE if more}
        p = publication(articles=articles, newsletters={"daily": {"approval": approval, **daily}})
        gathering.gather(p.store, p.config, clock())
        for name, topics in {
            "all": None, "world": ("world",), "two": ("world", "sports"), "deutsch": None
        }.items():  # fmt: skip
            language = {"language": "de"} if name == "deutsch" else {}
            subscribe(p, f"{name}@example.org", topics=topics, hour=9, zone="UTC", **language)
        asked = {"articles": tuple(x for x in _ids(p))} if hand else {"everybody": True}
        request = cutting.asked(p.config, "daily", "", clock(), **asked)  # type: ignore[arg-type]
        edition = cutting.cut(p.store, p.config, p.templates, request, clock(), actor=BO).edition
        assert edition
        return Room(p, edition)

    return make


def _ids(p: Publisher) -> list[str]:
    from publisher.store import catalogue

    with p.store.read() as tx:
        return [x.article.id for x in catalogue.listings(tx, status="published")]


def test_order_words_and_what_is_dropped_hold_for_every_variant(room: Callable[..., Room]) -> None:
    r = room()
    ids = r.ids()
    world, sports, science = (ids[f"About {t}"] for t in MANY)
    before = r.edition
    assert set(r.named("all@example.org")) == {world, sports, science}
    done = r.change(
        ANN,
        order=(sports, world, science),
        dropped=(science,),
        intro="Good *morning*",
        subject="Tides & <b>ebbs</b>",
        preheader="What the moon does",
        seen=0,
    )
    assert (done.state, done.edits, done.approved_hash, done.changing) == ("held", 1, "", "")
    for name in ("all", "two", "world", "deutsch"):
        seen = r.sees(f"{name}@example.org")
        assert seen.subject == "Tides & <b>ebbs</b>"
        html, text = seen.html.decode(), seen.text.decode()
        assert "Good <em" in html
        assert "Good morning" in text.replace("*", "")
        assert "What the moon does" in html
        assert "About science" not in html + text
    html = r.sees("two@example.org").html.decode()
    assert html.index("About sports") < html.index("About world")
    assert r.named("all@example.org") == {sports: "lead", world: "item", science: "dropped"}
    assert r.named("world@example.org") == {world: "lead"}
    with r.p.store.read() as tx:
        shown = [(c.title, c.dropped, c.people) for c in contents.of(tx, done.id)]
        marks = {s.mark for _, s in subscribers.everybody(tx, "daily")}
        assert contents.numbers(tx, done.id)[:2] == (4, 4)
        assert deeds.last_hand(tx, r.name) == ANN.id
    assert shown == [("About sports", False, 3), ("About world", False, 4), ("About science", True, 2)]
    assert marks == {3}, "what was dropped is covered"
    assert before.fingerprint != done.fingerprint == approving.fingerprint(r.p.store, done)
    story = explaining.explain(r.p.store, COMMAND_LINE, r.p.config, "all@example.org", r.p.clock(), done)
    assert any("dropped" in line and "About science" in line for line in story["says"]), story["says"]


def test_everything_can_be_taken_back(room: Callable[..., Room]) -> None:
    r = room()
    first = {n: r.sees(f"{n}@example.org") for n in ("all", "world", "two", "deutsch")}
    world = r.ids()["About world"]
    r.change(dropped=(world,), intro="Hello", subject="Hello")
    assert r.counts() == {"queued": 3, "cancelled": 1}, "whoever had nothing else gets nothing"
    assert r.named("world@example.org") == {world: "dropped"}
    r.change(dropped=(), order=(), intro="", subject="")
    assert r.counts() == {"queued": 4}
    again = {n: r.sees(f"{n}@example.org") for n in first}
    assert {n: alike(s) for n, s in first.items()} == {n: alike(s) for n, s in again.items()}


def alike(seen: Any) -> tuple[str, ...]:
    """All but the address to view it at, which names the variant."""
    parts = (seen.subject, seen.html.decode(), seen.text.decode())
    return tuple(re.sub(r"/view/[\w.-]+", "", part) for part in parts)


def test_what_cannot_be_is_refused_and_changes_nothing(room: Callable[..., Room]) -> None:
    r = room()
    ids = tuple(r.ids().values())
    before = everything(r)
    for error, wanted in (
        (NotAllowed, {"actor": EVE, "intro": "x"}),
        (Refused, {"dropped": ids}),
        (NotFound, {"order": ("no-such-article",)}),
        (Refused, {"seen": 7, "intro": "x"}),
        (Refused, {"subject": "x" * 201}),
        (Refused, {}),
        (Refused, {"subject": "  "}),
    ):
        with pytest.raises(error):
            r.change(**wanted)  # type: ignore[arg-type]
    with pytest.raises(ContentError, match="too long"):
        r.change(intro="é" * 20_000)
    assert everything(r) == before


def everything(r: Room) -> dict[str, Any]:
    with r.p.store.read() as tx:
        return {t.name: [tuple(x) for x in tx.execute(select(t))] for t in metadata.sorted_tables}


def test_lines_that_people_type_stay_one_plain_line(room: Callable[..., Room]) -> None:
    r = room()
    r.change(subject="A\r\nBcc: eve@example.org =?utf-8?q?x?= \uf5e0subscriber.name\uf5e1x\uf5e2 {{ 7*7 }}")
    subject = r.sees("all@example.org").subject
    assert subject == "A Bcc: eve@example.org utf-8?q?x?= subscriber.namex {{ 7*7 }}"
    assert b"\r\nBcc" not in r.sees("all@example.org").eml


def test_a_change_voids_an_approval_and_only_somebody_else_may_approve(room: Callable[..., Room]) -> None:
    r = room()
    p, now = r.p, r.p.clock()
    seen = r.edition.fingerprint
    assert seen == approving.fingerprint(p.store, r.edition)
    with pytest.raises(NotAllowed, match="somebody else must"):
        approving.approve(p.store, r.edition, now, seen, actor=BO)
    assert approving.approve(p.store, r.edition, now, seen, actor=ANN).state == "sending"
    changed = r.change(ANN, intro="One more word")
    assert (changed.state, changed.approved_hash, changed.opened_at) == ("held", "", None)
    with pytest.raises(Refused, match="waits for approval"):
        opening.open_edition(p.store, r.edition, now, actor=ANN)
    with pytest.raises(NotAllowed, match="somebody else must"):
        approving.approve(p.store, r.edition, now, actor=ANN)
    with pytest.raises(Refused, match="has changed since"):
        approving.approve(p.store, r.edition, now, seen, actor=BO)
    assert approving.approve(p.store, r.edition, now, changed.fingerprint, actor=BO).state == "sending"
    with p.store.read() as tx:
        verbs = [(d.actor, d.verb) for d in deeds.listed(tx, 10, object_=f"edition {r.name}")]
    assert verbs[::-1] == [("Bo", "cut"), ("Ann", "approve"), ("Ann", "change"), ("Bo", "approve")]


def test_whoever_is_erased_keeps_an_edition_from_nobody_else(room: Callable[..., Room]) -> None:
    from publisher.subscribing.erasing import erase

    r = room()
    p, now = r.p, r.p.clock()
    erase(p.store, "world@example.org", now)
    seen = r.edition.fingerprint or approving.fingerprint(p.store, r.edition)
    assert approving.approve(p.store, r.edition, now, seen, actor=ANN).state == "sending"
    # between approval and the first start it is asked for again
    erase(p.store, "two@example.org", now)
    with pytest.raises(Refused, match="approve it again"):
        opening.open_edition(p.store, r.edition, now, when="now", actor=ANN)
    with pytest.raises(Refused, match="has changed since"):
        approving.approve(p.store, r.edition, now, seen, actor=ANN)
    assert approving.approve(p.store, r.edition, now, r.edition.fingerprint, actor=ANN).state == "sending"
    # once something has left, the others get theirs
    with p.store.write() as tx:
        mine = deliveries.c.address == "all@example.org"
        tx.execute(deliveries.update().where(mine).values(status="bounced", attempt=1))
    controlling.pause(p.store, r.edition, now, actor=ANN)
    erase(p.store, "deutsch@example.org", now)
    assert controlling.resume(p.store, r.edition, now, actor=ANN).state == "sending"
    assert retrying.retry(p.store, ANN, r.edition, "bounced", now).again == 1
    assert r.edition.state == "sending"


@pytest.mark.parametrize("status", ["sending", "sent", "deferred"])
def test_after_the_first_start_a_change_is_refused_and_it_goes_on_as_it_was(
    room: Callable[..., Room], status: str
) -> None:
    r = room(approval=False)
    opening.open_edition(r.p.store, r.edition, r.p.clock())
    with r.p.store.write() as tx:
        first = tx.scalar(select(deliveries.c.id).limit(1))
        started = {"status": status, "attempt": 1, "worker": "w"}
        tx.execute(deliveries.update().where(deliveries.c.id == first).values(started))
    with pytest.raises(Refused, match="some of it has left"):
        r.change(intro="Too late")
    assert (r.edition.state, r.edition.intro, r.edition.edits) == ("sending", "", 0)


def test_what_a_worker_had_reserved_is_not_started_as_it_was(room: Callable[..., Room]) -> None:
    from publisher.store import claims

    r = room(approval=False)
    p, now = r.p, r.p.clock()
    opening.open_edition(p.store, r.edition, now, when="now")
    with p.store.write() as tx:
        assert len(claims.claim(tx, "w", [], now, 10)) == 4
    r.change(intro="Newer")
    opening.open_edition(p.store, r.edition, now, when="now")
    with p.store.read() as tx:
        assert not tx.execute(select(deliveries.c.id).where(deliveries.c.worker != "")).all()


def test_what_was_read_before_a_change_does_not_start_after_it(room: Callable[..., Room]) -> None:
    """A worker holds rows back for a slow provider; meanwhile they are changed, and it reserves them anew."""
    from publisher.store import attempts, claims
    from publisher.store.groups import Group, Started

    r = room(approval=False)
    p, now = r.p, r.p.clock()
    opening.open_edition(p.store, r.edition, now, when="now")
    with p.store.hold("w"):
        with p.store.write() as tx:
            stale = claims.claim(tx, "w", [], now, 10)
        r.change(intro="Newer")
        opening.open_edition(p.store, r.edition, now, when="now")
        with p.store.write() as tx:
            fresh = claims.claim(tx, "w", [], now, 10)
        assert {row.id for row in stale} == {row.id for row in fresh}

        def started(rows: Any) -> Group:
            return Group(started=[Started(row, 1, now) for row in rows])

        with p.store.write() as tx:
            assert not attempts.record(tx, "w", started(fresh[:1]), now)
        with p.store.write() as tx:
            refused = attempts.record(tx, "w", started(stale), now)
    assert refused == set(range(4)), "the bytes of before the change would leave"


def test_a_dropped_article_of_an_edition_by_hand_does_not_come_again(
    room: Callable[..., Room], clock: Any
) -> None:
    r = room(approval=False, hand=True)
    world = r.ids()["About world"]
    r.change(dropped=(world,))
    opening.open_edition(r.p.store, r.edition, clock())
    clock.set("2026-11-21T10:00")
    assert cutting.cut_due(r.p.store, r.p.config, r.p.templates, clock()) == []


def test_who_comes_later_gets_it_as_it_was_changed(
    room: Callable[..., Room], subscribe: Any, clock: Any
) -> None:
    r = room(approval=False)
    ids = r.ids()
    r.change(order=(ids["About world"],), dropped=(ids["About sports"],), subject="As Ann wrote it")
    subscribe(r.p, "late@example.org", hour=7, zone="UTC")
    clock.set("2026-11-21T07:00")
    cutting.cut_due(r.p.store, r.p.config, r.p.templates, clock())
    assert r.sees("late@example.org").subject == "As Ann wrote it"
    assert r.named("late@example.org") == r.named("all@example.org")
    assert r.edition.state == "held"


def test_a_fault_that_a_later_cut_brings_keeps_a_scheduled_edition_from_opening(
    room: Callable[..., Room], subscribe: Any, clock: Any, monkeypatch: Any
) -> None:
    from datetime import timedelta

    from publisher.freezing import inspecting

    r = room(approval=False)
    p = r.p
    noon = clock() + timedelta(hours=6)
    opening.open_edition(p.store, r.edition, clock(), at=noon)
    assert r.edition.state == "scheduled"
    wrong = inspecting.Finding("daily/1", "size", "a message has 12 MB", "error")
    monkeypatch.setattr(inspecting, "inspect", lambda *_args: [wrong])
    subscribe(p, "late@example.org", hour=7, zone="UTC")
    clock.set("2026-11-21T07:00")
    cutting.cut_due(p.store, p.config, p.templates, clock())
    assert (r.edition.state, r.edition.reason) == ("held", "size: a message has 12 MB")
    assert opening.open_due(p.store, noon) == []


def test_killed_anywhere_it_ends_as_if_it_had_not_been(room: Callable[..., Room], twin: Any) -> None:
    """Between any two transactions; and while it is half made, nothing of it can leave."""
    r = room()
    ids = r.ids()
    wanted = {"dropped": (ids["About world"],), "intro": "Hello", "order": (ids["About science"],)}
    p, now = r.p, r.p.clock()

    def run(store: Any, commits: int) -> tuple[Any, int]:
        with killed_after(store, commits) as done:
            change(store, p.config, p.templates, r.edition, Changes(**wanted), now, actor=ANN)  # type: ignore[arg-type]
        half = opening.named(store, r.name)
        if half.changing:
            for refused in (approving.approve, opening.open_edition, controlling.pause):
                with pytest.raises(Refused):
                    refused(store, half, now)
        cutting.resume(store, p.config, p.templates, now)
        return frozen(store, opening.named(store, r.name)), done[0]

    copy = twin(p)
    whole, transactions = run(copy, 0)
    copy.close()
    untouched = frozen(p.store, r.edition)
    assert transactions >= 7
    begun = 0
    for commits in range(1, transactions + 1):
        copy = twin(p)
        ended, _ = run(copy, commits)
        copy.close()
        assert ended in (whole, untouched), commits
        begun += ended == whole
    assert begun >= transactions - 2, "from its third transaction on it is made, whatever happens"


def frozen(store: Any, edition: Edition) -> Any:
    """Everything that is bound, and how it stands."""
    with store.read() as tx:
        names = ("address", "status", "variant_id")
        rows = tx.execute(select(*(deliveries.c[n] for n in names)).order_by(deliveries.c.id)).all()
        ids = {r.variant_id for r in rows}
        made = tx.execute(select(variants.c.id, variants.c.sha256, variants.c.recipients)).all()
        held = {id_: held_by(tx, [id_])[id_] for id_ in ids}
        about = {one.id: (one.sha256, one.recipients, held[one.id]) for one in made if one.id in ids}
        listed = contents.of(tx, edition.id)
    return (
        [(r.address, r.status, about[r.variant_id]) for r in rows],
        edition.state,
        dict(edition.archive),
        listed,
    )


def test_cancelled_while_half_changed_everybody_stands_where_they_stood(room: Callable[..., Room]) -> None:
    r = room()
    with killed_after(r.p.store, 4):
        r.change(dropped=(r.ids()["About world"],))
    assert r.edition.changing == "held"
    cancelling.cancel(r.p.store, r.edition, r.p.clock(), "by hand", actor=ANN)
    cutting.resume(r.p.store, r.p.config, r.p.templates, r.p.clock())
    assert r.edition.state == "cancelled"
    with r.p.store.read() as tx:
        assert {s.mark for _, s in subscribers.everybody(tx, "daily")} == {0}


def test_who_had_only_what_was_dropped_is_put_back_as_well(room: Callable[..., Room], clock: Any) -> None:
    """Cancelled is as if it had not been cut: nobody misses what an editor had taken out of it."""
    r = room()
    p = r.p
    r.change(ANN, dropped=(r.ids()["About world"],))
    assert r.counts() == {"queued": 3, "cancelled": 1}
    # killed behind the first of its transactions: what is left is undone by the next cut or tick
    with killed_after(p.store, 1):
        cancelling.cancel(p.store, r.edition, p.clock(), "by hand", actor=ANN)
    with p.store.write() as tx:
        waiting = deliveries.c.status == "queued"
        ids = tx.scalars(select(deliveries.c.id).where(waiting)).all()
        tx.execute(
            subscriptions.update()
            .where(subscriptions.c.id.in_(select(deliveries.c.subscription_id).where(waiting)))
            .values(mark=0)
        )
        ledger.forget(tx, ids)
    assert running.unfinished(p.store, "daily")
    cutting.resume(p.store, p.config, p.templates, p.clock())
    assert not running.unfinished(p.store, "daily")
    with p.store.read() as tx:
        assert {person.address: s.mark for person, s in subscribers.everybody(tx, "daily")} == dict.fromkeys(
            ("all@example.org", "world@example.org", "two@example.org", "deutsch@example.org"), 0
        )
    request = cutting.asked(p.config, "daily", "", clock(), everybody=True)
    again = cutting.cut(p.store, p.config, p.templates, request, clock(), actor=BO)
    assert again.recipients == 4


@pytest.mark.sqlite
def test_ten_thousand_variants_in_short_transactions(room: Callable[..., Room], monkeypatch: Any) -> None:
    """No write holds the lock for 50 ms; what they hold stays in the order that it had."""
    r = room(approval=False, more=True)
    crowd(r, 10_000)
    took = []
    write = r.p.store.write

    def timed() -> Any:
        from contextlib import contextmanager

        @contextmanager
        def inner() -> Any:
            with write() as tx:
                begun = thread_time()
                yield tx
                took.append(thread_time() - begun)

        return inner()

    monkeypatch.setattr(r.p.store, "write", timed)
    r.change(subject="Another")
    took.sort()
    assert took[-2] < 0.05
    with r.p.store.read() as tx:
        lines = tx.execute(
            select(variants.c.subject)
            .join(deliveries, deliveries.c.variant_id == variants.c.id)
            .where(deliveries.c.edition_id == r.edition.id)
            .distinct()
        ).all()
        live = tx.scalar(select(func.count()).where(variants.c.replaced_by.is_(None)))
    assert lines == [("Another",)]
    assert live >= 10_000


def crowd(r: Room, count: int) -> None:
    """So many people more in the edition, each with a variant of their own."""
    with r.p.store.write() as tx:
        everything = deliveries.c.address == "all@example.org"
        some = tx.execute(select(deliveries).where(everything)).one()._asdict()
        its = variant_articles.c.variant_id == some["variant_id"]
        row = tx.execute(select(variants).where(variants.c.id == some["variant_id"])).one()._asdict()
        held = [x._asdict() for x in tx.execute(select(variant_articles).where(its))]
        assert len(held) == 8
        ids = range(100_000, 100_000 + count)
        tx.execute(variants.insert(), [row | {"id": n, "key": f"k{n}"} for n in ids])
        orders = permutations(range(8))
        tx.execute(
            variant_articles.insert(),
            [
                h | {"variant_id": n, "place": p}
                for n, o in zip(ids, orders, strict=False)
                for h, p in zip(held, o, strict=True)
            ],
        )
        person = tx.execute(select(people).where(people.c.id == some["subscriber_id"])).one()._asdict()
        tx.execute(
            people.insert(),
            [
                person | {"id": n, "address": f"{n}@example.org", "address_key": f"{n}@example.org"}
                for n in ids
            ],
        )
        tx.execute(deliveries.insert(), [some | {"id": n, "subscriber_id": n, "variant_id": n} for n in ids])
