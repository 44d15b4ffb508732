"""Pieces joined are, byte for byte, what feedgen and the standard `json` write for the whole feed."""

from __future__ import annotations

import time
from datetime import timedelta

import feedgen_whole
import pytest
from feed_samples import COURIER, NOON, PICTURED, SIZES, article
from hypothesis import given, settings
from hypothesis import strategies as st
from test_feeds_laws import ANY

from publisher import feeds
from publisher.config.public import Feed
from publisher.feeds.channels import channel
from publisher.feeds.entries import entry
from publisher.languages import Phrasebooks, correction_heading
from publisher.model.articles import Article, Asset, Author, Picture

WHOLE = {"rss": feedgen_whole.rss, "atom": feedgen_whole.atom, "json": feedgen_whole.json_feed}


def whole(name: str, feed: Feed, articles: list[Article], sizes: dict[str, int]) -> dict[str, bytes]:
    heading, words = correction_heading, Phrasebooks()
    entries = [
        entry(a, feed.content, COURIER, sizes, heading(a, COURIER, words))
        for a in feeds.select(feed, articles)
    ]
    head = channel(name, feed, COURIER, max(e.updated for e in entries))
    return {path: WHOLE[kind](head, entries, path) for kind, path in feeds.paths(name, feed).items()}


texts = st.sampled_from(
    ["", " ", "Tide & <b>time</b>", "a \"b\" 'c'", "]]>", "\r\n\t x  y", "é\u2028\x85\x7f"]
)
any_text = texts | ANY


@st.composite
def wild(draw: st.DrawFn) -> Article:
    later = timedelta(seconds=draw(st.integers(0, 10**9)), microseconds=draw(st.integers(0, 9)))
    url = draw(any_text)
    return Article(
        id=draw(st.just(url) | any_text),
        path="a.md",
        slug="a",
        url=url,
        title=draw(any_text),
        summary=draw(any_text),
        html=draw(any_text) + draw(any_text),
        published_at=NOON + timedelta(days=draw(st.integers(-(10**5), 10**5))),
        updated_at=NOON + later,
        authors=tuple(Author(name) for name in draw(st.lists(any_text, max_size=3))),
        labels=tuple(draw(st.lists(any_text, max_size=3))),
        picture=Picture(draw(any_text) + draw(st.sampled_from(["/a.png", ".mp3", ""])), draw(any_text), "c"),
        assets=(Asset("a.mp3", draw(any_text) + "/talk.mp3"),),
        language=draw(st.sampled_from(["", "en", "pt-BR", "no tag"])),
        correction=draw(st.just("") | any_text),
    )


@pytest.mark.usefixtures("wild_input")
@given(st.lists(wild(), min_size=1, max_size=3), st.sampled_from(["full", "summary"]), st.booleans())
@settings(max_examples=150, deadline=None)
def test_joined_is_what_feedgen_writes(articles: list[Article], content: str, sized: bool) -> None:
    feed = Feed.model_validate({"content": content})
    urls = [(a.picture.url if a.picture else "", a.assets[0].url) for a in articles]
    sizes = {url: len(url) for pair in urls for url in pair} if sized else {}
    made = feeds.render("main", feed, COURIER, articles, sizes)
    assert {d.path: d.body for d in made} == whole("main", feed, articles, sizes)


def test_a_piece_goes_into_any_feed() -> None:
    """One serialisation serves every named, derived and archive document that carries the article."""
    stories = [PICTURED, article(2, language="pt-BR"), article(3, authors=())]
    pieces = [feeds.piece(a, COURIER, sizes=SIZES) for a in stories]
    for name in ("main", "sport", "topics/news", "authors/donna-teetree"):
        feed = Feed(title=name)
        documents = feeds.documents(name, feed, COURIER, feeds.newest(pieces))
        assert {d.path: d.body for d in documents} == whole(name, feed, stories, SIZES)


def test_a_piece_takes_a_small_part_of_feedgen_s_time() -> None:
    """The ratio holds on a busy machine too; both serialise the same articles in turns."""
    html = (
        '<p>Ships <a href="https://x.example/a">wait</a> &amp; see é in the harbour, “day” after day.</p>\n'
        * 80
    )
    stories, feed = [article(n, html=html) for n in range(1, 51)], Feed()
    spent = [0.0, 0.0]
    for _ in range(3):
        start = time.process_time()
        whole("main", feed, stories, {})
        middle = time.process_time()
        for story in stories:
            feeds.piece(story, COURIER)
        spent = [spent[0] + middle - start, spent[1] + time.process_time() - middle]
    assert spent[1] < spent[0] / 2, spent
