"""A whole year: what each one was sent is exactly what the rules say, and nothing twice (invariant 5).

Two hundred people of six time zones choose, pause, leave and come back at random; two thousand articles, both
clock changes, editions by hand, corrections, and a newsletter that wants approval. Nothing is rendered.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from newsroom import Ice, Newsroom
from sqlalchemy import text

from publisher import subscribing
from publisher.delivering import approving, opening
from publisher.store import editions

PEOPLE, DAYS, ARTICLES = 200, 365, 2000
LETTERS = {"daily": {}, "board": {"approval": True, "default": {"cadence": "weekly", "weekday": "monday"}}}


class Year(Newsroom):
    """The newsroom of `daily`, step by step; `board` beside it, of which the sum is looked at."""

    crowd = PEOPLE

    def board(self) -> None:
        for n in range(0, PEOPLE, 10):
            choice = subscribing.Choice(f"board{n}@example.org", "board", "confirmed", hour=n % 24)
            subscribing.subscribe(self.p.store, self.p.config, choice, self.clock.now)

    def approve(self) -> None:
        """Somebody looks at what waits, and says yes, sometimes a week too late."""
        with self.p.store.read() as tx:
            undecided = editions.listed(tx, "board", ("held", "scheduled"))
        for e in undecided:
            if e.state == "held" and self.dice.random() < 0.4:
                approving.approve(self.p.store, e, self.clock.now)
            elif e.state == "scheduled":
                opening.open_edition(self.p.store, e, self.clock.now)

    def verify_board(self) -> int:
        """Everybody is in every edition that was not cancelled, and got each article once; how many."""
        query = """SELECT d.edition_id, d.subscription_id, s.mark, s.since, v.article_id, v.revision
            FROM deliveries d JOIN editions e ON e.id = d.edition_id
            JOIN subscriptions s ON s.id = d.subscription_id
            JOIN variant_articles v ON v.variant_id = d.variant_id
            WHERE e.newsletter = 'board' AND e.state != 'cancelled'"""
        members: dict[int, set[int]] = {}
        got: dict[tuple[int, int, int], list[tuple[str, int]]] = {}
        with self.p.store.read() as tx:
            for edition, who, mark, since, *named in tx.execute(text(query)):
                members.setdefault(edition, set()).add(who)
                got.setdefault((who, mark, since), []).append((named[0], named[1]))
        assert {len(each) for each in members.values()} == {PEOPLE // 10}, "one cut of everybody"
        for (_, mark, since), names in got.items():
            assert len(names) == len(set(names)), "an article twice"
            always = {x.id for x in self.stories.values() if x.always and since < x.release <= mark}
            assert always <= {article for article, _ in names}, "an article was missed"
        return len(members)

    def day_by_day(self, end: Any) -> None:
        while self.clock.now < end:
            self.clock.move(hours=self.dice.choice((5, 15, 24, 33, 48)), minutes=self.dice.choice((0, 0, 30)))
            for _ in range(min(self.dice.choice((2, 4, 6, 7, 9, 12)), ARTICLES - len(self.stories))):
                self.publish()
            for act, chance in ((self.edit, 0.1), (self.person, 0.9), (self.person, 0.9), (self.person, 0.5)):
                if self.stories and self.dice.random() < chance:
                    act()
            self.tick()
            if self.dice.random() < 0.03:
                self.cut(self.dice.choice(("daily", "weekly", "monthly")))
            public = [x.id for x in self.stories.values() if x.public][-4:]
            if public and self.dice.random() < 0.03:
                self.cut("daily", tuple(self.dice.sample(public, min(2, len(public)))))
            if self.dice.random() < 0.7:
                self.decide()
            self.approve()
            self.settle()


@pytest.mark.sqlite
def test_a_year(publication: Any, clock: Any, monkeypatch: pytest.MonkeyPatch, database: str) -> None:
    monkeypatch.setattr("publisher.cutting.chunks.Freezer", Ice)
    clock.set("2026-03-01T00:00")
    room = Year(publication(newsletters=LETTERS), clock, 11)
    for n in range(PEOPLE):
        room.choose(f"p{n}@example.org")
    room.board()
    room.day_by_day(clock.now + timedelta(days=DAYS))
    assert len(room.stories) > ARTICLES * 0.9
    room.rest()
    assert room.verify() > 500
    assert room.verify_board() > 30
