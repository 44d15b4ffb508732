"""Web pages: whole, quiet documents that say what an article says and nothing that it could make them say."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import html as parser

from publisher.config.public import Look, Publication
from publisher.model.articles import Article, Author, Picture
from publisher.rendering import pages
from publisher.rendering.environment import Templates, builtin
from publisher.rendering.pages.paging import Stretch

TEMPLATES = Templates((builtin(),))
PUBLICATION = Publication(
    title="The Harbour Courier",
    url="https://courier.example",
    description="News and tides",
    language="en-GB",
    timezone="Europe/London",
    postal_address="3 Custom House Quay\nMerrow Haven",
)
FEED = "https://courier.example/feed"
SITE = pages.Site(
    publication=PUBLICATION,
    look=Look(),
    logo_url="https://courier.example/logo.png",
    css_url="https://courier.example/site.css",
    feeds=(
        pages.FeedLink("The Harbour Courier", "application/rss+xml", f"{FEED}.xml"),
        pages.FeedLink("The Harbour Courier", "application/feed+json", f"{FEED}.json"),
    ),
    newsletters=(
        pages.NewsletterLink("Daily Briefing", "At seven", "https://courier.example/archive/daily/"),
    ),
    index_url="https://courier.example/",
)
ARTICLE = Article(
    id="urn:1",
    path="a.md",
    slug="jib",
    url="https://courier.example/2026/11/jib/",
    title="The last lift",
    summary="Sixty-one years, and one more.",
    html="<p>It took eleven hours.</p><h2>Why now</h2><p>Two bolts are gone.</p>",
    published_at=datetime(2026, 11, 21, 7, 10, tzinfo=UTC),
    updated_at=datetime(2026, 11, 21, 7, 10, tzinfo=UTC),
    authors=(Author("Ines Carvalho", "Harbour Correspondent"),),
    labels=("News", "Harbour"),
    picture=Picture("https://courier.example/2026/11/jib/crane.jpg", "A crane.", "At dawn.", "Tomas Wren"),
)
VOID = {"area", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"}
WORDS = st.text(st.characters(exclude_categories=("Cc", "Cs", "Co")), max_size=40)


def every_page(site: pages.Site, article: Article) -> dict[str, str]:
    frame = pages.Frame(TEMPLATES, site)
    entry = pages.ArchiveEntry(12, article.title, article.published_at, "https://courier.example/a/12/", 3)
    topic = pages.Collection("topic", article.title, "topics/tides/", 2)
    author = pages.Collection("author", article.title, "authors/ines/", 2, note=article.title)
    month, lines = pages.month(frame, 2026, 11, 2), [pages.line(frame, article)] * 2
    return {
        "index": pages.index(frame, [article, replace(article, id="2", picture=None)]),
        "empty index": pages.index(frame, []),
        "article": pages.article(frame, article, article, article),
        "withdrawn": pages.withdrawn(frame, article),
        "topic": pages.collection(frame, topic, Stretch(0, 0, 2, None, 1), lines),
        "topic, older": pages.collection(frame, topic, Stretch(1, 0, 2, 0, None), lines),
        "empty topic": pages.collection(frame, topic, Stretch(0, 0, 0), []),
        "author": pages.collection(frame, author, Stretch(3, 0, 2, 4, 2), lines),
        "month": pages.collection(frame, month, Stretch(0, 0, 2), lines),
        "topics": pages.topics(frame, [topic, replace(topic, name="Harbour", path="topics/harbour/")]),
        "empty topics": pages.topics(frame, []),
        "authors": pages.authors(frame, [author]),
        "empty authors": pages.authors(frame, []),
        "months": pages.months(frame, [month]),
        "empty months": pages.months(frame, []),
        "search": pages.search(frame, [topic]),
        "empty search": pages.search(frame, []),
        "archive": pages.archive(frame, "Daily Briefing", [entry]),
        "empty archive": pages.archive(frame, "Daily Briefing", []),
        "unsubscribe": pages.ask_unsubscribe(frame, "Daily Briefing", "/unsubscribe/T0"),
        "unsubscribed": pages.unsubscribed(frame, "Daily Briefing", {}),
        "not found": pages.not_found(frame),
        "expired": pages.expired_link(frame),
    }


PAGES = every_page(SITE, ARTICLE)
BARE = replace(SITE, publication=Publication(), logo_url="", feeds=(), newsletters=())
BARE_PAGES = every_page(BARE, replace(ARTICLE, authors=(), labels=(), picture=None, summary=""))


class Balance(HTMLParser):
    """Fails when an element is closed that is not open, or left open."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"<{tag}> has an attribute twice"
        self.tags.append(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open
        assert self.open.pop() == tag


def one(text: str, path: str) -> Any:
    found = parser.document_fromstring(text).xpath(path)
    assert len(found) == 1, (path, found)
    return found[0]


@pytest.mark.parametrize(
    "text", [*PAGES.values(), *BARE_PAGES.values()], ids=[*PAGES, *(f"bare {n}" for n in PAGES)]
)
def test_every_page_is_whole(text: str) -> None:
    Balance(text)
    root = parser.document_fromstring(text)
    assert text.startswith("<!doctype html>")
    assert root.get("lang") in ("en-GB", "en")
    assert root.get("dir") == "ltr"
    assert (
        len(root.xpath("//title[normalize-space()]"))
        == len(root.xpath("//h1"))
        == len(root.xpath("//main"))
        == 1
    )
    assert root.xpath("//a[@class='skip']/@href") == ["#" + root.xpath("//main/@id")[0]]
    ids = root.xpath("//@id")
    assert len(ids) == len(set(ids))
    assert all(image.get("alt") is not None for image in root.iter("img"))
    levels = [int(h.tag[1]) for h in root.iter("h1", "h2", "h3", "h4")]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert all(link.text_content().strip() or link.get("aria-hidden") for link in root.iter("a"))
    assert not root.xpath("//*[@style]|//*[starts-with(name(@*), 'on')]")


@pytest.mark.parametrize("text", PAGES.values(), ids=PAGES)
def test_a_page_asks_nobody_else_for_anything(text: str) -> None:
    root = parser.document_fromstring(text)
    asked = root.xpath(
        "//@src|//@srcset|//@poster|//link[@rel='stylesheet' or @rel='icon' or @rel='preload']/@href"
    )
    assert asked
    scripts = root.xpath("//script/@src")
    assert all(url.startswith("https://courier.example/") for url in asked if url not in scripts)
    # the search is the only page with a script that runs
    assert scripts == (["/assets/search.js"] if "<h1>Search</h1>" in text else [])
    assert {s.get("type") for s in root.iter("script") if not s.get("src")} <= {"application/ld+json"}
    assert not root.xpath("//iframe|//object|//embed|//style|//meta[@http-equiv]")


def test_an_article_says_everything_once() -> None:
    text = PAGES["article"]
    assert one(text, "//h1").text_content() == ARTICLE.title
    assert one(text, "//p[@class='standfirst']").text_content() == ARTICLE.summary
    byline = " ".join(one(text, "//p[@class='byline']").text_content().split())
    assert byline == "Ines Carvalho, Harbour Correspondent Saturday 21 November 2026, 07:10"
    assert one(text, "//time").get("datetime") == "2026-11-21T07:10:00+00:00"
    assert one(text, "//figure/img").get("alt") == "A crane."
    assert one(text, "//figcaption").text_content() == "At dawn. Tomas Wren"
    assert [
        e.text_content() for e in parser.document_fromstring(text).xpath("//ul[@aria-label='Filed under']/li")
    ] == [
        "News",
        "Harbour",
    ]
    assert {a.get("rel") for a in one(text, "//nav[@aria-label='More articles']")} == {"next", "prev"}


def test_an_article_is_found_and_shared() -> None:
    root = parser.document_fromstring(PAGES["article"])
    meta = {m.get("property") or m.get("name"): m.get("content") for m in root.iter("meta")}
    assert meta["og:type"] == "article"
    assert meta["og:title"] == ARTICLE.title
    assert meta["og:description"] == meta["description"] == ARTICLE.summary
    assert meta["og:url"] == root.xpath("//link[@rel='canonical']/@href")[0] == ARTICLE.url
    assert meta["og:image"] == ARTICLE.picture.url if ARTICLE.picture else False
    assert meta["og:image:alt"] == "A crane."
    assert meta["og:site_name"] == PUBLICATION.title
    assert meta["article:published_time"] == "2026-11-21T07:10:00+00:00"
    assert meta["twitter:card"] == "summary_large_image"
    assert "robots" not in meta
    data = json.loads(root.xpath("//script")[0].text)
    assert data["@type"] == "NewsArticle"
    assert data["headline"] == ARTICLE.title
    assert data["author"] == [
        {
            "@type": "Person",
            "name": "Ines Carvalho",
            "url": "https://courier.example/authors/ines-carvalho/",
            "jobTitle": "Harbour Correspondent",
        }
    ]


@pytest.mark.parametrize("text", PAGES.values(), ids=PAGES)
def test_every_page_leads_to_every_feed(text: str) -> None:
    found = parser.document_fromstring(text).xpath("//link[@rel='alternate']")
    assert [(link.get("type"), link.get("href")) for link in found] == [
        (f.media_type, f.url) for f in SITE.feeds
    ]


@settings(max_examples=30, deadline=None)
@given(WORDS, WORDS, WORDS)
def test_what_an_article_holds_is_text_and_nothing_else(one_word: str, other: str, third: str) -> None:
    """Whatever stands in it, the page has the same elements, and reads back the same words."""
    breakout = """</title></script><script>alert(1)</script>"'><img src=x onerror=y>"""
    nasty = f"{one_word}{breakout}{{{{ {other} }}}}{third}"
    article = replace(
        ARTICLE,
        title=nasty,
        summary=nasty,
        authors=(Author(nasty, nasty),),
        labels=(nasty, nasty),
        picture=Picture(nasty, nasty, nasty, nasty),
        correction=nasty,
        url=nasty,
    )
    harmless = replace(ARTICLE, correction="A word.")
    publication = PUBLICATION.model_copy(
        update={"title": nasty, "description": nasty, "postal_address": nasty}
    )
    site = replace(SITE, publication=publication, feeds=(pages.FeedLink(nasty, nasty, nasty),) * 2)
    calm = every_page(replace(SITE, feeds=SITE.feeds[:1] * 2), harmless)
    for name, text in every_page(site, article).items():
        assert Balance(text).tags == Balance(calm[name]).tags, name
    page = pages.article(pages.Frame(TEMPLATES, SITE), article, None, None)
    assert one(page, "//h1").text_content().split() == nasty.split()
    assert one(page, "//meta[@property='og:title']").get("content").split() == nasty.split()
    assert json.loads(one(page, "//script").text)["headline"] == nasty


def days(text: str) -> Iterator[tuple[str, list[str]]]:
    for section in parser.document_fromstring(text).xpath("//section"):
        titles = [" ".join(h.text_content().split()) for h in section.iter("h3")]
        yield section.find("h2").text_content().strip(), titles


def test_the_front_page_goes_back_day_by_day_in_the_publications_zone() -> None:
    late = datetime(2026, 6, 30, 23, 30, tzinfo=UTC)
    articles = [
        replace(ARTICLE, id=name, title=name, published_at=at)
        for name, at in [
            ("noon", late - timedelta(hours=11)),
            ("after midnight in London", late),
            ("breakfast", late + timedelta(hours=8)),
            ("breakfast too", late + timedelta(hours=8)),
        ]
    ]
    text = pages.index(pages.Frame(TEMPLATES, SITE), articles)
    assert list(days(text)) == [
        ("Wednesday 1 July 2026", ["breakfast too", "breakfast", "after midnight in London"]),
        ("Tuesday 30 June 2026", ["noon"]),
    ]
    assert one(text, "//article[@class='lead']//h3").text_content().strip() == "breakfast too"
    assert pages.index(pages.Frame(TEMPLATES, SITE), articles[::-1]) == text


@pytest.mark.parametrize(
    ("body", "summary", "said"),
    [
        ("<p>It took <em>eleven</em>\nhours, and a hat.</p>", "It took eleven hours…", False),
        ("<h2>Why</h2><p>It took eleven hours.</p>", "it took eleven hours.", False),
        ("<p>It took eleven hours.</p>", "A crane comes down.", True),
        ("", "A crane comes down.", True),
        ("<p>Text.</p>", "", False),
    ],
)
def test_the_standfirst_never_repeats_the_text(body: str, summary: str, said: bool) -> None:
    text = pages.article(
        pages.Frame(TEMPLATES, SITE), replace(ARTICLE, html=body, summary=summary), None, None
    )
    assert ("standfirst" in text) is said


def test_a_lead_picture_that_stands_in_the_text_is_not_shown_twice() -> None:
    picture = Picture("https://courier.example/a.jpg?w=1&h=2", "A crane.")
    body = '<p><img src="https://courier.example/a.jpg?w=1&amp;h=2" alt="A crane."></p>'
    text = pages.article(
        pages.Frame(TEMPLATES, SITE), replace(ARTICLE, html=body, picture=picture), None, None
    )
    assert one(text, "//article//img").get("src") == picture.url
    assert one(text, "//meta[@property='og:image']").get("content") == picture.url


def test_dates_without_an_hour_and_later_changes() -> None:
    midnight = datetime(2026, 6, 30, 23, 0, tzinfo=UTC)
    article = replace(ARTICLE, published_at=midnight, updated_at=midnight + timedelta(hours=9))
    byline = " ".join(
        one(pages.article(pages.Frame(TEMPLATES, SITE), article, None, None), "//p[@class='byline']")
        .text_content()
        .split()
    )
    assert byline.endswith("Wednesday 1 July 2026 Updated Wednesday 1 July 2026, 09:00")
    same_minute = replace(article, updated_at=midnight + timedelta(seconds=20))
    assert "Updated" not in pages.article(pages.Frame(TEMPLATES, SITE), same_minute, None, None)


def test_a_correction_is_said_at_the_top() -> None:
    text = pages.article(
        pages.Frame(TEMPLATES, SITE), replace(ARTICLE, correction="Eight bolts, not six."), None, None
    )
    first = one(text, "//div[@class='prose']")[0]
    assert "Eight bolts, not six." in first.text_content()


def test_languages_and_their_direction() -> None:
    hebrew = replace(ARTICLE, language="he")
    inside = one(pages.article(pages.Frame(TEMPLATES, SITE), hebrew, None, None), "//article")
    assert (inside.get("lang"), inside.get("dir")) == ("he", "rtl")
    assert one(pages.index(pages.Frame(TEMPLATES, SITE), [hebrew]), "//article").get("dir") == "rtl"
    farsi = replace(SITE, publication=PUBLICATION.model_copy(update={"language": "fa"}))
    for text in every_page(farsi, ARTICLE).values():
        root = parser.document_fromstring(text)
        assert (root.get("lang"), root.get("dir")) == ("fa", "rtl")


def test_leaving_is_one_question_and_a_button_that_says_what_it_does() -> None:
    text = PAGES["unsubscribe"]
    form = one(text, "//form")
    assert (form.get("method"), form.get("action")) == ("post", "/unsubscribe/T0")
    stop, feed = parser.document_fromstring(text).xpath("//button")
    assert (stop.text_content(), stop.get("name")) == ("Stop the Daily Briefing", None)
    assert (feed.text_content(), feed.get("name")) == ("Switch to a feed", "feed")
    assert not parser.document_fromstring(text).xpath(
        "//script|//input|//select|//a[contains(@href, '/unsubscribe')]"
    )
    assert "Stop Our Week" in pages.ask_unsubscribe(pages.Frame(TEMPLATES, SITE), "Our Week", "/u")
    assert not [
        name
        for name, page in PAGES.items()
        if "<form" in page and "search" not in name and name != "unsubscribe"
    ]


@pytest.mark.parametrize("name", ["withdrawn", "unsubscribe", "unsubscribed", "not found", "expired"])
def test_pages_with_a_token_stay_out_of_indexes_and_referrers(name: str) -> None:
    meta = {m.get("name"): m.get("content") for m in parser.document_fromstring(PAGES[name]).iter("meta")}
    assert (meta["robots"], meta["referrer"]) == ("noindex", "no-referrer")


def test_the_archive_lists_editions_newest_first() -> None:
    entries = [
        pages.ArchiveEntry(
            n, f"Subject {n}", datetime(2026, 10, 30, 7, tzinfo=UTC) + timedelta(days=n), f"/{n}/", n
        )
        for n in (1, 3, 2)
    ]
    text = pages.archive(pages.Frame(TEMPLATES, SITE), "Daily Briefing", entries)
    root = parser.document_fromstring(text)
    assert [a.get("href") for a in root.xpath("//main//li/a")] == ["/3/", "/2/", "/1/"]
    assert [h.text_content() for h in root.xpath("//main//h2")] == ["November 2026", "October 2026"]
    words = " ".join(root.xpath("//main")[0].text_content().split())
    assert "No. 1 Saturday 31 October 2026 1 article" in words
    assert "3 articles" in words


def test_a_page_is_small() -> None:
    css = pages.stylesheet(TEMPLATES, Look())
    many = [
        replace(ARTICLE, id=str(n), published_at=ARTICLE.published_at - timedelta(days=n / 2))
        for n in range(40)
    ]
    assert len((pages.index(pages.Frame(TEMPLATES, SITE), many) + css).encode()) < 50_000
    assert len((PAGES["article"] + css).encode()) < 30_000


def test_the_same_articles_give_the_same_bytes() -> None:
    assert every_page(SITE, ARTICLE) == PAGES
    assert not re.search(r"\n\s*\n\s*\n", PAGES["article"])
