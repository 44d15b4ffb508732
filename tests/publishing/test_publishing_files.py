"""What a build writes, keeps and removes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import feedparser
import lxml.html
import pytest
from forking import ROOT, Forked

from publisher import cutting, delivering, gathering, publishing
from publisher.app import Publisher
from publisher.delivering import opening
from publisher.output import Report
from publisher.publishing import path_of
from publisher.store import catalogue

Make = Callable[..., Publisher]
Post = Callable[..., str]
PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)


def build(p: Publisher) -> Report:
    gathering.gather(p.store, p.config, p.clock())
    return publishing.publish(p.store, p.config, p.templates)


def files(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Path to bytes and mtime of everything in a folder, hidden files too."""
    return {
        str(f.relative_to(folder)): (f.read_bytes(), f.stat().st_mtime_ns)
        for f in sorted(folder.rglob("*"))
        if f.is_file()
    }


def public(p: Publisher) -> set[str]:
    return {name for name in files(p.config.output.path) if not name.startswith(".")}


def picture(folder: Path, path: str, data: bytes = PNG) -> Path:
    file = folder / "content" / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)
    return file


def page(p: Publisher, path: str) -> Any:
    return lxml.html.fromstring((p.config.output.path / path).read_bytes())


def test_the_files_of_a_publication(publication: Make, post: Post) -> None:
    p = publication(
        articles={"a.md": post("A", "2026-11-20", "World"), "draft.md": post("D", draft=True)},
        feeds={"world": {"topics": ["world"]}},
        newsletters={"daily": {}, "quiet": {"archive": "none"}},
    )
    written = build(p).written
    assert set(written) == public(p)
    assert {path for path in written if not path.startswith("search/terms/")} == {
        "index.html",
        *("assets/site.css", "assets/search.js", "search/index.html", "search/cards/0.json"),
        *("topics/index.html", "topics/world/index.html", "authors/index.html"),
        *("archive/index.html", "archive/2026-11/index.html"),
        *("robots.txt", "sitemap.xml", "sitemaps/2026-11.xml", "sitemaps/lists.xml"),
        *("feed.xml", "atom.xml", "feed.json"),
        *("feeds/index.html", "assets/feed.css"),
        *("feeds/world.xml", "feeds/world.atom", "feeds/world.json"),
        "2026/11/a/index.html",
        "archive/daily/index.html",
    }


def test_building_again_writes_nothing(publication: Make, post: Post, tmp_path: Path) -> None:
    picture(tmp_path, "a.png")
    p = publication(articles={"a.md": post("A", body="![x](a.png)"), "b.md": post("B")})
    build(p)
    before = files(p.config.output.path)
    report = build(p)
    assert (report.written, report.removed, report.unchanged) == ((), (), len(public(p)))
    assert files(p.config.output.path) == before


def test_other_processes_write_the_same_bytes(publication: Make, post: Post, tmp_path: Path) -> None:
    """At the same time, in another zone, with another seed of hashes and another locale."""
    texts = {f"{n}.md": post(f"Ünï {n}", f"2026-11-{n + 1:02}", "World", "Größe", "Äpfel") for n in range(9)}
    p = publication(articles=texts)
    build(p)
    before = files(p.config.output.path)
    command = [
        sys.executable,
        "-m",
        "publisher",
        "--config",
        str(tmp_path / "config.yaml"),
        "build",
        "--json",
    ]
    odd = {"TZ": "Pacific/Kiritimati", "PYTHONHASHSEED": "7", "LC_ALL": "C", "PYTHONPATH": str(ROOT)}
    running = [
        subprocess.Popen(command, env={**os.environ, **odd, **more}, stdout=subprocess.PIPE)
        for more in ({}, {"TZ": "America/St_Johns", "PYTHONHASHSEED": "8"})
    ]
    for process in running:
        out, _ = process.communicate(timeout=60)
        assert process.returncode == 0
        report = json.loads(out)
        assert (report["written"], report["removed"]) == (0, 0)
    assert files(p.config.output.path) == before


def test_two_first_builds_at_the_same_time_make_one_catalogue(
    publication: Make, post: Post, tmp_path: Path
) -> None:
    p = publication(articles={f"{n:02}.md": post(f"N{n}", f"2026-10-{30 - n:02}") for n in range(20)})
    running = [Forked(["build", "--json"], cwd=tmp_path, stdout=subprocess.PIPE) for _ in range(2)]
    reports = [json.loads(process.communicate(timeout=60)[0]) for process in running]
    assert sorted(r["gathered"]["new"] for r in reports) == [0, 20]
    assert build(p).written == ()
    listed = json.loads((p.config.output.path / "feed.json").read_bytes())["items"]
    assert [item["title"] for item in listed] == [f"N{n}" for n in range(20)]


