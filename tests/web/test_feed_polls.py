"""Who polls our feeds: programs by their real User-Agents, subscribers as stated, and nobody by address."""

from __future__ import annotations

import contextlib
import io
import json
import os
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from public_files_server import get, serving, statuses, talk
from sqlalchemy import select

from publisher import gathering, publishing, scheduler
from publisher.app import Publisher
from publisher.cli import main
from publisher.errors import StoreError
from publisher.feeds.following import following
from publisher.feeds.programs import asker
from publisher.store import feed_polls
from publisher.store.feed_polls import Polled
from publisher.web import exposition, polls
from publisher.web.metrics import Collector
from publisher.web.polls import Polls
from publisher.web.public import application

BOTH = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)
FEEDBIN = "Feedbin feed-id:{} - {} subscribers"


@pytest.mark.parametrize(
    ("agent", "program", "subscribers"),
    [
        ("Feedbin feed-id:1373711 - 142 subscribers", "Feedbin", 142),
        (
            "Feedly/1.0 (+http://www.feedly.com/fetcher.html; 16 subscribers; like FeedFetcher-Google)",
            "Feedly",
            16,
        ),
        (
            "NewsBlur Feed Fetcher - 3 subscribers - http://www.newsblur.com/site/5/x (Mozilla/5.0)",
            "NewsBlur",
            3,
        ),
        ("NewsBlur Page Fetcher - 1 subscriber - http://www.newsblur.com/site/5/x", "NewsBlur", 1),
        ("Mozilla/5.0 (compatible; inoreader.com; 2 subscribers)", "Inoreader", 2),
        ("Inoreader/1.0 (+http://www.inoreader.com/feed-fetcher; 6 subscribers; )", "Inoreader", 6),
        ("Mozilla/5.0 (compatible; theoldreader.com; 5 subscribers; feed-id=a1)", "The Old Reader", 5),
        ("Bloglovin/1.0 (http://www.bloglovin.com; 2 subscribers)", "Bloglovin", 2),
        ("Feedspot http://www.feedspot.com - 3 subscribers", "Feedspot", 3),
        ("BazQux/2.4 (+https://bazqux.com/fetcher; 4 subscribers)", "BazQux", 4),
        ("Overcast/1.0 Podcast Sync (123 subscribers; feed-id=456; +http://overcast.fm/)", "Overcast", 123),
        ("Netvibes (http://www.netvibes.com/; 5 subscribers; feedId: 12)", "Netvibes", 5),
        ("newsboat/2.30.1 (Linux x86_64)", "newsboat", None),
        ("NetNewsWire (RSS Reader; https://netnewswire.com/)", "NetNewsWire", None),
        ("Mozilla/5.0 (compatible; Miniflux/2.1.0; +https://miniflux.app)", "Miniflux", None),
        ("FreshRSS/1.24.1 (Linux; https://freshrss.org)", "FreshRSS", None),
        ("Mozilla/5.0 (X11; rv:128.0) Gecko/20100101 Thunderbird/128.2.0", "Thunderbird", None),
        (
            "Liferea/1.15.6 (Linux; https://lzone.de/liferea/) AppleWebKit (KHTML, like Gecko)",
            "Liferea",
            None,
        ),
        ("Tiny Tiny RSS/24.04 (https://tt-rss.org/)", "Tiny Tiny RSS", None),
        ("Emacs Elfeed 3.4.1", "Elfeed", None),
        ("rss2email/3.13.1 (https://github.com/rss2email/rss2email)", "rss2email", None),
        ("Reeder/5040001 CFNetwork/1404 Darwin/22.3.0", "Reeder", None),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0", "browser", None),
        ("python-requests/2.31.0", "script", None),
        ("curl/8.5.0", "script", None),
        ("Something Else 1.0", "other", None),
        ("Mozilla/5.0 (7 readers)", "browser", None),
        ("", "other", None),
        ("NewReader/3 (99999999999 subscribers)", "other", None),
    ],
)
def test_programs_by_their_names(agent: str, program: str, subscribers: int | None) -> None:
    found = asker(agent)
    assert (found.program, found.subscribers, found.known) == (program, subscribers, True)


