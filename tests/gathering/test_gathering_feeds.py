"""Remote feeds as sources: once, never again, and never a flood; on a real server and a real store."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from feed_server import LOOPBACK, FeedServer, feed_server, item, rss
from gathering_site import Site, counts

from publisher import gathering
from publisher.gathering import fetching

LONG = "The harbour wall is being raised by another metre before the autumn storms arrive. "
DAY = "Fri, 20 Nov 2026 12:00:00 GMT"
FEED = "/feed.xml"


@pytest.fixture
def elsewhere() -> Iterator[FeedServer]:
    with feed_server() as server:
        yield server


@pytest.fixture
def news(publication: Callable[..., Any], elsewhere: FeedServer) -> Callable[..., Site]:
    """A publication with the folder content/ and the server's feed."""

    def make(**keys: Any) -> Site:
        feed = {"feed": elsewhere.at(FEED), "allow_private": [LOOPBACK], **keys}
        return Site(publication, sources=[{"path": "content/"}, feed])

    return make


def stories(
    numbers: Any, guid: str = "g{}", link: str = "https://elsewhere.example/{}", **more: Any
) -> bytes:
    each = {"date": DAY, "text": LONG} | more
    return rss(
        *(
            item(f"Story {n}", link.format(n), guid.format(n), each["date"], f"{n} {each['text']}")
            for n in numbers
        )
    )


def titles(site: Site) -> list[str]:
    return sorted(x.article.title for x in site.all)


def test_an_entry_becomes_an_article_with_a_page_elsewhere(news: Any, elsewhere: FeedServer) -> None:
    text = "&lt;p onclick='x'&gt;Read &lt;a href='/more'&gt;more&lt;/a&gt; &lt;img src='p.png'&gt;&lt;/p&gt;"
    elsewhere.answers[FEED] = rss(
        item("Tides &amp;amp; ships", "https://elsewhere.example/2026/tides", "t1", DAY, text, category="Sea")
    )
    site = news()
    assert counts(site.gather()) == {"new": 1}
    article = site.all[0].article
    assert (article.title, article.url) == ("Tides & ships", "https://elsewhere.example/2026/tides")
    assert article.published_at == datetime(2026, 11, 20, 12, tzinfo=UTC)
    assert 'href="https://elsewhere.example/more"' in article.html
    assert 'src="https://elsewhere.example/2026/p.png"' in article.html
    assert "onclick" not in article.html
    assert (article.labels, article.topics, article.assets) == (("Sea",), ("sea",), ())
    assert site.all[0].release == 1


def test_it_is_asked_again_in_its_time_and_says_what_it_knows(
    news: Any, elsewhere: FeedServer, clock: Any
) -> None:
    elsewhere.answers[FEED] = (200, {"ETag": 'W/"one"', "Last-Modified": DAY}, stories([1, 2]))
    site = news(every="10m")
    assert site.gather().feeds[0].outcome == "fetched"
    assert site.gather().feeds[0].outcome == "resting"
    clock.move(minutes=9)
    site.gather()
    assert len(elsewhere.asked) == 1
    clock.move(minutes=2)
    # a 304 may bring other validators (RFC 9111 section 4.3.4)
    elsewhere.answers[FEED] = (304, {"ETag": '"two"', "Cache-Control": "max-age=3600"}, b"")
    report = site.gather()
    assert (report.feeds[0].outcome, counts(report)) == ("unchanged", {"unchanged": 2})
    asked = elsewhere.asked[1].headers
    assert (asked["If-None-Match"], asked["If-Modified-Since"]) == ('W/"one"', DAY)
    assert asked["User-Agent"].startswith("publisher/")
    assert "https://courier.example" in asked["User-Agent"]
    assert (asked["Cookie"], asked["Authorization"], asked["Referer"]) == (None, None, None)
    clock.move(minutes=50)
    site.gather()
    assert len(elsewhere.asked) == 2
    clock.move(minutes=11)
    site.gather()
    assert elsewhere.asked[2].headers["If-None-Match"] == '"two"'
    assert elsewhere.asked[2].headers["If-Modified-Since"] == DAY


