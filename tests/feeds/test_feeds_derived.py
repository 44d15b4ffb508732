"""Feeds of topics and authors, their names and titles; and what corrections say."""

from __future__ import annotations

from datetime import timedelta

import feedparser
import pytest
from feed_samples import COURIER, NOON, article, documents
from hypothesis import given
from hypothesis import strategies as st

from publisher import feeds
from publisher.config.public import Feed
from publisher.feeds import derived
from publisher.model.articles import Author
from publisher.model.naming import name_of, slug_of


@given(st.text())
def test_a_slug_is_a_name_in_a_path(name: str) -> None:
    slug = slug_of(name)
    assert slug
    assert slug == slug_of(slug) == slug_of(f" {name} ")
    assert not set(slug) & set("/\\.?#% \0")
    assert len(slug.encode()) <= 240


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Donna Teetree", "donna-teetree"),
        ("J. P. O’Brien", "j-p-obrien"),
        ("j p o'brien", "j-p-obrien"),
        ("Zoë Müller", "zoë-müller"),
        ("王小明", "王小明"),
        ("★", "26c57b085498"),
    ],
)
def test_slugs_of_people(name: str, slug: str) -> None:
    assert slug_of(name) == slug


def test_the_most_common_spelling_is_the_name() -> None:
    assert name_of("u-s", ["U.S.", "u.s.", "U.S."]) == "U.S."
    assert name_of("u-s", ["b", "a"]) == "a"
    assert name_of("harbour-life", []) == "Harbour Life"


def test_an_article_is_in_the_feeds_of_its_topics_and_authors() -> None:
    story = article(authors=(Author("J. Smith"), Author("J Smith"), Author(" ")))
    assert list(derived.names(story, ["topic", "author"])) == [
        "topics/news",
        "topics/harbour-life",
        "authors/j-smith",
    ]
    assert list(derived.names(story, [])) == []
    assert derived.title("authors/j-smith", [story, article()], grouped=False) == "J Smith"
    assert derived.title("topics/harbour-life", [story], grouped=False) == "Harbour Life"
    assert derived.title("topics/world-news", [story], grouped=True) == "World News"


def test_a_derived_feed_is_set_up_as_the_main_one() -> None:
    main = Feed(entries=7, content="summary", formats=["atom"], history=True, title="All news")
    feed = derived.feed(main, COURIER, "Harbour Life")
    assert (feed.entries, feed.content, feed.formats, feed.history) == (7, "summary", ["atom"], False)
    piece = feeds.piece(article(), COURIER, content=feed.content)
    (document,) = feeds.documents("topics/harbour-life", feed, COURIER, [piece])
    assert document.path == "topics/harbour-life/atom.xml"
    parsed = feedparser.parse(document.body)
    assert parsed.feed.title == "Harbour Life – All news"
    assert parsed.feed.link == "https://courier.example/topics/harbour-life/"
    (document,) = feeds.documents("authors/王小明", feed, COURIER, [piece])
    assert document.path == "authors/王小明/atom.xml"
    parsed = feedparser.parse(document.body)
    encoded = "https://courier.example/authors/%E7%8E%8B%E5%B0%8F%E6%98%8E/"
    assert parsed.feed.id == parsed.feed.links[0].href == f"{encoded}atom.xml"
    assert parsed.feed.link == encoded


@pytest.mark.parametrize(
    ("language", "says"),
    [
        ("en", "Corrected on 23 November 2026:"),
        ("de-AT", "Korrigiert am 23. November 2026:"),
        ("pt", "Corrected on 23 November 2026:"),
    ],
)
def test_a_correction_stands_at_the_head(language: str, says: str) -> None:
    story = article(
        correction="Not < 40 m.", language=language, updated_at=NOON + timedelta(days=2), revision=2
    )
    full, short = documents(story), documents(story, content="summary")
    for path in ("feed.xml", "atom.xml"):
        (entry,) = feedparser.parse(full[path]).entries
        assert entry.content[0].value.startswith(f"<p><strong>{says}</strong> Not &lt; 40 m.</p>\n<p>Full")
        assert entry.summary.startswith("Ships")
        (entry,) = feedparser.parse(short[path]).entries
        assert entry.summary.startswith(f"{says} Not ")
    undated = article(correction="Not so.", language=language)
    assert b"23 " not in b"".join(documents(undated).values())
    assert b"Not so." in documents(undated)["feed.json"]
