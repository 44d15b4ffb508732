"""Complete history: whoever follows the links of a feed gets every article, whatever changes meanwhile."""

from __future__ import annotations

import json
from datetime import timedelta

import feedparser
from feed_samples import ATOM, COURIER, NOON, article, assert_valid_atom
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from publisher import feeds
from publisher.config.public import Feed
from publisher.feeds import history
from publisher.model.articles import Article

FH = "{http://purl.org/syndication/history/1.0}"
Released = dict[int, Article]


def published(released: Released, newest: int, size: int) -> dict[str, bytes]:
    """All documents of a feed, as a build makes them."""
    feed = Feed(entries=size)
    pieces = {number: feeds.piece(a, COURIER) for number, a in released.items()}
    pages = history.pages(released, newest, size)
    made = feeds.documents("main", feed, COURIER, feeds.newest(pieces.values())[:size], pages=pages)
    for page in pages:
        held = feeds.newest(p for number, p in pieces.items() if history.page_of(number, size) == page)
        made += feeds.documents("main", feed, COURIER, held, pages=pages, page=page)
    return {d.path: d.body for d in made}


def followed(files: dict[str, bytes], start: str) -> list[list[str]]:
    """The ids in a feed and in each document that its links lead back to."""
    found, at = [], start
    while at:
        body, base = files[at], f"{COURIER.url}/"
        if at.endswith(".json"):
            document = json.loads(body)
            found.append([item["id"] for item in document["items"]])
            at = document.get("next_url", "").removeprefix(base)
        else:
            feed = feedparser.parse(body)
            found.append([entry.id for entry in feed.entries])
            links = [link.href for link in feed.feed.links if link.rel == "prev-archive"]
            at = links[0].removeprefix(base) if links else ""
    return found


@given(
    gone=st.sets(st.integers(1, 40)),
    old=st.sets(st.integers(1, 40)),
    newest=st.integers(1, 40),
    size=st.integers(1, 7),
)
@settings(max_examples=40, deadline=None)
def test_links_lead_to_every_article(gone: set[int], old: set[int], newest: int, size: int) -> None:
    """Articles vanish, some releases are corrections, some articles are dated back."""
    released = {
        n: article(n, published_at=NOON - timedelta(days=n) if n in old else NOON + timedelta(hours=n))
        for n in range(1, newest + 1)
        if n not in gone
    }
    files = published(released, newest, size)
    ids = {a.id for a in released.values()}
    full = {a.id for number, a in released.items() if number <= newest // size * size}
    dated_back = {released[n].id for n in old & released.keys()}
    for start in ("feed.xml", "atom.xml", "feed.json"):
        found = followed(files, start)
        assert set().union(*found[1:]) == full
        # what is dated back and in no full page yet comes with its page
        assert ids - dated_back <= set().union(*found)
        assert all(found[1:])
        assert sum(map(len, found[1:])) == len(full)


@given(newest=st.integers(4, 40), more=st.integers(1, 20), corrected=st.integers(1, 40))
@settings(max_examples=40, deadline=None)
def test_full_documents_stay_as_they_are(newest: int, more: int, corrected: int) -> None:
    """New articles change none but the newest one's link onwards; an edit changes its own document alone."""
    before = {n: article(n) for n in range(1, newest + 1)}
    files = published(before, newest, 4)
    later = published(
        before | {n: article(n) for n in range(newest + 1, newest + more + 1)}, newest + more, 4
    )
    last = newest // 4
    kept = {path for path in files if path.startswith("feeds/archive/") and f"-{last}." not in path}
    assert kept == {path for path in kept if later[path] == files[path]}
    if corrected <= newest:
        edited = published(before | {corrected: article(corrected, title="Other")}, newest, 4)
        changed = {p for p in files if p.startswith("feeds/archive/") and edited[p] != files[p]}
        page = history.page_of(corrected, 4)
        assert {path.rpartition(".")[0] for path in changed} <= {f"feeds/archive/main/4-{page}"}


def test_archive_documents_say_what_they_are() -> None:
    files = published({n: article(n) for n in range(1, 8)}, 7, 2)
    assert_valid_atom(files["feeds/archive/main/2-2.atom"])
    for kind, path in (("atom", "atom"), ("rss", "xml")):
        root = etree.fromstring(files[f"feeds/archive/main/2-2.{path}"])
        top = root if kind == "atom" else root[0]
        assert top.find(f"{FH}archive") is not None
        links = {link.get("rel"): link.get("href") for link in top.findall(f"{ATOM}link")}
        main = "atom.xml" if kind == "atom" else "feed.xml"
        base = f"{COURIER.url}/feeds/archive/main/2"
        assert links.items() >= {
            ("self", f"{base}-2.{path}"),
            ("current", f"{COURIER.url}/{main}"),
            ("prev-archive", f"{base}-1.{path}"),
            ("next-archive", f"{base}-3.{path}"),
        }
        assert etree.fromstring(files[main]).find(f".//{FH}archive") is None


def test_a_hub_is_named_where_changes_are() -> None:
    feed, hub = Feed(entries=1), "https://hub.example/?a=b&c=d"
    pieces = [feeds.piece(article(), COURIER)]
    for page in (0, 1):
        made = feeds.documents("main", feed, COURIER, pieces, hub=hub, pages=[1], page=page)
        for document in made[:2]:
            links = feedparser.parse(document.body).feed.links
            assert [link.href for link in links if link.rel == "hub"] == ([] if page else [hub])
        hubs = [{"type": "WebSub", "url": hub}]
        assert json.loads(made[2].body).get("hubs", []) == ([] if page else hubs)