def test_an_entry_that_leaves_the_feed_stays(news: Any, elsewhere: FeedServer, clock: Any) -> None:
    elsewhere.answers[FEED] = stories(range(30))
    site = news()
    site.gather()
    elsewhere.answers[FEED] = stories(range(29, 32))
    clock.move(hours=1)
    report = site.gather()
    assert (counts(report), report.kept) == ({"new": 2, "unchanged": 30}, [])
    assert {x.status for x in site.all} == {"published"}


def test_a_feed_that_fails_keeps_its_articles_and_is_asked_again_later(
    news: Any, elsewhere: FeedServer, clock: Any
) -> None:
    elsewhere.answers[FEED] = stories([1])
    site = news(every="30m")
    site.gather()
    elsewhere.answers[FEED] = (503, {"Retry-After": "7200"}, b"")
    clock.move(hours=1)
    report = site.gather()
    assert (report.feeds[0].outcome, report.incomplete, counts(report)) == ("failed", True, {"unchanged": 1})
    assert "503" in report.feeds[0].reason
    elsewhere.answers[FEED] = stories([1, 2])
    clock.move(minutes=119)
    report = site.gather()
    assert (report.feeds[0].outcome, report.incomplete) == ("resting", False)
    clock.move(minutes=1)
    assert counts(site.gather()) == {"new": 1, "unchanged": 1}


def test_what_is_gone_is_said_once_and_asked_no_more_until_the_configuration_changes(
    news: Any, elsewhere: FeedServer, clock: Any
) -> None:
    elsewhere.answers[FEED] = stories([1])
    site = news()
    site.gather()
    elsewhere.answers[FEED] = (410, {}, b"")
    clock.move(hours=1)
    report = site.gather()
    assert (report.feeds[0].outcome, report.incomplete) == ("gone", False)
    assert "410" in report.feeds[0].reason
    clock.move(days=9)
    report = site.gather()
    assert (report.feeds[0].outcome, report.feeds[0].reason) == ("gone", "")
    assert counts(report) == {"unchanged": 1}
    assert len(elsewhere.asked) == 2
    elsewhere.answers[FEED] = stories([1, 2], date="Sun, 29 Nov 2026 12:00:00 GMT")
    feed = {"feed": elsewhere.at(FEED), "allow_private": [LOOPBACK], "every": "1h"}
    site.again(sources=[{"path": "content/"}, feed])
    assert counts(site.gather()) == {"new": 1, "unchanged": 1}


def test_a_private_address_is_refused_unless_it_is_listed(news: Any, elsewhere: FeedServer) -> None:
    elsewhere.answers[FEED] = stories([1])
    site = news(allow_private=[])
    report = site.gather()
    assert "no public address" in report.feeds[0].reason
    assert (site.all, elsewhere.asked) == ([], [])


def test_a_permanent_redirect_is_remembered_and_forgotten_when_it_fails(
    news: Any, elsewhere: FeedServer, clock: Any
) -> None:
    elsewhere.answers[FEED] = (301, {"Location": "/new.xml"}, b"")
    elsewhere.answers["/new.xml"] = stories([1])
    site = news()
    site.gather()
    clock.move(hours=1)
    site.gather()
    assert elsewhere.paths() == [FEED, "/new.xml", "/new.xml"]
    del elsewhere.answers["/new.xml"]
    elsewhere.answers[FEED] = stories([1, 2])
    clock.move(hours=1)
    assert site.gather().feeds[0].outcome == "failed"
    clock.move(hours=1)
    assert counts(site.gather()) == {"new": 1, "unchanged": 1}
    assert elsewhere.paths()[3:] == ["/new.xml", FEED]


@pytest.mark.parametrize(
    "after",
    [
        {"guid": "other{}"},
        {"guid": ""},
        {"link": "http://www.elsewhere.example/{}/?utm_source=rss"},
        {"guid": "https://elsewhere.example/?p={}", "link": "https://new.example/{}"},
        {"guid": "", "link": "https://new.example/{}"},
        {"guid": "", "link": ""},
        {"date": "Sat, 21 Nov 2026 06:00:00 GMT", "guid": "again{}"},
    ],
)
def test_changed_guids_and_links_bring_nothing_again(
    after: dict[str, str], news: Any, elsewhere: FeedServer, clock: Any
) -> None:
    elsewhere.answers[FEED] = stories(range(40))
    site = news()
    site.gather()
    ids = {x.article.title: (x.article.id, x.article.published_at, x.release) for x in site.all}
    elsewhere.answers[FEED] = stories(range(40), **after)
    for _ in range(2):
        clock.move(hours=1)
        report = site.gather()
        assert (report.new, report.feeds[0].outcome) == (0, "fetched")
    assert {x.article.title: (x.article.id, x.article.published_at, x.release) for x in site.all} == ids


