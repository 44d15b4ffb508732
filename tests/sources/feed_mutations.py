"""Odd feeds, and what becomes of them: mutated at random, read, taken in, and rendered as our own feeds."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

from publisher import articles, feeds
from publisher.checking.feed_documents import validate
from publisher.config.public import Feed, Publication
from publisher.guard import NotFetched
from publisher.model.articles import Article
from publisher.sources import formats
from publisher.sources.entries import manuscript
from publisher.sources.identity import identify
from publisher.sources.matching import choose

NOW = datetime(2026, 11, 21, 6, tzinfo=UTC)
URL = "https://elsewhere.example/feed"
_FOLDER = Path(__file__).parent / "samples"
RSS, ATOM, JSON, RDF = (
    (_FOLDER / name).read_text(encoding="utf-8") for name in ("rss.xml", "atom.xml", "feed.json", "rdf.xml")
)
SAMPLES = [
    *(text.encode() for text in (RSS, ATOM, JSON, RDF)),
    b"\xef\xbb\xbf" + RSS.encode(),
    RSS.replace("utf-8", "utf-16").encode("utf-16"),
    RSS.replace("utf-8", "iso-8859-1").encode("latin-1", "xmlcharrefreplace"),
    RSS.encode("cp1252", "replace"),
    ATOM.replace("</entry>", "", 1).encode(),
]
_NASTY = [
    *(
        b"<",
        b">",
        b"&",
        b"&nbsp;",
        b"]]>",
        b"<![CDATA[",
        b"<!--",
        b"\0",
        b"\x08",
        b"\xff\xfe",
        b"\xed\xa0\x80",
        b"\\ud800",
    ),
    *(
        b"<item>",
        b"</item>",
        b"<entry>",
        b"</title>",
        b"<guid>",
        b"&#0;",
        b"&#xD800;",
        b"&#99999999;",
        b'"',
        b"'",
    ),
    *(
        b"<!DOCTYPE x [<!ENTITY a 'b'>]>",
        b"&a;",
        b"\xe2\x80\xae",
        b"<script>alert(1)</script>",
        b"javascript:alert(1)",
    ),
    *(
        b"<div>" * 300,
        b"https://[",
        b"http://a:b@c:99999999/",
        b"//",
        b"1e999",
        b"null",
        b"[" * 300,
        b"{",
        b"\xef\xbf\xbf",
    ),
    *(
        b"<table><p><table>",
        b"<svg><style><img>",
        b"xml:base='http://['",
        b"<?xml encoding='utf-7'?>",
        b"\r",
        b"\xc2\x85",
    ),
]


def mutated(number: int) -> bytes:
    """One of the samples, damaged in a few places: the same for the same number."""
    rng = random.Random(number)
    data = bytearray(rng.choice(SAMPLES))
    for _ in range(rng.randint(1, 6)):
        at = rng.randrange(len(data) + 1)
        to = min(len(data), at + rng.choice((1, 1, 8, 60, 400)))
        match rng.randrange(6):
            case 0:
                data[at:to] = bytes(rng.randrange(256) for _ in range(to - at))
            case 1:
                del data[at:to]
            case 2:
                data[at:at] = rng.choice(_NASTY)
            case 3:
                data[at:at] = data[at:to] * rng.randint(1, 5)
            case 4:
                other = rng.choice(SAMPLES)
                start = rng.randrange(len(other))
                data[at:to] = other[start : start + rng.choice((10, 200))]
            case _:
                data[at:at] = rng.choice(_NASTY) * rng.randint(1, 3)
    return bytes(data)


def taken(data: bytes, headers: dict[str, str] | None = None) -> list[Article]:
    """The articles that a feed becomes. Raises NotFetched."""
    document = formats.read(data, headers or {}, URL)
    known = identify(document)
    chosen = choose(known, (), known, NOW, timedelta(days=36500), 50)
    home = document.link or URL
    made = (manuscript(one, one.path, home=home, seen=NOW, full=True, language="en") for one in chosen.taken)
    return [
        articles.place(
            each,
            id=f"urn:x:{number}",
            slug=each.slug,
            url=each.url,
            published_at=each.published_at or NOW,
            topics=(),
            revision=1,
            site="https://courier.example",
            default_language="en",
            files=(),
        )
        for number, each in enumerate(each for each in made if each)
    ]


def survive(data: bytes) -> int:
    """How many articles came of it; every feed of ours that they stand in is well-formed and sound."""
    try:
        found = taken(data)
    except NotFetched:
        return 0
    for document in feeds.render("main", Feed(), Publication(url="https://courier.example"), found):
        wrong = [f for f in validate(document) if f.level == "error"]
        assert not wrong, wrong
    for each in found:
        assert each.title
        assert each.url.startswith(("http://", "https://"))
        assert "<script" not in each.html.lower()
        assert not any(c in each.title for c in "\n\0")
        assert each.published_at <= NOW
        (each.title + each.html + each.summary + each.path).encode()
    return len(found)