@pytest.mark.parametrize(
    ("article_url", "path"),
    [
        ("{url}/{year}/{month}/{slug}/", "2026/11/größe/index.html"),
        ("{url}/{slug}", "größe/index.html"),
        ("{url}/{year}/{slug}.html", "2026/größe.html"),
        ("https://elsewhere.example/{slug}/", None),
        ("https://courier.example.evil/{slug}/", None),
        ("{url}/?p={slug}", None),
        ("{url}/#{slug}", None),
    ],
)
def test_where_pages_go(
    publication: Make, post: Post, tmp_path: Path, article_url: str, path: str | None
) -> None:
    picture(tmp_path, "a.png")
    p = publication(
        articles={"größe.md": post("Größe", body="![x](a.png)")}, output={"article_url": article_url}
    )
    build(p)
    fixed = {"index.html", "feed.xml", "atom.xml", "feed.json", "sitemap.xml", "robots.txt"}
    lists = ("assets/", "feeds/", "archive/", "topics/", "authors/", "search/", "sitemaps/")
    made = {name for name in public(p) - fixed if not name.endswith(".png") and not name.startswith(lists)}
    assert made == ({path} if path else set())
    assert bool(public(p) & {"index.html"})
    (entry,) = feedparser.parse((p.config.output.path / "atom.xml").read_bytes()).entries
    assert entry.link.isascii()
    assert "gr%C3%B6%C3%9Fe" in entry.link
    assert path_of(entry.link, p.config) == path


def test_an_article_never_stands_in_the_place_of_the_front_page(publication: Make, post: Post) -> None:
    p = publication(articles={"index.md": post("Home")}, output={"article_url": "{url}/{slug}.html"})
    build(p)
    assert "index-2.html" in public(p)
    assert page(p, "index.html").xpath("//a[@href='https://courier.example/index-2.html']")


def test_pictures_come_and_go(publication: Make, post: Post, tmp_path: Path) -> None:
    picture(tmp_path, "one/pic.png", PNG + b"1")
    picture(tmp_path, "two/pic.png", PNG + b"2")
    p = publication(
        articles={
            "one/a.md": post("A", body="![x](pic.png) ![y](/two/pic.png)"),
            "two/b.md": post("B", body="![x](pic.png)"),
        }
    )
    build(p)
    out = p.config.output.path
    assert (out / "2026/11/a/pic.png").read_bytes()[-1:] == b"1"
    assert (out / "2026/11/a/two-pic.png").read_bytes()[-1:] == b"2"
    assert (out / "2026/11/b/pic.png").read_bytes()[-1:] == b"2"
    # another picture under the same name
    picture(tmp_path, "one/pic.png", PNG + b"13")
    assert build(p).written == ("2026/11/a/pic.png",)
    # the file is gone, and then nobody refers to it
    (tmp_path / "content/one/pic.png").unlink()
    assert build(p).removed == ("2026/11/a/pic.png",)
    (tmp_path / "content/one/a.md").write_text(post("A"))
    assert build(p).removed == ("2026/11/a/two-pic.png",)
    assert not list(out.glob("2026/11/a/*.png"))


@pytest.mark.parametrize("address", ["late.png", "images/late.png", "/images/late.png"])
def test_a_picture_that_comes_after_its_article_is_shown(
    publication: Make, post: Post, tmp_path: Path, address: str
) -> None:
    p = publication(articles={"a.md": post("A", body=f"![x]({address})")})
    report = gathering.gather(p.store, p.config, p.clock())
    assert report.notes == [f"content/a.md: there is no {address.lstrip('/')} yet"]
    build(p)
    picture(tmp_path, address.lstrip("/"))
    (written,) = (name for name in build(p).written if name.endswith(".png"))
    (image,) = page(p, "2026/11/a/index.html").xpath("//article//img | //main//img")
    assert path_of(image.get("src"), p.config) == written


