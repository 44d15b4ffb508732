"""How to follow: a page with every feed, and feeds that can be read where a browser shows them as XML."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from lxml.html import document_fromstring

from publisher import config as configuration
from publisher import feeds
from publisher.config.schema import Config
from publisher.model.articles import Article, Author
from publisher.publishing import following
from publisher.publishing.site import site_of
from publisher.rendering import pages
from publisher.rendering.environment import Templates, builtin

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or ""
HOME = "http://courier.test"
TEMPLATES = Templates((builtin(),))
AT = datetime(2026, 11, 21, 7, tzinfo=UTC)
STORY = Article(
    "urn:a:1",
    "a.md",
    "a",
    f"{HOME}/a/",
    "Tide & time",
    "Short.",
    "<p>Long.</p>",
    AT,
    AT,
    (Author("A. Smit"),),
)
TITLES = {"topics/größe": "Größe", "topics/b": "B", "authors/a-smit": "A. Smit"}


def config(language: str) -> Config:
    text = f"""
publication: {{title: 'The "Courier" \\ paper', url: "{HOME}", language: {language}}}
feeds: {{sport: {{title: Sport & sea, formats: [atom]}}}}
derived_feeds: [topic, author]
"""
    return configuration.parse(text, Path("config.yaml"))


def files(language: str = "en") -> dict[str, bytes]:
    settings = config(language)
    frame = pages.Frame(TEMPLATES, site_of(settings))
    made = dict(following.files(frame, settings, TITLES))
    made[frame.site.css_url.lstrip("/")] = pages.stylesheet(TEMPLATES, settings.look).encode()
    documents = feeds.render("main", settings.feeds["main"], settings.publication, [STORY])
    return made | {d.path: d.body for d in documents}


@pytest.mark.parametrize("language", ["en", "de", "ar"])
def test_every_feed_is_on_the_page(language: str) -> None:
    root = document_fromstring(files(language)["feeds/index.html"])
    copied = [code.text_content() for code in root.find_class("copied")[0].iter("code")]
    assert copied == [f"{HOME}/feed.xml", f"{HOME}/atom.xml", f"{HOME}/feed.json"]
    linked = {link.get("href") for link in root.find(".//main").iter("a")}
    paths = [f"{name}/{leaf}" for name in ("topics/gr%C3%B6%C3%9Fe", "topics/b", "authors/a-smit")
             for leaf in ("", "feed.xml", "atom.xml", "feed.json")]  # fmt: skip
    assert linked == {*copied, f"{HOME}/feeds/sport.atom", *(f"{HOME}/{path}" for path in paths)}
    names = [b.text_content() for b in root.iter("bdi")]
    assert names == ['The "Courier" \\ paper', "Sport & sea", "B", "Größe", "A. Smit"]


@pytest.mark.skipif(not CHROMIUM, reason="no system Chromium: feeds in a browser are not tested")
def test_a_feed_that_a_browser_shows_can_be_read() -> None:
    from playwright.sync_api import sync_playwright

    made, shown = files("de"), {}

    def answer(route: Any) -> None:
        path = route.request.url.removeprefix(f"{HOME}/")
        kind = "text/css" if path.endswith(".css") else "application/xml"
        route.fulfill(status=200, content_type=f"{kind}; charset=utf-8", body=made[path])

    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for path in ("feed.xml", "atom.xml"):
            page = chromium.new_page(viewport={"width": 320, "height": 600})
            page.route("**/*", answer)
            page.goto(f"{HOME}/{path}")
            # what is displayed, in order
            script = (
                "[...document.querySelectorAll('*')].filter(e => !e.children.length && e.checkVisibility())"
            )
            texts = page.evaluate(f"{script}.map(e => e.textContent)")
            notice = page.evaluate("getComputedStyle(document.documentElement, '::before').content")
            wide = page.evaluate("document.documentElement.scrollWidth")
            shown[path] = texts, notice.strip('"'), wide
        chromium.close()
    title = 'The "Courier" \\ paper'
    assert shown["feed.xml"][0] == [title, title, "Tide & time", f"{HOME}/a/", "Short.", "A. Smit"]
    assert shown["atom.xml"][0] == [title, title, "Tide & time", "A. Smit", "Short."]
    for _, notice, wide in shown.values():
        assert notice.startswith("Dies ist ein Feed: Kopieren Sie seine Adresse")
        assert notice.endswith(f"{HOME}/feeds/")
        assert wide == 320
