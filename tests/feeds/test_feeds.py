"""Feeds as readers see them: feedparser for RSS and Atom, `json` for JSON Feed."""

from __future__ import annotations

import json
from calendar import timegm
from datetime import UTC, datetime, timedelta
from time import struct_time

import feedparser
import pytest
from feed_samples import ATOM, MEDIA, NOON, PICTURED, SIZES, article, assert_valid_atom, documents
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree


def moment(parsed: struct_time) -> datetime:
    return datetime.fromtimestamp(timegm(parsed), UTC)


def test_every_reader_gets_title_link_id_and_dates() -> None:
    stories = [article(n, updated_at=NOON + timedelta(days=3, hours=n)) for n in range(1, 8)]
    made = documents(*stories)
    assert list(made) == ["feed.xml", "atom.xml", "feed.json"]
    expected = [
        (s.id, s.url, s.title, s.published_at, s.updated_at)
        for s in sorted(stories, key=lambda s: -int(s.path[0]))
    ]
    rss, atom, items = (
        feedparser.parse(made["feed.xml"]),
        feedparser.parse(made["atom.xml"]),
        json.loads(made["feed.json"])["items"],
    )
    assert not rss.bozo
    assert not atom.bozo
    assert [(e.id, e.link, e.title, moment(e.published_parsed)) for e in rss.entries] == [
        e[:4] for e in expected
    ]
    assert [
        (e.id, e.link, e.title, moment(e.published_parsed), moment(e.updated_parsed)) for e in atom.entries
    ] == expected
    assert [
        (
            i["id"],
            i["url"],
            i["title"],
            datetime.fromisoformat(i["date_published"]),
            datetime.fromisoformat(i["date_modified"]),
        )
        for i in items
    ] == expected


def test_text_survives_each_format_once() -> None:
    made = documents(article())
    rss, atom = (feedparser.parse(made[p]).entries[0] for p in ("feed.xml", "atom.xml"))
    item = json.loads(made["feed.json"])["items"][0]
    body = "<p>Full <b>text</b> &amp; more.</p>"
    assert rss.content[0].value == atom.content[0].value == item["content_html"] == body
    assert atom.content[0].type == "text/html"
    assert rss.summary == "Ships &lt; 40 m &amp; boats wait."
    assert atom.summary_detail.type == "text/plain"
    assert atom.summary == item["summary"] == "Ships < 40 m & boats wait."
    assert rss.author == atom.author == item["authors"][0]["name"] == "Donna Teetree"
    assert (
        [t.term for t in rss.tags] == [t.term for t in atom.tags] == item["tags"] == ["News", "Harbour Life"]
    )
    assert b"<author>" not in made["feed.xml"]
    assert b'<guid isPermaLink="false">urn:uuid:' in made["feed.xml"]


def test_the_feed_names_itself_and_when_it_changed() -> None:
    made = documents(article(1), article(2, updated_at=NOON + timedelta(days=9)), title="All news")
    rss, atom, document = (
        feedparser.parse(made["feed.xml"]).feed,
        feedparser.parse(made["atom.xml"]).feed,
        json.loads(made["feed.json"]),
    )
    assert rss.title == atom.title == document["title"] == "All news"
    assert rss.subtitle == atom.subtitle == document["description"] == "News & tides"
    assert rss.link == atom.link == document["home_page_url"] == "https://courier.example/"
    assert moment(rss.updated_parsed) == moment(atom.updated_parsed) == NOON + timedelta(days=9)
    assert rss.language == atom.language == document["language"] == "en"
    assert document["version"] == "https://jsonfeed.org/version/1.1"
    assert document["feed_url"] == "https://courier.example/feed.json"
    for feed, address in ((rss, "feed.xml"), (atom, "atom.xml")):
        links = [link.href for link in feed.links if link.rel == "self"]
        assert links == [f"https://courier.example/{address}"]
    assert atom.id == "https://courier.example/atom.xml"


def test_an_empty_feed_is_valid_and_undated() -> None:
    made = documents(name="quiet", formats=["json", "atom", "rss"])
    assert list(made) == ["feeds/quiet.xml", "feeds/quiet.atom", "feeds/quiet.json"]
    assert_valid_atom(made["feeds/quiet.atom"])
    for path in ("feeds/quiet.xml", "feeds/quiet.atom"):
        assert moment(feedparser.parse(made[path]).feed.updated_parsed) == datetime(1970, 1, 1, tzinfo=UTC)
    assert json.loads(made["feeds/quiet.json"])["items"] == []


