"""What editors find of subscribers and do for them: by role, written down, on both databases."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from publisher import cutting, delivering, gathering
from publisher.app import Publisher
from publisher.delivering import compacting, opening
from publisher.errors import NotAllowed, NotFound, Refused
from publisher.model.editors import Actor
from publisher.store import deeds, histories, subscribers
from publisher.subscribing import Choice, exports, finding, growth, tending
from publisher.subscribing.finding import Wanted

VIEWER, EDITOR = Actor("Vi", 5, "viewer"), Actor("Ed", 6, "editor")
PUBLISHER, ADMIN = Actor("Pat", 7, "publisher"), Actor("Ada", 8, "admin")
CARELESS = Actor("token", 7, "publisher", frozenset({"read", "edit", "send"}))


@pytest.fixture
def p(publication: Callable[..., Publisher], post: Callable[..., str]) -> Publisher:
    made = publication(
        articles={"tides.md": post("Tides", "2026-11-20T12:00Z", "World")},
        newsletters={"daily": {}, "letter": {}},
        topics={"world": ["World"], "sea": ["Sea"]},
    )
    gathering.gather(made.store, made.config, made.clock())
    return made


def found(p: Publisher, **wanted: str) -> list[str]:
    """All pages together."""
    rows: list[str] = []
    after = ""
    while True:
        page = finding.find(p.store, p.config, EDITOR, Wanted(**wanted), after, p.clock())
        assert len(page.rows) <= finding.A_PAGE
        rows += [one.address.partition("@")[0] for one in page.rows]
        if not page.more:
            return rows
        after = page.more


def test_pages_of_every_filter_hold_everybody_once(
    p: Publisher, subscribe: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "A_PAGE", 3)
    monkeypatch.setattr(finding, "_AT_ONCE", 2)
    monkeypatch.setattr(finding, "_LOOKED_THROUGH", 4)
    everybody: dict[str, set[tuple[str, str]]] = {}
    for n in range(20):
        name, status = f"r{n:02}", ("confirmed", "pending", "unsubscribed")[n % 3]
        pause = p.clock() + timedelta(days=n - 12) if status == "confirmed" else None
        subscribe(p, f"{name}@example.org", status=status, paused_until=pause)
        everybody[name] = {("daily", status)}
        if pause and pause > p.clock():
            everybody[name].add(("daily", "paused"))
        if n % 2:
            subscribe(p, f"{name}@example.org", "letter")
            everybody[name].add(("letter", "confirmed"))
    for newsletter in ("", "daily", "letter"):
        for status in ("", "confirmed", "pending", "unsubscribed", "paused"):
            fits = [
                name
                for name, places in everybody.items()
                if any(newsletter in ("", n) and status in ("", s) for n, s in places)
            ]
            assert found(p, newsletter=newsletter, status=status) == sorted(fits, reverse=True)
            assert found(p, text="R", newsletter=newsletter, status=status) == sorted(fits)
    with pytest.raises(NotAllowed):
        finding.find(p.store, p.config, VIEWER, Wanted(), "", p.clock())


def test_deliveries_go_on_from_page_to_page_the_compacted_ones_too(
    p: Publisher, subscribe: Callable[..., str], post: Callable[..., str], clock: Any, monkeypatch: Any
) -> None:
    subscribe(p, "ann@example.org")
    subscribe(p, "bo@example.org")
    for day in range(5):
        clock.set(f"2026-11-{21 + day}T12:00")
        file = p.config.sources[0].path / f"a{day}.md"
        file.write_text(post(f"New {day}", f"2026-11-{21 + day}T10:00Z"))
        gathering.gather(p.store, p.config, clock.now)
        asked = cutting.asked(p.config, "daily", "daily", clock.now, everybody=True)
        edition = cutting.cut(p.store, p.config, p.templates, asked, clock.now).edition
        assert edition
        opening.open_edition(p.store, edition, clock.now)
        delivering.deliver(p.store, p.config, p.keys, p.transport, p.clock, edition_id=edition.id)
    clock.move(days=500)
    moved, _ = compacting.compact(p.store, p.config.delivery, clock.now, 5.0)
    assert moved > 6
    for most, editions in ((2, 200), (2, 3), (50, 2), (50, 200)):
        monkeypatch.setattr(histories, "_EDITIONS", editions)
        pages, before = [], None
        while True:
            with p.store.read() as tx:
                rows, before = histories.newest(tx, 1, most, before)
            pages.append([row.number for row in rows])
            if before is None:
                break
        assert [one for page in pages for one in page] == [5, 4, 3, 2, 1], (most, editions)
        assert max(map(len, pages)) <= most


def test_acts_ask_for_the_role_and_are_written_down_by_number(
    p: Publisher, subscribe: Callable[..., str]
) -> None:
    now, config, store = p.clock(), p.config, p.store
    id_ = tending.add(
        store, config, PUBLISHER, Choice("Ann@example.org", "daily", "confirmed"), "by phone", now
    )
    chosen = Choice("", "daily", "confirmed", topics=("sea",), hour=19)
    acts: list[Callable[[Actor], Any]] = [
        lambda who: tending.add(store, config, who, Choice("x@example.org", "daily", "confirmed"), "x", now),
        lambda who: tending.choose(store, config, who, id_, chosen, now),
        lambda who: tending.begin(store, config, who, id_, "letter", "x", now),
        lambda who: tending.pause(store, who, id_, "daily", now + timedelta(days=3), now),
        lambda who: tending.pause(store, who, id_, "daily", None, now),
        lambda who: tending.make_feed(store, who, id_, "daily", now),
        lambda who: tending.revoke_feed(store, who, id_, "daily", now),
        lambda who: tending.stop(store, who, id_, "daily", now),
        lambda who: tending.suppress(store, who, id_, "asked by post", now),
        lambda who: tending.lift(store, who, id_, False, now),
        lambda who: tending.copy(store, who, id_, now),
        lambda who: list(exports.streamed(store, who, "daily", "", now)),
    ]
    for act in acts:
        for who in (VIEWER, EDITOR, CARELESS):
            with pytest.raises(NotAllowed):
                act(who)
        act(PUBLISHER)
    with pytest.raises(NotAllowed):
        tending.forget(store, PUBLISHER, id_, "ann@example.org", now)
    with store.read() as tx:
        done = deeds.listed(tx, 50)
        mine = {s.newsletter: (s.status, s.topics, s.hour) for s in subscribers.subscriptions_of(tx, id_)}
    assert len(done) == 1 + len(acts)
    assert mine == {"daily": ("unsubscribed", ("sea",), 19), "letter": ("confirmed", None, 7)}
    assert not any("example" in f"{d.object} {d.data}" or "by p" in str(d.data) for d in done)
    tending.forget(store, ADMIN, id_, " ANN@EXAMPLE.ORG ", now)
    for act in acts[1:-1]:
        with pytest.raises(NotFound):
            act(PUBLISHER)
    with pytest.raises(Refused):
        tending.add(store, config, PUBLISHER, Choice("ann@example.org", "daily", "confirmed"), "x", now)


def test_who_left_comes_back_by_a_word_that_is_kept(p: Publisher, subscribe: Callable[..., str]) -> None:
    subscribe(p, "ann@example.org", status="unsubscribed")
    tending.begin(p.store, p.config, PUBLISHER, 1, "daily", "  on a card\tat the fair " + "x" * 80, p.clock())
    known = finding.known(p.store, EDITOR, 1)
    assert [s.status for s in known.subscriptions] == ["confirmed"]
    (consent,) = known.consents
    assert (consent.what, consent.source[:29], len(consent.source)) == (
        "confirmed",
        "desk: on a card at the fair x",
        60,
    )
    for bad in ("", "  ", "a\0b", "\u2028"):
        with pytest.raises(Refused):
            tending.begin(p.store, p.config, PUBLISHER, 1, "letter", bad, p.clock())


def test_an_export_of_a_status_holds_those_alone(p: Publisher, subscribe: Callable[..., str]) -> None:
    for n in range(9):
        subscribe(
            p, f"r{n}@example.org", status="pending" if n % 3 else "confirmed", attributes={"n": str(n)}
        )
    text = "".join(exports.streamed(p.store, PUBLISHER, "daily", "confirmed", p.clock()))
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [(row["address"], row["n"]) for row in rows] == [(f"r{n}@example.org", str(n)) for n in (0, 3, 6)]


def test_growth_puts_days_together() -> None:
    from datetime import date

    from publisher.store.figures import Figure

    moved = [
        Figure("2026-11-01", "daily:confirmed", 5),
        Figure("2026-11-22", "daily:confirmed", 3),
        Figure("2026-11-22", "letter:unsubscribed", 2),
        Figure("2026-11-23", "daily:unsubscribed", 4),
    ]
    standing = [
        Figure("2026-11-22", "daily", 8),
        Figure("2026-11-22", "letter", 6),
        Figure("2026-11-23", "daily", 4),
    ]
    weeks = [date(2026, 11, 23), date(2026, 11, 16), date(2026, 11, 9)]
    told = growth.periods(weeks, "week", moved, standing, "")
    assert [(one.name, one.came, one.left, one.standing) for one in told] == [
        ("2026-W48", 0, 4, 4), ("2026-W47", 3, 2, 14), ("2026-W46", 0, 0, None)
    ]  # fmt: skip
    (month,) = growth.periods([date(2026, 11, 1)], "month", moved, standing, "daily")
    assert (month.came, month.left, month.standing, month.churn) == (8, 4, 4, None)