@given(st.text(max_size=80), st.integers(0, 10**12))
def test_an_invented_program_has_a_short_plain_name_or_none(name: str, stated: int) -> None:
    found = asker(f"{name} - {stated} subscribers")
    assert found.subscribers is None or 0 <= found.subscribers <= stated
    assert len(found.program) <= 40
    assert found.program.isprintable()
    assert found.program.isascii()


def stored(p: Publisher) -> dict[tuple[str, str, str], tuple[int, int]]:
    with p.store.read() as tx:
        return {tuple(row[:3]): tuple(row[3:]) for row in feed_polls.since(tx, "")}  # type: ignore[misc]


def counted(made: Polls, *asked: tuple[str, str]) -> None:
    for feed, agent in asked:
        made.count(feed, agent.encode())
    made.close(10)


@BOTH
def test_polls_add_up_over_processes_and_what_is_stated_does_not(publication: Any, clock: Any) -> None:
    p = publication()
    clock.set("2026-11-21T23:59")
    one, two = Polls(p.store, p.clock), Polls(p.store, p.clock)
    counted(one, *[("/feed.xml", FEEDBIN.format(1, 12))] * 3, ("/feed.xml", FEEDBIN.format(2, 5)))
    counted(one, ("/feed.xml", FEEDBIN.format(1, 11)), ("/atom.xml", "newsboat/2.30"))
    counted(two, ("/feed.xml", FEEDBIN.format(1, 12)), ("/atom.xml", "newsboat/2.30"))
    assert stored(p) == {
        ("2026-11-21", "/feed.xml", "Feedbin"): (6, 17),
        ("2026-11-21", "/atom.xml", "newsboat"): (2, 0),
    }
    clock.move(minutes=1)
    counted(one, ("/feed.xml", FEEDBIN.format(1, 9)))
    assert stored(p)["2026-11-22", "/feed.xml", "Feedbin"] == (1, 9), "a new day begins with nothing"


