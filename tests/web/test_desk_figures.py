"""Figures at the desk: what really happened, in pictures and in tables that say the same."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest
from desk_visitors import QUICK, Newsroom
from hypothesis import given
from hypothesis import strategies as st

from publisher import cutting, delivering, gathering, passwords
from publisher.app import Publisher
from publisher.delivering import figuring, opening
from publisher.model.editors import COMMAND_LINE
from publisher.store import feed_polls
from publisher.store.schema import figures as table
from publisher.surveying import figures
from publisher.surveying.figures import PERIODS

STRANGE = "<script>alert(1)</script>\"'&"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "hasher", QUICK)


@pytest.fixture
def room(publication: Callable[..., Publisher], post: Callable[..., str], clock: Any) -> Newsroom:
    p = publication(articles={"tides.md": post("Tides")})
    gathering.gather(p.store, p.config, clock.now)
    return Newsroom.of(p, clock)


def put(room: Newsroom, kind: str, *rows: tuple[str, str, int]) -> None:
    with room.p.store.write() as tx:
        tx.execute(table.insert(), [{"kind": kind, "day": d, "name": n, "count": c} for d, n, c in rows])


def tables(page: str) -> dict[str, list[list[str]]]:
    """The cells of each table, by its heading."""
    found = {}
    for part in page.split("<section")[1:]:
        heading = re.findall(r"<h2[^>]*>([^<]*)", part)[0]
        rows = re.findall(r"<tr>(.*?)</tr>", part, re.DOTALL)
        found[heading] = [re.findall(r"<t[hd][^>]*>([^<]*)</t[hd]>", row) for row in rows]
    return found


def test_what_was_sent_joined_left_bounced_and_polled_is_on_the_page(
    room: Newsroom, subscribe: Callable[..., str]
) -> None:
    """From the deeds themselves, by way of the clock."""
    p, ann = room.p, room.editor("viewer")
    empty = ann.get("/desk/figures").text
    assert "<svg" not in empty
    assert len(re.findall(r'<p class="empty">', empty)) == 4
    for n in range(5):
        subscribe(p, f"reader{n}@example.org")
    asked = cutting.asked(p.config, "daily", "", room.clock(), everybody=True)
    edition = cutting.cut(p.store, p.config, p.templates, asked, room.clock()).edition
    assert edition
    opening.open_edition(p.store, edition, room.clock())
    delivering.deliver(p.store, p.config, p.keys, p.transport, p.clock, edition_id=edition.id)
    feed_polls.add(p.store, {("2026-11-21", "feed.xml", STRANGE): (7, 0)})
    while not figuring.fill(p.store, p.config, room.clock(), 5):
        pass
    page = ann.get("/desk/figures?by=week").text
    found = tables(page)
    assert found["Messages sent"][0] == ["Day", "daily"]
    assert found["Messages sent"][-2:] == [["21 November 2026", "5"], ["In all", "5"]]
    assert found["Growth of subscriptions"][-1] == ["In all", "5", "0", "5"]
    assert found["Polls of feeds by program"][-1] == ["In all", "7"]
    assert "<svg" in page
    assert "21 November 2026: daily 5" in page
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_a_week_a_month_a_year_and_what_was_before(room: Newsroom) -> None:
    today = room.clock().date()
    days = [(today - timedelta(days=n)).isoformat() for n in range(400)]
    put(room, "deliveries", *((day, "daily:sent", 1) for day in days), (days[3], "daily:bounced", 9))
    ann = room.editor("viewer")
    for by, rows, total in (("week", 7, 7), ("month", 30, 30), ("year", 12, 356), ("nonsense", 30, 30)):
        found = tables(ann.get(f"/desk/figures?by={by}").text)["Messages sent"]
        assert len(found) == rows + 2, by
        assert found[-1] == ["In all", str(total)]
        assert sum(int(row[1]) for row in found[1:-1]) == total
    page = ann.get("/desk/figures?by=week").text
    earlier = re.findall(r'href="([^"]+)" rel="prev"', page)[0].replace("&amp;", "&")
    assert 'rel="next"' not in page
    page = ann.get(earlier).text
    assert tables(page)["Messages sent"][-2][0] == "14 November 2026"
    later = re.findall(r'href="([^"]+)" rel="next"', page)[0].replace("&amp;", "&")
    assert tables(ann.get(later).text)["Messages sent"][-2][0] == "21 November 2026"
    for until in ("9999-12-31", "2026-13-01", "0001-01-01", "2000-01-01", STRANGE):
        assert ann.get(f"/desk/figures?until={until}&by=year").status_code == 200


def test_many_newsletters_programs_and_providers_are_the_largest_and_all_others(room: Newsroom) -> None:
    day = room.clock().date().isoformat()
    put(room, "deliveries", *((day, f"paper{n}:sent", 10 * n) for n in range(1, 7)))
    put(room, "bounces", *((day, f"host{n}.example", n) for n in range(1, 16)), (day, STRANGE, 99))
    page = room.editor("viewer").get("/desk/figures?by=week").text
    found = tables(page)
    assert found["Messages sent"][0] == ["Day", "paper6", "paper5", "paper4", "all other newsletters"]
    assert found["Messages sent"][-1] == ["In all", "60", "50", "40", "60"]
    bounces = found["Bounces by mailbox provider"]
    assert len(bounces) == 13
    assert bounces[2] == ["host15.example", "15"]
    assert bounces[-2:] == [["all others", "21"], ["In all", "219"]]
    assert "<script>alert" not in page


@given(
    end=st.dates(date(2000, 1, 1), date(2100, 1, 1)),
    period=st.sampled_from(sorted(PERIODS)),
)
def test_stretches_follow_one_another_and_hold_the_day_that_they_end_on(end: date, period: Any) -> None:
    found = figures.stretches_of(period, end)
    assert len(found) == PERIODS[period]
    assert found[-1].first <= end <= found[-1].last
    for one, after in pairwise(found):
        assert one.first <= one.last
        assert after.first == one.last + timedelta(days=1)


def test_figures_need_no_more_than_to_look(room: Newsroom) -> None:
    assert figures.read(room.p.store, COMMAND_LINE, "week", None, room.clock()).earlier == date(2026, 11, 14)
    assert room.visitor().get("/desk/figures").status_code == 303
