"""Long lists, search index and sitemap: an edit changes few files, and nothing is lost."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.robotparser import RobotFileParser
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from lxml import html as parser
from test_pages import ARTICLE, SITE, TEMPLATES

from publisher.errors import ContentError
from publisher.model.articles import Article, Author
from publisher.rendering import pages, searching
from publisher.rendering.environment import Templates, builtin
from publisher.rendering.pages import paging, sitemaps
from publisher.rendering.pages.proofs import prove

COUNTS = st.integers(0, 500)
SIZES = st.integers(1, 40)


@given(COUNTS, SIZES)
def test_every_place_is_on_one_page_and_the_pages_are_in_a_row(count: int, size: int) -> None:
    every = paging.stretches(count, size)
    assert [place for one in every for place in range(one.start, one.stop)] == list(range(count))
    assert [paging.number_at(count, p, size) for one in every for p in range(one.start, one.stop)] == [
        one.number for one in every for _ in range(one.start, one.stop)
    ]
    assert [one.newer for one in every] == [None, *(one.number for one in every[:-1])]
    assert [one.older for one in every] == [*(one.number for one in every[1:]), None]
    assert all(one.stop - one.start == size for one in every[1:])
    assert every[0].number == 0
    assert every[0].stop < 2 * size


@given(COUNTS, SIZES)
def test_what_is_added_in_front_moves_nothing_that_was_linked(count: int, size: int) -> None:
    before, after = ({s.number: s for s in paging.stretches(n, size)} for n in (count, count + 1))
    for number, one in before.items():
        if number:
            later = after[number]
            assert (later.start, later.stop) == (one.start + 1, one.stop + 1)
            assert later.older == one.older
            assert later.newer == one.newer or one.newer == 0


def test_a_list_leads_through_all_its_pages() -> None:
    frame = pages.Frame(TEMPLATES, SITE)
    feed = pages.FeedLink("Tides", "application/rss+xml", "https://courier.example/topics/tides/feed.xml")
    topic = pages.Collection("topic", "Tides", "topics/tides/", 100, (feed,))
    seen, url = [], "https://courier.example/topics/tides/"
    pages_by_url = {
        frame.url(f"topics/tides/page/{at.number}/" if at.number else "topics/tides/"): pages.collection(
            frame,
            topic,
            at,
            [pages.line(frame, replace(ARTICLE, title=str(n))) for n in range(at.start, at.stop)],
        )
        for at in paging.stretches(100)
    }
    while url:
        root = parser.document_fromstring(pages_by_url.pop(url))
        seen += [h.text_content() for h in root.xpath("//li[@class='line']/h3")]
        assert root.xpath("//link[@rel='canonical']/@href") == [url]
        assert feed.url in root.xpath("//link[@rel='alternate']/@href")
        assert bool(root.xpath("//p[@class='follows']")) == url.endswith("tides/")
        ways = root.xpath("//nav[@class='turn']/a[@rel='next']/@href")
        assert ways == root.xpath("//link[@rel='next']/@href")
        url = next(iter(ways), "")
    assert seen == [str(n) for n in range(100)]
    assert not pages_by_url


def test_directories_are_in_the_order_of_the_alphabet_and_none_is_too_long() -> None:
    names = ["Zoo", "éclair", "Eden", "42", "apple", "Émile", *(f"Many {n:04}" for n in range(900))]
    every = [pages.Collection("topic", name, f"topics/{n}/", 1) for n, name in enumerate(names)]
    frame = pages.Frame(TEMPLATES, SITE)
    paths = pages.directory_paths("topics/", len(every))
    assert paths == ["topics/", "topics/page/2/", "topics/page/3/"]
    texts = [pages.topics(frame, every, number) for number in (1, 2, 3)]
    assert max(len(text.encode()) for text in texts) < 50_000
    roots = [parser.document_fromstring(text) for text in texts]
    listed = [a.text_content() for root in roots for a in root.xpath("//section//a")]
    assert listed[:5] == ["42", "apple", "éclair", "Eden", "Émile"]
    assert sorted(listed) == sorted(names)
    assert [h.text_content() for h in roots[0].xpath("//h2")] == ["#", "A", "E", "M"]
    assert [len(root.xpath("//nav//*[@aria-current]")) for root in roots] == [1, 1, 1]
    assert roots[1].xpath("//main//nav//a/@href") == [frame.url(paths[0]), frame.url(paths[2])]


LETTERS = st.sampled_from("abcéßİΣς ا ل م ي 港口東京ガガ 한국 ไทย क्या 9-’\u0301")
TEXTS = st.text(LETTERS, max_size=12)
ARTICLES = st.builds(
    lambda title, summary, label, author: replace(
        ARTICLE, title=title, summary=summary, labels=(label,), authors=(Author(author),)
    ),
    TEXTS,
    TEXTS,
    TEXTS,
    TEXTS,
)


def shards(articles: dict[int, Article]) -> dict[str, bytes]:
    held = defaultdict[str, dict[str, list[int]]](dict)
    for number, article in articles.items():
        for term, titled in searching.terms(article, "en").items():
            held[searching.shard_path(term)].setdefault(term, []).append(searching.posting(number, titled))
    return {path: searching.shard(postings) for path, postings in held.items()}


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.integers(1, 999), ARTICLES, min_size=1, max_size=5), ARTICLES)
def test_an_edited_article_changes_its_own_shards_to_what_a_whole_build_makes(
    articles: dict[int, Article], edited: Article
) -> None:
    before = shards(articles)
    number = next(iter(articles))
    old, new = (searching.terms(a, "en") for a in (articles[number], edited))
    after = dict(before)
    for path in {searching.shard_path(term) for term in (*old, *new)}:
        after[path] = searching.changed_shard(before.get(path, b""), number, old, new, path)
    whole = shards({**articles, number: edited})
    assert {path: data for path, data in after.items() if data != b"{}"} == whole
    for data in whole.values():
        read = searching.read_shard(data)
        assert searching.shard(read) == data
        assert all(postings == sorted(postings, reverse=True) for postings in read.values())


def test_a_search_index_stays_small() -> None:
    words = [f"{a}{b}word{n}" for n in range(20) for a in "abcdefghij" for b in "aeiou"]
    articles = {
        n: replace(
            ARTICLE, title=" ".join(words[(n * k) % 1000] for k in range(1, 9)), summary="The tide " * 30
        )
        for n in range(1, 2001)
    }
    made = shards(articles)
    assert max(map(len, made.values())) < 30_000
    assert not any("the" in json.loads(data) for data in made.values())
    card = searching.cards(
        {n: articles[n] for n in range(16)[1:]}, "https://courier.example", ZoneInfo("UTC")
    )
    assert len(card) < 4_000
    assert json.loads(card)["3"][1:] == ["2026/11/jib/", "2026-11-21"]


def test_the_sitemap_says_every_address_once_in_parts_of_a_lawful_size() -> None:
    at = datetime(2026, 11, 21, tzinfo=ZoneInfo("Asia/Tokyo"))
    listed = [
        pages.Address(f"https://courier.example/{n:06}/?a=1&b=2", at + timedelta(minutes=n) if n else None)
        for n in range(sitemaps.MOST + 2)
    ]
    made = dict(sitemaps.parts("2026-11", reversed(listed)))
    assert list(made) == ["sitemaps/2026-11.xml", "sitemaps/2026-11-2.xml"]
    names = {"s": "http://www.sitemaps.org/schemas/sitemap/0.9"}
    roots = [etree.fromstring(body) for body in made.values()]
    assert [len(root) for root in roots] == [sitemaps.MOST, 2]
    found = [loc.text for root in roots for loc in root.iterfind(".//s:loc", names)]
    assert found == [address.url for address in listed]
    assert roots[0][1].findtext("s:lastmod", namespaces=names) == "2026-11-20T15:01:00Z"
    assert roots[0][0].find("s:lastmod", names) is None
    index = etree.fromstring(pages.sitemap("https://courier.example", dict.fromkeys(made, at)))
    assert [e.text for e in index.iterfind(".//s:loc", names)] == [
        "https://courier.example/sitemaps/2026-11-2.xml",
        "https://courier.example/sitemaps/2026-11.xml",
    ]
    assert max(map(len, made.values())) < 50 * 1024 * 1024


@pytest.mark.parametrize("base", ["https://courier.example", "https://courier.example/daily"])
def test_crawlers_are_kept_from_what_has_a_token_and_led_to_the_sitemap(base: str) -> None:
    publication = SITE.publication.model_copy(update={"url": base})
    robots = RobotFileParser()
    robots.parse(pages.robots(pages.Frame(TEMPLATES, replace(SITE, publication=publication))).splitlines())
    assert robots.site_maps() == [f"{base}/sitemap.xml"]
    for door in ("unsubscribe", "preferences", "view", "confirm", "feeds/private"):
        assert not robots.can_fetch("any", f"{base}/{door}/T0ken.xml")
    for page in ("/", "/2026/11/jib/", "/topics/tides/", "/feed.xml", "/feeds/", "/search/"):
        assert robots.can_fetch("any", base + page)


def test_the_front_page_shows_topics_below_the_newest_days_and_no_article_twice() -> None:
    articles = [
        replace(
            ARTICLE,
            id=str(n),
            title=f"Story {n}",
            url=f"https://courier.example/{n}/",
            topics=("world", "sea") if n % 3 else ("town",),
            labels=("World", "Sea") if n % 3 else ("Town",),
            published_at=datetime(2026, 11, 21, 12, tzinfo=UTC) - timedelta(hours=5 * n),
        )
        for n in range(60)
    ]
    text = pages.index(pages.Frame(TEMPLATES, SITE), articles)
    root = parser.document_fromstring(text)
    headings = root.xpath("//div[@class='sections']//h2")
    assert [h.text_content().strip() for h in headings] == ["Sea", "World", "Town"]
    assert root.xpath("//div[@class='sections']//h2/a/@href")[0] == "https://courier.example/topics/sea/"
    stories = root.xpath("//main//h3/a/@href | //div[@class='sections']//li/a/@href")
    assert len(stories) == len(set(stories)) == 24 + 12
    assert root.xpath("//p[@class='all']/a/@href") == ["https://courier.example/archive/"]
    few = parser.document_fromstring(pages.index(pages.Frame(TEMPLATES, SITE), articles[:20]))
    assert not few.xpath("//div[@class='sections'] | //p[@class='all']")


def test_topics_lead_to_their_pages_and_are_called_as_the_article_calls_them() -> None:
    article = replace(ARTICLE, labels=("Sea & Sky", "Größe"), topics=("sea-sky", "größe"))
    own = parser.document_fromstring(pages.article(pages.Frame(TEMPLATES, SITE), article, None, None))
    links = {a.text_content(): a.get("href") for a in own.xpath("//ul[@class='labels row']//a")}
    assert links == {
        "Sea & Sky": "https://courier.example/topics/sea-sky/",
        "Größe": "https://courier.example/topics/gr%C3%B6%C3%9Fe/",
    }
    assert own.xpath("//a[@rel='author']/@href") == ["https://courier.example/authors/ines-carvalho/"]
    grouped = replace(SITE, groups={"the-sea": ["Sea & Sky", "Tides"], "tides": ["tides"]})
    article = replace(article, topics=("the-sea",))
    own = parser.document_fromstring(pages.article(pages.Frame(TEMPLATES, grouped), article, None, None))
    assert [e.text_content().strip() for e in own.xpath("//ul[@class='labels row']/li")] == [
        "The Sea",
        "Größe",
    ]


@pytest.mark.parametrize(
    "name",
    ["topic", "author", "month", "topics", "authors", "months", "search", "line", "frame-foot", "feeds"],
)
def test_a_fault_in_any_template_of_lists_is_found_before_anybody_reads_it(name: str, tmp_path: Path) -> None:
    (tmp_path / "pages").mkdir()
    (tmp_path / f"pages/{name}.html").write_text("{# Mine. #}\n{{ nothing.there }}\n")
    with pytest.raises(ContentError) as raised:
        prove(pages.Frame(Templates((tmp_path, builtin())), SITE), [ARTICLE])
    assert (raised.value.path, raised.value.line) == (str(tmp_path / f"pages/{name}.html"), 2)