def test_formats_are_the_ones_asked_for() -> None:
    assert list(documents(article(), formats=["json"])) == ["feed.json"]


@pytest.mark.parametrize(
    ("topics", "found"),
    [
        ("all", [3, 2, 1]),
        (["news"], [3, 1]),
        (["Harbour Life"], [2, 1]),
        (["harbour_life", "NEWS"], [3, 2, 1]),
        (["sport"], []),
    ],
)
def test_topics_select(topics: object, found: list[int]) -> None:
    stories = [
        article(1),
        article(2, topics=("harbour-life",), labels=()),
        article(3, topics=(), labels=("News",)),
    ]
    items = json.loads(documents(*stories, topics=topics)["feed.json"])["items"]
    assert [int(item["id"][-1]) for item in items] == found


@given(st.permutations(range(1, 9)))
@settings(max_examples=20, deadline=None)
def test_order_of_the_input_does_not_matter(order: list[int]) -> None:
    """Equal dates are ordered by id, and `entries` cuts after ordering."""
    stories = {n: article(n, published_at=NOON + timedelta(hours=n // 4), updated_at=NOON) for n in order}
    made = documents(*stories.values(), entries=6)
    items = json.loads(made["feed.json"])["items"]
    assert [int(item["id"][-1]) for item in items] == [8, 4, 5, 6, 7, 1]


def test_lead_picture_and_enclosures() -> None:
    made = documents(PICTURED, sizes=SIZES)
    assert_valid_atom(made["atom.xml"])
    for path, entry in (("feed.xml", "channel/item"), ("atom.xml", f"{ATOM}entry")):
        picture = etree.fromstring(made[path]).find(f"{entry}/{MEDIA}content")
        assert dict(picture.attrib) == {"url": PICTURED.picture.url, "medium": "image", "type": "image/jpeg"}
        texts = {child.tag.removeprefix(MEDIA): child.text for child in picture}
        assert texts == {"title": "The old quay", "description": "A quay at dawn", "credit": "A. Smit"}
    item = json.loads(made["feed.json"])["items"][0]
    assert item["image"] == PICTURED.picture.url
    files = [("audio/mpeg", SIZES[PICTURED.assets[1].url]), ("image/jpeg", SIZES[PICTURED.assets[0].url])]
    assert [(a["mime_type"], a["size_in_bytes"]) for a in item["attachments"]] == files
    for path, count in (("feed.xml", 1), ("atom.xml", 2)):
        enclosures = feedparser.parse(made[path]).entries[0].enclosures
        assert [(e.type, int(e.length)) for e in enclosures] == files[:count]


def test_a_picture_elsewhere_is_shown_but_not_enclosed() -> None:
    made = documents(PICTURED)
    for path in ("feed.xml", "atom.xml"):
        entry = feedparser.parse(made[path]).entries[0]
        assert entry.media_content[0]["url"] == PICTURED.picture.url
        assert not entry.enclosures
    assert "attachments" not in json.loads(made["feed.json"])["items"][0]


def test_summaries_only() -> None:
    made = documents(article(), content="summary")
    assert b"Full" not in b"".join(made.values())
    assert_valid_atom(made["atom.xml"])
    assert json.loads(made["feed.json"])["items"][0]["content_text"] == "Ships < 40 m & boats wait."
    assert feedparser.parse(made["feed.xml"]).entries[0].summary.startswith("Ships")


@pytest.mark.usefixtures("wild_input")
def test_what_is_missing_has_a_stand_in() -> None:
    bare = article(id="17", title=" \n", summary="", html="", authors=(), labels=(), language="pt-BR")
    made = documents(bare)
    assert_valid_atom(made["atom.xml"])
    atom, rss = (feedparser.parse(made[p]).entries[0] for p in ("atom.xml", "feed.xml"))
    assert atom.author == "The Harbour Courier"
    assert atom.title == rss.title == bare.url
    assert atom.id.startswith("urn:uuid:")
    assert rss.id == json.loads(made["feed.json"])["items"][0]["id"] == "17"
    assert (
        etree.fromstring(made["atom.xml"])
        .find(f"{ATOM}entry")
        .get("{http://www.w3.org/XML/1998/namespace}lang")
        == "pt-BR"
    )
