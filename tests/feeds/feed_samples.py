"""Articles and documents that the tests of feeds share, and the schema of RFC 4287 appendix B."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import rnc2rng
from lxml import etree

from publisher.config.public import Feed, Publication
from publisher.feeds import render
from publisher.model.articles import Article, Asset, Author, Picture

HERE = Path(__file__).parent
COURIER = Publication(
    title="The Harbour Courier", url="https://courier.example", description="News & tides", language="en"
)
NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
ATOM = "{http://www.w3.org/2005/Atom}"
MEDIA = "{http://search.yahoo.com/mrss/}"


def article(number: int = 1, **changes: Any) -> Article:
    plain = Article(
        id=f"urn:uuid:00000000-0000-0000-0000-{number:012}",
        path=f"{number}.md",
        slug=f"story-{number}",
        url=f"https://courier.example/2026/11/story-{number}/",
        title=f"Tide & time: story {number}",
        summary="Ships < 40 m & boats wait.",
        html="<p>Full <b>text</b> &amp; more.</p>",
        published_at=NOON + timedelta(hours=number),
        updated_at=NOON + timedelta(hours=number),
        authors=(Author("Donna Teetree", "Staff Writer"),),
        labels=("News", "Harbour Life"),
        topics=("news", "harbour-life"),
    )
    return replace(plain, **changes)


PICTURED = article(
    picture=Picture("https://courier.example/p/quay.jpg", "A quay at dawn", "The old quay", "A. Smit"),
    assets=(
        Asset("quay.jpg", "https://courier.example/p/quay.jpg"),
        Asset("talk.mp3", "https://courier.example/p/talk.mp3"),
    ),
)
SIZES = {"https://courier.example/p/quay.jpg": 2048, "https://courier.example/p/talk.mp3": 999}


def documents(
    *articles: Article, name: str = "main", sizes: Mapping[str, int] | None = None, **keys: Any
) -> dict[str, bytes]:
    made = render(name, Feed.model_validate(keys), COURIER, articles, sizes or {})
    return {document.path: document.body for document in made}


def schema() -> etree.RelaxNG:
    grammar = rnc2rng.dumps(rnc2rng.loads((HERE / "atom.rnc").read_text(encoding="utf-8")))
    # the compact syntax calls the empty namespace `local`; XML has no way to declare it, nor a need to
    return etree.RelaxNG(etree.fromstring(grammar.replace(' xmlns:local=""', "").encode()))


SCHEMA = schema()


def assert_valid_atom(body: bytes) -> None:
    root = etree.fromstring(body, etree.XMLParser(huge_tree=True))
    assert SCHEMA.validate(root), SCHEMA.error_log
    for entry in root.findall(f"{ATOM}entry"):
        assert entry.find(f"{ATOM}author/{ATOM}name").text
        assert entry.findall(f"{ATOM}link") or entry.findall(f"{ATOM}content")
