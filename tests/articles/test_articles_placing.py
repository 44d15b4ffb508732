"""Identity and place: addresses, assets, topics and slugs."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.articles import place, read, slugify, topics_of
from publisher.model.articles import Article, Asset

SITE = "https://courier.example"
URL = f"{SITE}/2020/01/boat/"
NOON = datetime(2020, 1, 1, 12, tzinfo=UTC)


def placed(body: str, *files: str, path: str = "news/boat.md", url: str = URL, header: str = "") -> Article:
    text = f"---\ntitle: A\n{header}\n---\n{body}"
    return place(
        read(text.encode(), path, zone=ZoneInfo("UTC")),
        id="x",
        slug="boat",
        url=url,
        published_at=NOON,
        topics=("sea",),
        revision=1,
        site=SITE,
        default_language="pt",
        files=frozenset(files),
    )


@pytest.mark.parametrize(
    ("written", "resolved"),
    [
        ("other/", URL + "other/"),
        ("../b/", f"{SITE}/2020/01/b/"),
        ("/about", f"{SITE}/about"),
        ("//cdn.example/a.png", "https://cdn.example/a.png"),
        ("#part", URL + "#part"),
        ("?page=2", URL + "?page=2"),
        ("mailto:a@example.org", "mailto:a@example.org"),
        ("https://x.example/?a=1&b=2", "https://x.example/?a=1&amp;b=2"),
    ],
)
def test_addresses_are_absolute(written: str, resolved: str) -> None:
    assert f'<a href="{resolved}">x</a>' in placed(f"[x]({written})").html


@pytest.mark.parametrize(
    ("written", "file"),
    [
        ("boat.png", "news/boat.png"),
        ("img/a%20b.png?v=1#top", "news/img/a b.png"),
        ("images/c.jpg", "images/c.jpg"),
        ("/images/c.jpg", "images/c.jpg"),
        ("../images/c.jpg", "images/c.jpg"),
    ],
)
def test_a_file_of_the_source_becomes_an_asset(written: str, file: str) -> None:
    files = ("news/boat.png", "news/img/a b.png", "images/c.jpg")
    article = placed(f"![x](<{written}>)", *files)
    (asset,) = article.assets
    assert asset.file == file
    assert asset.url.startswith(URL)
    assert f'src="{asset.url}' in article.html


@pytest.mark.parametrize("written", ["../../etc/passwd.png", "other.md", "missing.png", "http://[broken"])
def test_what_is_no_file_of_the_source_is_no_asset(written: str) -> None:
    assert placed(f'<a href="{written}">x</a>', "news/other.md", "../etc/passwd.png").assets == ()


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("late.png", Asset("news/late.png", URL + "late.png")),
        ("img/late.png?v=1#top", Asset("news/img/late.png", URL + "img/late.png")),
        ("/img/late.png", Asset("img/late.png", f"{SITE}/img/late.png")),
        ("a%20b.png", Asset("news/a b.png", URL + "a%20b.png")),
        ("../../late.png", None),
        ("//cdn.example/late.png", None),
        (".", None),
    ],
)
def test_a_picture_that_is_not_there_yet_keeps_its_address(written: str, expected: Asset | None) -> None:
    article = placed(f'<img src="{written}"> <a href="{written}">x</a>')
    assert article.assets == ((expected,) if expected else ())
    assert placed(f"![x]({written})", url="https://elsewhere.example/x/").assets == ()


def test_equal_names_are_told_apart_and_one_file_is_copied_once() -> None:
    article = placed(
        "![x](a/p.png) ![y](b/p.png) ![z](a/p.png)", "news/a/p.png", "news/b/p.png", header="image: a/p.png"
    )
    assert article.assets == (Asset("news/a/p.png", URL + "p.png"), Asset("news/b/p.png", URL + "b-p.png"))
    assert article.picture is not None
    assert article.picture.url == URL + "p.png"


def test_an_article_hosted_elsewhere_has_no_assets() -> None:
    article = placed("![x](boat.png)", "news/boat.png", url="https://blog.example/boat.html")
    assert article.assets == ()
    assert 'src="https://blog.example/boat.png"' in article.html
    assert placed("![x](boat.png)", "news/boat.png", url=f"{SITE}/boat.html").assets == (
        Asset("news/boat.png", f"{SITE}/boat/boat.png"),
    )


def test_the_rest_is_carried_over() -> None:
    article = placed("x", header="updated: 2019-01-01\ncorrection: 'It was  two.'\nimage: 'javascript:x'")
    assert (article.updated_at, article.published_at, article.language) == (NOON, NOON, "pt")
    assert (article.correction, article.topics, article.picture) == ("It was two.", ("sea",), None)
    assert article == replace(article, slug="boat", revision=1, path="news/boat.md")


def test_topics() -> None:
    groups = {"world": ["News", "World"], "sport": ["Sports"], "sea": ["news"]}
    assert topics_of(["NEWS", "Harbour"], groups) == ("world", "sea")
    assert topics_of(["Harbour News", "harbour-news", "\u6e2f"], {}) == ("harbour-news", "\u6e2f")


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        ("Pilot\u2019s Daring Defection!", "pilots-daring-defection"),
        (
            "\u5982\u4f55\u7406\u89e3\u201c\u82f1\u96c4\u8f88\u51fa\u201d",
            "\u5982\u4f55\u7406\u89e3-\u82f1\u96c4\u8f88\u51fa",
        ),
        (
            "\u0939\u093f\u0928\u094d\u0926\u0940 \u0932\u0947\u0916",
            "\u0939\u093f\u0928\u094d\u0926\u0940-\u0932\u0947\u0916",
        ),
        ("../..", "article"),
        ("word " * 40, "-".join(["word"] * 16)),
    ],
)
def test_slugs_of_any_script(text: str, slug: str) -> None:
    assert slugify(text) == slug


@given(st.text())
def test_a_slug_is_safe_and_stable(text: str) -> None:
    slug = slugify(text)
    assert 1 <= len(slug) <= 80
    assert not set(slug) & set("/\\.?#% \0")
    assert slug.strip("-") == slug
    assert slugify(slug) == slug
