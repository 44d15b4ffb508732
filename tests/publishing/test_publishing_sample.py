"""The whole sample, with editions sent: every link leads somewhere, and feeds say what the catalogue says."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urldefrag, urljoin

import feedparser
import lxml.etree
import lxml.html
import pytest

from publisher import cutting, delivering, gathering, publishing, subscribing
from publisher.app import Publisher, open_publisher
from publisher.delivering import opening
from publisher.publishing import path_of
from publisher.store import catalogue
from publisher.store.catalogue import Listing

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Publisher]:
    folder = tmp_path_factory.mktemp("sample")
    shutil.copytree(ROOT / "content", folder / "content")
    shutil.copy(ROOT / "config.yaml", folder)
    p = open_publisher(folder / "config.yaml", lambda: NOW)
    gathering.gather(p.store, p.config, NOW)
    for newsletter in p.config.newsletters:
        choice = subscribing.Choice("reader@example.org", newsletter, "confirmed")
        subscribing.subscribe(p.store, p.config, choice, NOW)
        request = cutting.asked(p.config, newsletter, "", NOW, everybody=True)
        made = cutting.cut(p.store, p.config, p.templates, request, NOW)
        assert made.edition
        opening.open_edition(p.store, made.edition, NOW)
    assert delivering.deliver(p.store, p.config, p.keys, p.transport, p.clock).settled == 2
    publishing.publish(p.store, p.config, p.templates)
    yield p
    p.close()


def published(p: Publisher) -> list[Listing]:
    with p.store.read() as tx:
        return catalogue.listings(tx, status="published")


def references(html: str, base: str) -> Iterator[str]:
    """Every address that a page or the content of an entry refers to, absolute."""
    root = lxml.html.fromstring(html)
    for element in root.iter():
        if isinstance(element.tag, str):
            for name in ("href", "src", "poster"):
                if element.get(name):
                    yield urljoin(base, element.get(name))
    for meta in root.xpath(
        "//meta[starts-with(@property, 'og:') and contains(' og:image og:url ', @property)]"
    ):
        yield meta.get("content")


def all_references(p: Publisher) -> Iterator[tuple[str, str]]:
    out, site = p.config.output.path, p.config.publication.url
    for file in sorted(out.rglob("*.html")):
        path = file.relative_to(out).as_posix()
        for address in references(file.read_text(), f"{site}/{path.removesuffix('index.html')}"):
            yield path, address
    for file in sorted([*out.rglob("feed.xml"), *out.rglob("atom.xml"), *out.glob("feeds/*.[xa]*")]):
        path = file.relative_to(out).as_posix()
        parsed = feedparser.parse(file.read_bytes())
        links = [link.href for thing in (parsed.feed, *parsed.entries) for link in thing.links]
        pictures = [m["url"] for e in parsed.entries for m in (*e.get("media_content", []), *e.enclosures)]
        bodies = [c.value for entry in parsed.entries for c in entry.get("content", [])]
        for address in [*links, *pictures, *(a for html in bodies for a in references(html, "relative:"))]:
            yield path, address
    for file in sorted([*out.rglob("feed.json"), *out.glob("feeds/*.json")]):
        if not file.name.startswith("."):
            feed = json.loads(file.read_bytes())
            for item in feed["items"]:
                attached = [a["url"] for a in item.get("attachments", [])]
                for address in [item["url"], *attached, *references(item["content_html"], "relative:")]:
                    yield file.name, address


def test_every_address_of_the_publication_leads_to_a_file(sample: Publisher) -> None:
    checked = set()
    for place, address in all_references(sample):
        assert not address.startswith("relative:"), (place, address)
        whole, fragment = urldefrag(address)
        if whole == f"{sample.config.publication.url}/subscribe":
            continue  # the web answers it, and no file
        if whole.startswith(sample.config.publication.url + "/"):
            path = path_of(whole, sample.config)
            assert path, (place, address)
            candidates = [path, path.removesuffix("/index.html")]
            file = next(
                (
                    sample.config.output.path / c
                    for c in candidates
                    if (sample.config.output.path / c).is_file()
                ),
                None,
            )
            assert file, (place, address)
            if fragment:
                root = lxml.html.fromstring(file.read_text())
                assert root.xpath("//*[@id=$id]", id=fragment), (place, address)
            checked.add(path)
    assert len(checked) > 30
    pages = {str(f.relative_to(sample.config.output.path)) for f in sample.config.output.path.rglob("*.html")}
    assert pages <= checked, "a page that nothing links to"


@pytest.mark.parametrize("name", ["feed.xml", "atom.xml"])
def test_readers_see_the_articles_of_the_catalogue(sample: Publisher, name: str) -> None:
    parsed = feedparser.parse((sample.config.output.path / name).read_bytes())
    assert not parsed.bozo
    assert parsed.feed.title == sample.config.publication.title
    seen = [(e.title, e.link, e.id, datetime(*e.published_parsed[:6], tzinfo=UTC)) for e in parsed.entries]
    assert seen == [
        (x.article.title, x.article.url, x.article.id, x.article.published_at) for x in published(sample)
    ]
    assert len({id_ for _, _, id_, _ in seen}) == len(seen) >= 10


def test_the_json_feed_says_the_same(sample: Publisher) -> None:
    feed = json.loads((sample.config.output.path / "feed.json").read_bytes())
    assert [(i["id"], i["url"], i["title"]) for i in feed["items"]] == [
        (x.article.id, x.article.url, x.article.title) for x in published(sample)
    ]
    dates = [datetime.fromisoformat(i["date_published"]) for i in feed["items"]]
    assert dates == [x.article.published_at for x in published(sample)]


def test_drafts_and_the_future_are_nowhere(sample: Publisher) -> None:
    with sample.store.read() as tx:
        hidden = [x.article for x in catalogue.listings(tx) if x.status != "published"]
    assert {x.path for x in hidden} >= {"2027-01-01-new-year-swim.md"}
    everything = b"".join(f.read_bytes() for f in sample.config.output.path.rglob("*") if f.is_file())
    for article in hidden:
        assert article.title.encode() not in everything
        assert article.slug.encode() not in everything


def test_the_archive_shows_what_was_sent(sample: Publisher) -> None:
    for name in sample.config.newsletters:
        listed = lxml.html.fromstring((sample.config.output.path / f"archive/{name}/index.html").read_bytes())
        assert listed.xpath(f"//a[contains(@href, '/archive/{name}/1/')]")
        text = (sample.config.output.path / f"archive/{name}/1/index.html").read_text()
        assert "unsubscribe" not in text.lower()