def test_whoever_invents_programs_fills_nothing(publication: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    p = publication()
    made = Polls(p.store, p.clock)
    for n in range(20_000):
        made.count("/feed.xml", b"Invented%d/1.0 (%d subscribers)" % (n, n) + b"x" * 9000)
    assert len(made._counts) <= polls._MOST_AGENTS + 1
    assert max(len(agent) for _, agent in made._counts) <= polls._LONGEST_AGENT
    for n in range(500):
        made.count("/atom.xml", FEEDBIN.format(n, 1).encode())
    counted(made)
    found = stored(p)
    assert len(found) <= polls._MOST_NAMES + 4
    assert sum(asked for asked, _ in found.values()) == 20_500, "and each poll is counted"


def test_a_store_that_cannot_be_written_loses_no_poll(
    publication: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    p = publication()
    made = Polls(p.store, p.clock)

    def refused(*_: Any) -> None:
        raise StoreError("the store is locked")

    with monkeypatch.context() as patch:
        patch.setattr(feed_polls, "add", refused)
        counted(made, ("/feed.xml", "curl/8"), ("/feed.xml", "newsboat/2"))
        counted(made, ("/feed.xml", "curl/8"))
    assert caplog.text.count("the store is locked") == 1
    assert stored(p) == {}
    counted(made, ("/feed.xml", "curl/8"))
    assert {key[2]: row for key, row in stored(p).items()} == {"script": (3, 0), "newsboat": (1, 0)}


def polled(day: int, program: str, count: int, subscribers: int = 0, path: str = "/feed.xml") -> Polled:
    return Polled(f"2026-11-{day:02}", path, program, count, subscribers)


def test_what_is_stated_last_counts_and_people_are_guessed_from_their_own_programs() -> None:
    rows = [
        polled(1, "Feedbin", 900, 99),
        polled(10, "Feedbin", 48, 20),
        polled(11, "Feedbin", 48, 12),
        polled(12, "Feedbin", 20, 13),
        polled(10, "newsboat", 100),
        polled(11, "newsboat", 44),
        polled(11, "Elfeed", 1),
        polled(11, "browser", 5000),
        polled(12, "Miniflux", 500),
        polled(11, "Feedly", 2, 40, path="/atom.xml"),
    ]
    atom, feed = following(rows, date(2026, 11, 5), date(2026, 11, 12))
    assert (atom.feed, atom.stated, atom.direct) == ("/atom.xml", 40, 0)
    assert (feed.feed, feed.stated) == ("/feed.xml", 13)
    people = {each.program: each.people for each in feed.programs}
    assert people == {"browser": 0, "newsboat": 3, "Feedbin": 0, "Elfeed": 1, "Miniflux": 1}
    assert feed.direct == 5
    assert feed.polls_a_day == (48 * 2 + 144 + 1 + 5000) / 2, "of the whole days"
    (today,) = following([polled(12, "Miniflux", 48)], date(2026, 11, 5), date(2026, 11, 12))
    assert (today.polls_a_day, today.direct) == (48, 2)


def test_from_the_wire_to_the_command(
    publication: Callable[..., Publisher], post: Any, tmp_path: Path, clock: Any
) -> None:
    clock.now = datetime.now(UTC)
    p = publication(articles={"a.md": post("The ferry")})
    gathering.gather(p.store, p.config, p.clock())
    publishing.publish(p.store, p.config, p.templates)
    for file in p.config.output.path.rglob("*.*"):
        os.utime(file, (time.time() - 60,) * 2)
    agents = [FEEDBIN.format(7, 12), "newsboat/2.30.1 (Linux)", "newsboat/2.30.1 (Linux)"]
    with serving(application(p)) as (address, _):
        for agent in agents:
            got = talk(address, get("/feed.xml", f"User-Agent: {agent}", "X-Forwarded-For: 192.0.2.77"))
            assert statuses(got)[0] == 200
        known = get("/feed.xml", "If-None-Match: *", "User-Agent: newsboat/2")
        last = talk(address, known, get("/healthz"), get("/feed.xml", method="HEAD"))
        assert statuses(last)[:3] == [304, 200, 200]
    ran = io.StringIO()
    config = str(tmp_path / "config.yaml")
    with contextlib.redirect_stdout(ran), pytest.raises(SystemExit):
        main(["--config", config, "feeds", "--json"])
    (found,) = json.loads(ran.getvalue())
    assert (found["feed"], found["stated"], found["direct_estimate"], found["polls_a_day"]) == (
        "/feed.xml",
        12,
        1,
        4,
    )
    assert [(each["program"], each["subscribers"]) for each in found["programs"]] == [
        ("newsboat", 0),
        ("Feedbin", 12),
    ]
    told = io.StringIO()
    with contextlib.redirect_stdout(told), pytest.raises(SystemExit):
        main(["--config", config, "feeds"])
    assert "about 1" in told.getvalue()
    text = exposition.text(Collector(p).gauges())
    assert 'publisher_feed_polls_today{program="newsboat"} 3' in text
    with p.store.read() as tx:
        kept = str(tx.execute(select(feed_polls.feed_polls)).all())
    assert "192.0.2" not in kept
    assert "127.0.0" not in kept


def test_the_tick_lets_go_of_old_days(publication: Any, clock: Any) -> None:
    p = publication()
    old, kept = ((clock() - timedelta(days=days)).date().isoformat() for days in (401, 399))
    feed_polls.add(p.store, {(day, "/feed.xml", "newsboat"): (1, 0) for day in (old, kept)})
    scheduler.tick(p)
    assert [day for day, _, _ in stored(p)] == [kept]