def test_pictures_stay_when_their_source_is_missing(publication: Make, post: Post, tmp_path: Path) -> None:
    picture(tmp_path, "a.png")
    p = publication(articles={"a.md": post("A", body="![x](a.png)")})
    build(p)
    (tmp_path / "content").rename(tmp_path / "away")
    assert (build(p).written, build(p).removed) == ((), ())
    (tmp_path / "away").rename(tmp_path / "content")
    assert build(p).written == ()


@pytest.mark.parametrize(
    "address", [".env", ".git/config", "../config.yaml", "out.png", "b.md", "/../config.yaml"]
)
def test_an_article_publishes_no_file_that_is_not_content(
    publication: Make, post: Post, tmp_path: Path, address: str
) -> None:
    p = publication(articles={"a.md": post("A", body=f'<img src="{address}"> <a href="{address}">x</a>')})
    build(p)
    before = public(p)
    for name in (".env", ".git/config"):
        picture(tmp_path, name, b"secret")
    (tmp_path / "content/b.md").write_text(post("Secret", draft=True))
    (tmp_path / "content/out.png").symlink_to(tmp_path / "config.yaml")
    build(p)
    assert public(p) == before


def test_no_article_replaces_a_file_of_the_publication(publication: Make, post: Post, tmp_path: Path) -> None:
    picture(tmp_path, "assets/site.css", b"body { display: none }")
    p = publication(articles={"a.md": post("A", body='<img src="/assets/site.css">')})
    build(p)
    assert b"display: none }" not in (p.config.output.path / "assets/site.css").read_bytes()[:30]


@pytest.mark.usefixtures("wild_input")
@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("---\ntitle: Odd\ndate: 2026-11-20\n---\nA \x08 \x0b \ufffe ]]> <![CDATA[ &nbsp; \u2028 b\n", "Odd"),
        ("---\ntitle: Large\ndate: 2026-11-20\n---\n" + "Water and salt and stone. " * 200_000, "Large"),
        ("---\ntitle: Only a title\ndate: 2026-11-20\n---\n", "Only a title"),
        ('---\ntitle: "]]> & <b>"\ndate: 2026-11-20\n---\n \n', "]]> & "),
    ],
    ids=["illegal characters", "5 MB", "no body", "marked up title"],
)
def test_odd_articles_give_good_feeds(publication: Make, text: str, title: str) -> None:
    p = publication(articles={"a.md": text})
    build(p)
    for name in ("feed.xml", "atom.xml"):
        lxml.etree.fromstring(
            (p.config.output.path / name).read_bytes(), lxml.etree.XMLParser(huge_tree=True)
        )
        if title == "Large" and name == "atom.xml":
            continue  # one reader on five megabytes is enough: it takes two seconds
        parsed = feedparser.parse((p.config.output.path / name).read_bytes())
        assert not parsed.bozo
        assert (
            lxml.html.fromstring(f"<p>{parsed.entries[0].title}</p>").text_content().startswith(title.strip())
        )
    (item,) = json.loads((p.config.output.path / "feed.json").read_bytes())["items"]
    assert item["title"].startswith(title.strip())
    assert page(p, "2026/11/a/index.html").xpath("//h1")


def test_the_page_of_a_mailed_article_stays(
    publication: Make, post: Post, subscribe: Any, tmp_path: Path
) -> None:
    p = publication(articles={"a.md": post("Mailed"), "b.md": post("Not mailed")})
    gathering.gather(p.store, p.config, p.clock())
    subscribe(p, "reader@example.org")
    with p.store.read() as tx:
        (mailed,) = [x.article.id for x in catalogue.listings(tx) if x.article.path == "a.md"]
    request = cutting.asked(p.config, "daily", "", p.clock(), articles=(mailed,))
    made = cutting.cut(p.store, p.config, p.templates, request, p.clock())
    assert made.edition
    opening.open_edition(p.store, made.edition, p.clock())
    shutil.rmtree(tmp_path / "content")
    (tmp_path / "content").mkdir()
    build(p)
    # it waits to be mailed, and then it is
    for _ in range(2):
        assert "2026/11/a/index.html" in public(p)
        assert "2026/11/b/index.html" not in public(p)
        assert "The text of Mailed" not in page(p, "2026/11/a/index.html").text_content()
        assert "Mailed" in page(p, "2026/11/a/index.html").text_content()
        delivering.deliver(p.store, p.config, p.keys, p.transport, p.clock, edition_id=made.edition.id)
        build(p)
    assert f"archive/daily/{made.edition.number}/index.html" in public(p)
    assert not feedparser.parse((p.config.output.path / "feed.xml").read_bytes()).entries