def test_no_flood(news: Any, elsewhere: FeedServer, clock: Any) -> None:
    """Fifteen hundred at first sight, five hundred that seem new later, and what is too old."""
    elsewhere.answers[FEED] = stories(range(1500), date="")
    site = news(max_new=20)
    report = site.gather()
    assert report.new == 20
    assert "1480 entries were left out" in report.feeds[0].reason
    # the first of the feed are the newest of it, and stay in its order
    assert [x.article.title for x in site.all][:3] == ["Story 0", "Story 1", "Story 2"]
    clock.move(hours=1)
    report = site.gather()
    assert (report.new, report.feeds[0].reason) == (0, "")
    elsewhere.answers[FEED] = stories(
        range(5000, 5500), "n{}", "https://n.example/{}", text="Quite another text, as long as the other was."
    )
    clock.move(hours=1)
    assert site.gather().new == 20
    elsewhere.answers[FEED] = stories(range(6000, 6010), date="Mon, 03 Jan 2022 12:00:00 GMT")
    clock.move(hours=1)
    report = site.gather()
    assert report.new == 0
    assert "older than 7 days" in report.feeds[0].reason


def test_a_date_that_is_missing_or_ahead_is_when_it_was_first_seen(
    news: Any, elsewhere: FeedServer, clock: Any
) -> None:
    ahead = "Fri, 01 Jan 2099 00:00:00 GMT"
    links = [f"https://elsewhere.example/{name}" for name in ("a", "b", "c")]
    dates = ["", ahead, "Thu, 01 Jan 1970 00:00:00 GMT"]
    made = [
        item(f"T{n}", link, f"g{n}", date) for n, (link, date) in enumerate(zip(links, dates, strict=True))
    ]
    elsewhere.answers[FEED] = rss(*made)
    site = news()
    first = clock.now
    site.gather()
    seen = {x.article.title: x.article.published_at for x in site.all}
    assert all(first - timedelta(seconds=5) <= at <= first for at in seen.values())
    clock.move(days=3)
    elsewhere.answers[FEED] = rss(*(each.replace("<title>", "<title>New ") for each in made))
    assert site.gather().updated == 3
    assert {f"New {title}": at for title, at in seen.items()} == {
        x.article.title: x.article.published_at for x in site.all
    }


def test_two_feeds_with_one_story_and_our_own_feed(publication: Any, elsewhere: FeedServer) -> None:
    elsewhere.answers["/a"] = rss(
        item("Once", "https://elsewhere.example/once", "a1", DAY, LONG),
        item("Elsewhere", "https://elsewhere.example/1", "https://elsewhere.example/?p=1", DAY, LONG + "!"),
    )
    elsewhere.answers["/b"] = rss(
        item("Once", "https://elsewhere.example/once?utm_source=planet", "b1", DAY, LONG),
        item("Elsewhere", "https://planet.example/1", "https://elsewhere.example/?p=1", DAY, LONG + "!"),
        item("Mine", "https://courier.example/2026/11/mine/", "m", DAY, LONG),
        item("Front", "https://courier.example", "f", DAY, LONG),
    )
    feeds = [{"feed": elsewhere.at(path), "allow_private": [LOOPBACK]} for path in ("/a", "/b")]
    site = Site(publication, sources=[{"path": "content/"}, *feeds])
    report = site.gather()
    assert titles(site) == ["Elsewhere", "Once"]
    assert "2 entries were left out: on pages of this publication" in report.feeds[1].reason


