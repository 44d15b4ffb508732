"""The sample publication: a newcomer's first sight, so every file of it must be in order."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from publisher import articles, config
from publisher.model.articles import Article, Manuscript

ROOT = Path(__file__).parents[2]
CONTENT = ROOT / "content"
CONFIG = config.load(ROOT / "config.yaml")
FILES = {file.relative_to(CONTENT).as_posix() for file in CONTENT.rglob("*") if file.is_file()}
TEXTS = sorted(name for name in FILES if Path(name).suffix in articles.SUFFIXES)


def manuscript(name: str) -> Manuscript:
    return articles.read((CONTENT / name).read_bytes(), name, zone=CONFIG.publication.zone)


def placed(name: str) -> Article:
    read = manuscript(name)
    assert read.published_at
    return articles.place(
        read,
        id=name,
        slug=read.slug,
        url=f"{CONFIG.publication.url}/{read.slug}/",
        published_at=read.published_at,
        topics=articles.topics_of(read.labels, CONFIG.topics),
        revision=1,
        site=CONFIG.publication.url,
        default_language=CONFIG.publication.language,
        files=FILES,
    )


@pytest.mark.parametrize("name", TEXTS)
def test_every_text_is_read_with_nothing_mended(name: str) -> None:
    article = placed(name)
    assert article.title
    assert article.summary
    assert len(article.html) > 200
    assert "{{" not in article.html
    if article.picture:
        assert article.picture.alt.endswith(".")
        assert article.picture.caption
        assert [asset.file for asset in article.assets]
    if not name.endswith(".txt"):
        assert article.authors
        assert manuscript(name).notes == ()
        assert article.topics


def test_it_shows_what_the_publisher_can_do() -> None:
    read = {name: manuscript(name) for name in TEXTS}
    assert sum(not m.draft for m in read.values()) >= 10
    assert any(m.draft for m in read.values())
    assert any(m.published_at and m.published_at.year == 2027 for m in read.values())
    assert any(m.language for m in read.values())
    assert {Path(name).suffix for name in TEXTS} == {".md", ".html", ".txt"}
    starts = {(CONTENT / name).read_text(encoding="utf-8")[:3].strip()[:1] for name in TEXTS}
    assert {"-", "+", "{"} <= starts
    everything = " ".join(m.html for m in read.values())
    for shown in ("<table", "<blockquote", "<pre", 'id="fn-', "<dl", "<ol", "<ul"):
        assert shown in everything
    assert Counter(m.slug for m in read.values()).most_common(1)[0][1] == 1
    assert sum(bool(m.picture) for m in read.values()) >= 5


def test_every_topic_of_the_sample_has_articles_and_every_newsletter_an_archive() -> None:
    carried = {topic for name in TEXTS for topic in placed(name).topics}
    assert carried == set(CONFIG.topics)
    assert set(CONFIG.newsletters) == {"daily", "letter"}
    assert CONFIG.newsletters["letter"].template == "letter"
    assert CONFIG.look.logo
    assert CONFIG.look.logo.is_file()


def test_pictures_are_used_and_light() -> None:
    used = {asset.file for name in TEXTS for asset in placed(name).assets}
    pictures = {name for name in FILES if name.endswith((".jpg", ".png"))}
    assert pictures - used == {"images/logo.png"}
    for name in pictures:
        data = (CONTENT / name).read_bytes()
        assert len(data) < 120_000, name
        assert data.startswith((b"\xff\xd8\xff", b"\x89PNG")), name
