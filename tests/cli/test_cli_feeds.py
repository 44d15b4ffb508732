"""Remote feeds at the command line: what one is told of them, and where their articles go."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from feed_server import FeedServer, feed_server, item, rss

CONFIG = """\
publication: {{title: The Courier, url: "https://courier.example", postal_address: 1 Quay}}
sources:
  - path: content/
  - feed: {feed}
    allow_private: [127.0.0.1]
newsletters:
  daily: {{from: "The Courier <daily@courier.example>"}}
"""
PAGE = "https://elsewhere.example/2026/wall/"


@pytest.fixture
def elsewhere() -> Iterator[FeedServer]:
    with feed_server() as server:
        yield server


def test_a_feed_from_gather_to_mail(site: Any, elsewhere: FeedServer) -> None:
    name = f"127.0.0.1:{elsewhere.port}/feed.xml"
    (site.folder / "config.yaml").write_text(CONFIG.format(feed=elsewhere.at("/feed.xml")))
    text = "&lt;p&gt;It is being raised by a metre.&lt;/p&gt;"
    elsewhere.answers["/feed.xml"] = rss(item("The wall", PAGE, "w", text=text, category="Walls"))
    assert f"{name}: was never asked yet" in site("check").out
    gathered = site("gather", "--json")
    assert (gathered.code, gathered.json["new"], gathered.json["feeds"]["fetched"]) == (0, 2, 1)
    assert (site("gather").code, len(elsewhere.asked)) == (0, 1)
    assert site("gather", "--fetch", "--json").json["feeds"]["fetched"] == 1
    assert len(elsewhere.asked) == 2
    (article,) = site("articles", "--topic", "walls", "--json").json
    assert (article["url"], article["status"]) == (PAGE, "published")

    site("build")
    public = site.folder / "public"
    assert PAGE in (public / "feed.xml").read_text()
    assert PAGE in (public / "index.html").read_text()
    # no page of its own is written here
    assert not [f for f in public.rglob("*") if "wall" in f.as_posix() and "topics" not in f.parts]
    # the mail links to where the page is
    assert site("check").code == 0
    site("subscribers", "add", "bo@example.org", "--newsletter", "daily")
    cut = site("cut", "daily", "--now", "--json").json
    assert article["id"] in cut["articles"]
    shown = site("preview", cut["edition"], "--html", "mail.html")
    assert shown.code == 0
    assert f'href="{PAGE}"' in (site.folder / "mail.html").read_text()

    elsewhere.answers["/feed.xml"] = (404, {}, b"")
    failed = site("gather", "--fetch")
    assert failed.code == 1
    assert f"{name}: there is nothing (404)" in failed.err
    assert site("gather").code == 0
    assert f"The feed {name} cannot be had since" in site("status").err
    assert "there is nothing (404)" in site("check").out
    elsewhere.answers["/feed.xml"] = (410, {}, b"")
    assert "gone for good (410)" in site("gather", "--fetch").err
    assert site("gather", "--fetch", "--json").json["feeds"]["gone"] == 1
    assert len(elsewhere.asked) == 4
