"""The judge of feeds: it has nothing to say of a sound one, and finds each way in which one can be broken."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from publisher import checking, feeds
from publisher import config as configuration
from publisher.checking import following
from publisher.checking.feed_documents import validate
from publisher.config.public import Feed, Publication
from publisher.model.articles import Article, Asset, Author, FeedDocument, Picture

COURIER = Publication(title="The Harbour Courier", url="https://courier.example", language="en")
BASE = f"{COURIER.url}/"
SIZES = {f"{BASE}p/talk.mp3": 999, f"{BASE}p/quay.jpg": 2048}
_BOM = b"\xef\xbb\xbf"


def article(number: int) -> Article:
    at = datetime(2026, 11, number, 12, tzinfo=UTC)
    return Article(
        id=f"urn:uuid:00000000-0000-0000-0000-{number:012}",
        path="a.md",
        slug="a",
        url=f"{BASE}2026/story-{number}/",
        title=f"Tide & time {number}",
        summary="Ships < 40 m wait.",
        html=f'<p>The <a href="{BASE}a/">text</a>, <a href="#n">1</a><img src="{BASE}p/quay.jpg" alt=""></p>',
        published_at=at,
        updated_at=at,
        authors=(Author("Donna Teetree"),),
        labels=("News",),
        picture=Picture(f"{BASE}p/quay.jpg", "A quay"),
        language="pt-BR",
        assets=(Asset("talk.mp3", f"{BASE}p/talk.mp3"),),
    )


@cache
def made(page: int = 0) -> dict[str, FeedDocument]:
    """A sound feed in three formats, with a hub and a history; or one of its archive documents."""
    pieces = feeds.newest(feeds.piece(article(n), COURIER, sizes=SIZES) for n in (3, 4))
    feed = Feed(entries=2)
    hub = "https://hub.example/"
    documents = feeds.documents("main", feed, COURIER, pieces, hub=hub, pages=[1, 2], page=page)
    return dict(zip(("rss", "atom", "json"), documents, strict=True))


def judged(kind: str, change: Callable[[bytes], bytes], page: int = 0) -> list[checking.Finding]:
    document = made(page)[kind]
    body = change(document.body)
    changed = FeedDocument(document.path, document.media_type, body)
    return validate(changed, BASE + document.path, SIZES)


@pytest.mark.parametrize("page", [0, 1, 2])
@pytest.mark.parametrize("kind", ["rss", "atom", "json"])
def test_a_sound_feed_has_nothing_to_complain_of(kind: str, page: int) -> None:
    assert judged(kind, lambda body: body, page) == []


def swap(old: str, new: str, count: int = 1) -> Callable[[bytes], bytes]:
    def change(body: bytes) -> bytes:
        assert old.encode() in body, old
        return body.replace(old.encode(), new.encode("utf-8", "surrogatepass"), count)

    return change


def drop(pattern: str) -> Callable[[bytes], bytes]:
    def change(body: bytes) -> bytes:
        changed = re.sub(pattern.encode(), b"", body, count=1)
        assert changed != body, pattern
        return changed

    return change


TITLE = "Tide &amp; time 4"
XML = [
    ("title", swap(TITLE, "")),
    ("title", swap(TITLE, " ")),
    ("title", swap(TITLE, "Tide &lt;b&gt;and&lt;/b&gt; time")),
    ("title", swap(TITLE, "Tide &amp;amp; time")),
    ("title", swap(TITLE, "-")),
    ("title", swap(TITLE, "https://courier.example/2026/story-4/")),
    ("title", swap(TITLE, "tide " * 100)),
    ("characters", swap(TITLE, "Tide\x92s time")),
    ("characters", swap(TITLE, "Tide \ufffd time")),
    ("characters", swap(TITLE, "Tide \u202e time")),
    ("characters", swap("The &lt;a", "The\x96 &lt;a")),
    ("well-formed", swap(TITLE, "Tide & time")),
    ("well-formed", swap(TITLE, "Tide \x08 time")),
    ("well-formed", swap(TITLE, "Tide &nbsp; time")),
    ("well-formed", swap("<?xml version='1.0' encoding='UTF-8'?>", "<!DOCTYPE x [<!ENTITY a 'b'>]>")),
    ("well-formed", swap("encoding='UTF-8'", "encoding='ISO-8859-1'")),
    ("well-formed", lambda body: body[:-9]),
    ("well-formed", lambda body: body + b"<p/>"),
    ("well-formed", lambda _: b""),
    ("format", lambda _: b"<html/>"),
    ("format", lambda _: b'<rss version="0.91"><channel/></rss>'),
    ("size", swap("The &lt;a", "The tide " * 250_000)),
    ("html", swap("&lt;p&gt;", "&lt;script&gt;alert(1)&lt;/script&gt;")),
    ("html", swap("&lt;p&gt;", "&lt;iframe src=\"https://x.example/\"&gt;&lt;/iframe&gt;")),
    ("html", swap("&lt;p&gt;", "&lt;p onclick=\"x()\"&gt;")),
    ("html", swap("&lt;p&gt;", "&lt;p style=\"position: fixed\"&gt;")),
    ("html", swap("&lt;p&gt;", "&lt;p style=\"background: url(https://x.example/)\"&gt;")),
    ("html", swap("&lt;p&gt;", "&lt;a href=\" JavaScript:x()\"&gt;x&lt;/a&gt;")),
    ("html", swap("&lt;p&gt;", "&lt;form&gt;&lt;/form&gt;")),
    ("html", swap("&lt;p&gt;", "&lt;style&gt;p{}&lt;/style&gt;")),
    ("size", swap("&lt;p&gt;", f"&lt;img src=\"data:image/png;base64,{'A' * 70_000}\"&gt;")),
    ("relative address", swap("https://courier.example/a/", "/a/")),
    ("relative address", swap("https://courier.example/a/", "a.html")),
    ("relative address", swap("https://courier.example/a/", "//courier.example/a/")),
    ("relative address", swap('src="https://courier.example/p/quay.jpg" alt', 'src="quay.jpg" alt')),
    ("relative address", swap("&lt;p&gt;", "&lt;a href=\"\"&gt;x&lt;/a&gt;")),
]  # fmt: skip
ENCLOSED = 'url="https://courier.example/p/talk.mp3" length="999"'
RSS = [
    ("channel", drop("<description>.*?</description>")),
    ("channel", swap("<link>https://courier.example/</link>", "")),
    ("title", drop("<title>The Harbour Courier</title>")),
    ("address", swap("<link>https://courier.example/</link>", "<link>courier.example</link>")),
    ("address", drop("<link>[^<]*story-4/</link>")),
    ("address", swap("<link>https://courier.example/2026/story-4/", "<link>/2026/story-4/")),
    ("address", swap("<link>https://courier.example/2026/story-4/", "<link>https://courier.example/a b/")),
    ("self link", drop('<atom:link [^>]*rel="self"[^>]*>')),
    ("self link", swap('href="https://courier.example/feed.xml"', 'href="https://elsewhere.example/feed.xml"')),
    ("self link", lambda body: re.sub(rb'(<atom:link [^>]*rel="self"[^>]*>)', rb"\1\1", body)),
    ("archive", swap('href="https://courier.example/feeds/archive/main/2-2.xml"', 'href="https://courier.example/feed.xml"')),
    ("id", drop("<guid.*?</guid>")),
    ("id", swap("000000000004</guid>", "000000000003</guid>")),
    ("id", swap('isPermaLink="false"', 'isPermaLink="no"')),
    ("address", swap(' isPermaLink="false"', "")),
    ("date", drop("<pubDate>.*?</pubDate>")),
    ("date", swap("Wed, 04 Nov", "Thu, 04 Nov", 9)),
    ("date", swap("Wed, 04 Nov 2026 12:00:00 +0000", "2026-11-04T12:00:00Z", 9)),
    ("date", swap("Wed, 04 Nov 2026 12:00:00 +0000", "Wed, 04 Nov 26 12:00:00", 9)),
    ("date", swap("Wed, 04 Nov 2026 12:00:00 +0000", "Wed, 34 Nov 2026 12:00:00 +0000", 9)),
    ("date", swap("Wed, 04 Nov 2026 12:00:00 +0000", "Mi, 04 Nov 2026 12:00:00 +0000", 9)),
    ("language", swap("<language>en", "<language>english language")),
    ("language", swap("<dc:language>pt-BR", "<dc:language>pt_BR")),
    ("author", swap("<dc:creator>Donna Teetree</dc:creator>", "<author>Donna Teetree</author>")),
    ("author", swap("<dc:creator>Donna Teetree", "<dc:creator>")),
    ("enclosure", swap(ENCLOSED, ENCLOSED.replace("999", "998"))),
    ("enclosure", swap(ENCLOSED, ENCLOSED.replace("999", "0"))),
    ("enclosure", swap(ENCLOSED, ENCLOSED.replace("999", "a lot"))),
    ("enclosure", swap(' length="999"', "")),
    ("enclosure", swap('type="audio/mpeg"', 'type="image/jpeg"')),
    ("enclosure", swap('type="audio/mpeg"', 'type="mp3"')),
    ("enclosure", lambda body: re.sub(rb"(<enclosure [^>]*>)", rb"\1\1", body)),
    ("address", swap('url="https://courier.example/p/talk.mp3"', 'url="/p/talk.mp3"')),
    ("element", swap("<pubDate>", "<pubdate>x</pubdate><pubDate>")),
    ("element", swap("<guid", "<link>https://courier.example/</link><guid")),
    ("element", swap("<category>News</category>", "<category/>")),
    ("element", swap("<item>", "<summary>x</summary><item>")),
]  # fmt: skip
ATOM = [
    ("id", drop("<id>[^<]*</id>")),
    ("id", swap("<id>https://courier.example/atom.xml", "<id>atom.xml")),
    ("id", swap("000000000004</id>", "000000000003</id>")),
    ("title", drop("<title>The Harbour Courier</title>")),
    ("date", drop("<updated>[^<]*</updated>")),
    ("date", swap("<published>2026-11-04T12:00:00+00:00", "<published>2026-11-04 12:00")),
    ("date", swap("<published>2026-11-04T12:00:00+00:00", "<published>2026-11-04T12:00:00")),
    ("date", swap("<published>2026-11-04T12:00:00+00:00", "<published>2026-11-31T12:00:00Z")),
    ("date", swap("<published>2026-11-04T12:00:00+00:00", "<published>2027-11-04T12:00:00Z")),
    ("date", swap("<updated>2026-11-04T12:00:00+00:00", "<updated>2026-01-01T00:00:00Z")),
    ("author", lambda body: re.sub(rb"<author>.*?</author>", b"", body)),
    ("author", swap("<name>Donna Teetree</name>", "<name/>")),
    ("author", swap("<name>Donna Teetree</name>", "<email>a@b.example</email>")),
    ("self link", drop('<link [^>]*rel="self"[^>]*>')),
    ("self link", swap('href="https://courier.example/atom.xml"', 'href="atom.xml"')),
    ("archive", swap('href="https://courier.example/feeds/archive/main/2-2.atom"', 'href="https://courier.example/atom.xml"')),
    ("address", swap('<link href="https://courier.example/2026/story-4/"/>', "")),
    ("address", swap('<link href="https://courier.example/2026/story-4/"/>', '<link href="/a/"/>')),
    ("element", lambda body: re.sub(rb'(<link href="[^"]*story-4/"/>)', rb"\1\1", body)),
    ("element", swap('<content type="html">', '<content type="HTML">')),
    ("element", swap('<summary>', '<summary type="markdown">')),
    ("element", swap('term="News"', 'term=""')),
    ("element", swap("<published>", "<pubDate>x</pubDate><published>")),
    ("element", swap("<entry", "<foo xmlns=''/><entry")),
    ("language", swap('xml:lang="pt-BR"', 'xml:lang="p"')),
    ("enclosure", swap('length="999"', 'length="1"')),
    ("enclosure", swap(' length="999"', "")),
    ("enclosure", swap('type="audio/mpeg"', 'type=""')),
    ("format", swap("http://www.w3.org/2005/Atom", "http://purl.org/atom/ns#")),
]  # fmt: skip
JSON_TITLE = "Tide & time 4"
JSON = [
    ("well-formed", lambda body: body[:-1]),
    ("well-formed", lambda body: _BOM + body),
    ("well-formed", swap("Tide", "\x08")),
    ("well-formed", lambda body: body.replace(b"Tide", b"\xff")),
    ("format", swap("version/1.1", "version/2")),
    ("format", swap('"id":"urn:uuid:00000000-0000-0000-0000-000000000004"', '"id":4')),
    ("id", drop('"id":"[^"]*",')),
    ("id", swap("000000000004", "000000000003")),
    ("title", swap(f'"title":"{JSON_TITLE}",', "")),
    ("title", swap(JSON_TITLE, "Tide <b>and</b> time")),
    ("title", swap(JSON_TITLE, "Tide &amp; time")),
    ("title", swap('"title":"The Harbour Courier",', "")),
    ("characters", swap(JSON_TITLE, "Tide\\u0008")),
    ("self link", drop('"feed_url":"[^"]*",')),
    ("self link", swap('"feed_url":"https://courier.example/feed.json"', '"feed_url":"https://other.example/feed.json"')),
    ("archive", swap("https://courier.example/feeds/archive/main/2-2.json", "https://courier.example/feed.json")),
    ("address", swap('"url":"https://courier.example/2026/story-4/"', '"url":"/2026/story-4/"')),
    ("address", swap('"url":"https://courier.example/2026/story-4/",', "")),
    ("address", swap("https://hub.example/", "hub.example")),
    ("address", swap('"image":"https://courier.example/p/quay.jpg"', '"image":"quay.jpg"')),
    ("format", swap('"content_html"', '"_content"')),
    ("element", swap('"content_html"', '"content"')),
    ("relative address", swap("https://courier.example/a/", "../a/")),
    ("html", swap("<p>", "<script>x</script><p>")),
    ("date", drop('"date_published":"[^"]*",')),
    ("date", swap("2026-11-04T12:00:00+00:00", "4 Nov 2026")),
    ("author", lambda body: re.sub(rb'"authors":\[[^]]*\],', b"", body)),
    ("author", swap('{"name":"Donna Teetree"}', '{"name":""}')),
    ("format", swap('{"name":"Donna Teetree"}', '"Donna Teetree"')),
    ("format", swap('"tags":["News"]', '"tags":"News"')),
    ("format", swap('"tags":["News"]', '"tags":[1]')),
    ("language", swap('"language":"pt-BR"', '"language":"pt_BR"')),
    ("enclosure", swap('"size_in_bytes":999', '"size_in_bytes":998')),
    ("enclosure", swap(',"size_in_bytes":999', "")),
    ("format", swap('"size_in_bytes":999', '"size_in_bytes":"999"')),
    ("enclosure", swap('"mime_type":"audio/mpeg"', '"mime_type":"text/html"')),
    ("format", lambda body: json.dumps({**json.loads(body), "items": {}}).encode()),
    ("format", lambda _: b"{}"),
]  # fmt: skip
BROKEN = [
    *(("rss", rule, change) for rule, change in [*XML, *RSS]),
    *(("atom", rule, change) for rule, change in [*XML, *ATOM] if rule != "format"),
    ("atom", "format", ATOM[-1][1]),
    *(("json", rule, change) for rule, change in JSON),
]


@pytest.mark.parametrize(("kind", "rule", "change"), BROKEN, ids=range(len(BROKEN)))
def test_whatever_is_broken_is_found(kind: str, rule: str, change: Any) -> None:
    found = judged(kind, change)
    assert rule in {f.rule for f in found}, found
    assert all(f.place == made()[kind].path for f in found)


@pytest.mark.parametrize("kind", ["rss", "atom"])
def test_an_archive_document_leads_back(kind: str) -> None:
    assert "archive" in {f.rule for f in judged(kind, drop('<[^>]*link rel="current"[^>]*>'), page=1)}


def test_a_document_of_another_media_type_is_found() -> None:
    document = made()["rss"]
    wrong = FeedDocument(document.path, "text/xml", document.body)
    assert [f.rule for f in validate(wrong)] == ["media type"]


def test_the_entry_is_named() -> None:
    (finding,) = judged("rss", swap("https://courier.example/a/", "/a/"))
    assert finding.message == (
        "entry 1 (Tide & time 4): content: href of <a> counts from the reader's own address: '/a/'"
    )


def test_check_looks_at_every_feed_and_names_the_article_once(tmp_path: Path) -> None:
    config = configuration.parse(
        f"publication: {{title: Courier, url: '{COURIER.url}'}}\n"
        "feeds: {world: {topics: [World], history: true, entries: 1}, 'short': {content: summary}}\n"
        "derived_feeds: [topic, author]",
        tmp_path / "config.yaml",
    )
    (tmp_path / "content").mkdir()
    (tmp_path / "content/talk.mp3").write_bytes(b"")
    sound = [replace(article(n), path=f"{n}.md", topics=("world",), assets=()) for n in range(3, 9)]
    assert list(following.look(config, sound)) == []
    odd = replace(article(9), path="odd.md", html='<p><a href="//x.example/">x</a></p>', topics=("world",))
    found = sorted((f.place, f.rule, f.level) for f in following.look(config, [*sound, odd]))
    assert found == [("odd.md", "enclosure", "error"), ("odd.md", "relative address", "warning")]