def test_another_configuration_places_all_articles_anew_and_asks_for_nothing_more(
    news: Any, elsewhere: FeedServer, clock: Any
) -> None:
    """Topics change: so do those of entries that the feed no longer has."""
    elsewhere.answers[FEED] = rss(
        item("Ferry", "https://elsewhere.example/f", "f", DAY, LONG, category="Ships"),
        item("Storm", "https://elsewhere.example/s", "s", DAY, LONG, category="Weather"),
    )
    site = news()
    site.gather()
    elsewhere.answers[FEED] = rss()
    clock.move(hours=1)
    site.gather()
    site.again(topics={"sea": ["Ships", "Weather"]})
    assert site.gather().updated == 2
    assert {x.article.topics for x in site.all} == {("sea",)}
    assert len(elsewhere.asked) == 2
    site.gather()
    assert site.gather().unchanged == 2


def test_a_feed_at_another_address_and_one_that_left_the_configuration(
    news: Any, elsewhere: FeedServer, publication: Any
) -> None:
    elsewhere.answers[FEED] = stories([1, 2, 3])
    elsewhere.answers["/moved.xml"] = stories([1, 2, 3, 4])
    site = news()
    site.gather()
    before = {x.article.id for x in site.all}
    moved = {"feed": elsewhere.at("/moved.xml"), "allow_private": [LOOPBACK]}
    site.again(sources=[{"path": "content/"}, moved])
    assert site.gather().new == 1
    assert before < {x.article.id for x in site.all}
    site.again(sources=[{"path": "content/"}])
    report = site.gather()
    assert "no longer in the configuration" in report.kept[0]
    assert len(site.all) == 4


def test_an_edited_entry_is_the_same_article(news: Any, elsewhere: FeedServer, clock: Any) -> None:
    elsewhere.answers[FEED] = stories([1, 2])
    site = news()
    site.gather()
    before = {x.article.id: x.release for x in site.all}
    elsewhere.answers[FEED] = stories(
        [1, 2], text="Corrected. " + LONG, link="https://elsewhere.example/new/{}"
    )
    clock.move(hours=1)
    assert counts(site.gather()) == {"updated": 2}
    assert {x.article.id: x.release for x in site.all} == before
    assert {x.article.url for x in site.all} == {f"https://elsewhere.example/new/{n}" for n in (1, 2)}
    assert all("Corrected" in x.article.html for x in site.all)
    clock.move(hours=1)
    assert counts(site.gather()) == {"unchanged": 2}


def test_a_gather_that_ends_too_early_loses_and_repeats_nothing(
    news: Any, elsewhere: FeedServer, clock: Any, monkeypatch: Any
) -> None:
    """What the server said is written last: an entry is never taken for one that was seen."""
    elsewhere.answers[FEED] = (200, {"ETag": '"1"'}, stories([1, 2]))
    site = news()
    with monkeypatch.context() as broken:
        broken.setattr(gathering, "remember", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            site.gather()
    assert titles(site) == ["Story 1", "Story 2"]
    assert counts(site.gather()) == {"unchanged": 2}
    assert "If-None-Match" not in elsewhere.asked[1].headers
    assert [r.number for r in site.releases()] == [1, 2]


def test_what_another_process_fetched_since_is_not_undone(
    news: Any, elsewhere: FeedServer, clock: Any
) -> None:
    elsewhere.answers[FEED] = stories([1])
    site = news()
    p = site.publisher
    slow = gathering.fetch(p.store, p.config, p.clock())
    elsewhere.answers[FEED] = stories([1], text="Corrected. " + LONG)
    clock.move(seconds=5)
    site.gather()
    assert counts(site.gather(fetches=slow)) == {"unchanged": 1}
    assert "Corrected" in site.all[0].article.html


def test_a_feed_that_hangs_holds_nothing_up(news: Any, elsewhere: FeedServer, monkeypatch: Any) -> None:
    """The others are read, the store stays free, and the time for all of them is bounded."""
    over = threading.Event()
    elsewhere.answers[FEED] = lambda handler: over.wait(20)
    monkeypatch.setattr(fetching, "_LEAST", 0.1)
    site = news()
    site.write("a.md", "---\ntitle: A\ndate: 2026-11-20\n---\nText.\n")
    p = site.publisher
    began = time.monotonic()
    fetches = gathering.fetch(p.store, p.config, p.clock(), seconds=0.6)
    report = site.gather(fetches=fetches)
    over.set()
    assert time.monotonic() - began < 5
    assert titles(site) == ["A"]
    assert report.feeds[0].outcome in ("late", "failed")
