"""The stylesheet: readable in both schemes whatever the accent, and calm on a narrow screen."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.config.public import Look, Publication
from publisher.model.articles import Article, Author
from publisher.rendering import pages
from publisher.rendering.colours import contrast, palettes
from publisher.rendering.environment import Templates, builtin

TEMPLATES = Templates((builtin(),))
COLOURS = st.integers(0, 0xFFFFFF).map(lambda n: f"#{n:06x}")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or ""
HOME = "http://courier.test"


def test_contrast_is_what_wcag_says() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
    assert contrast("#abcdef", "#abcdef") == 1


@given(COLOURS)
def test_every_accent_can_be_read_in_both_schemes(accent: str) -> None:
    for palette in palettes(accent):
        for ground in (palette["paper"], palette["wash"]):
            assert all(contrast(palette[text], ground) >= 4.5 for text in ("accent", "soft", "ink"))


def test_an_accent_that_can_be_read_stays_as_it_is() -> None:
    light, dark = palettes("#7a1f1f")
    assert light["accent"] == "#7a1f1f"
    assert dark["accent"] != "#7a1f1f"
    css = pages.stylesheet(TEMPLATES, Look(accent="#7a1f1f"))
    assert light["accent"] in css
    assert css.index("prefers-color-scheme: dark") < css.index(dark["accent"])


def test_the_stylesheet_is_whole_and_loads_nothing() -> None:
    css = re.sub(r"/\*.*?\*/", "", pages.stylesheet(TEMPLATES, Look()), flags=re.DOTALL)
    assert css.count("{") == css.count("}")
    assert not re.search(r"@import|url\(|expression|{{|}}\s*}}", css)
    used, defined = set(re.findall(r"var\((--\w+)", css)), set(re.findall(r"(--\w+):", css))
    assert used == defined
    assert "prefers-color-scheme: dark" in css
    assert "@media print" in css
    assert ":focus-visible" in css


WIDE = (
    "<p>" + "Donaudampfschifffahrtsgesellschaftskapitän" * 3 + "</p>"
    "<table><tr>" + "<td>04.31 and more</td>" * 12 + "</tr></table>"
    '<pre style="background-color:#f8f8f8;color:#222222"><code>' + "steps = 1; " * 40 + "</code></pre>"
    f'<p><img src="{HOME}/wide.png" alt="A wide picture." width="2000" height="100">'
    f" https://{'a' * 200}.example</p>"
)


def document(language: str) -> str:
    at = datetime(2026, 11, 21, 7, tzinfo=UTC)
    title = "Straßenverkehrsordnungswidrigkeitenverfahren"
    article = Article(
        "1",
        "a.md",
        "a",
        f"{HOME}/a/",
        title,
        "A word.",
        WIDE,
        at,
        at,
        (Author("A. Writer", "Staff"),),
        ("News",),
    )
    site = pages.Site(
        Publication(language=language, title="The Harbour Courier", url=HOME),
        Look(),
        "",
        f"{HOME}/site.css",
        (pages.FeedLink("F", "application/rss+xml", f"{HOME}/feed.xml"),),
        (),
        f"{HOME}/",
    )
    return pages.article(pages.Frame(TEMPLATES, site), article, replace(article, title="Older"), None)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if not CHROMIUM:
        pytest.skip("no system Chromium: narrow screens are not tested")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.mark.parametrize(("scheme", "language"), [("light", "en"), ("dark", "he")])
def test_a_narrow_screen_scrolls_only_tables_and_code(browser: Any, scheme: str, language: str) -> None:
    page = browser.new_page(viewport={"width": 320, "height": 600}, color_scheme=scheme)
    asked: list[str] = []

    def answer(route: Any) -> None:
        asked.append(route.request.url)
        path = route.request.url.removeprefix(HOME)
        css = pages.stylesheet(TEMPLATES, Look())
        bodies = {"/a/": ("text/html", document(language)), "/site.css": ("text/css", css)}
        kind, body = bodies.get(path, ("image/png", ""))
        route.fulfill(status=200, content_type=f"{kind}; charset=utf-8", body=body)

    page.route("**/*", answer)
    page.goto(f"{HOME}/a/")
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    for inside in ("table", "pre"):
        assert page.evaluate(
            f"(e => e.scrollWidth > e.clientWidth)(document.querySelector('.prose {inside}'))"
        )
    ground, ink = page.evaluate(
        "[getComputedStyle(document.documentElement).backgroundColor, getComputedStyle(document.body).color]"
    )
    light, dark = palettes(Look().accent)
    palette = dark if scheme == "dark" else light
    assert [rgb(ground), rgb(ink)] == [palette["paper"], palette["ink"]]
    assert all(url.startswith(HOME) for url in asked)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getBoundingClientRect().top") >= 0
    page.close()


def rgb(text: str) -> str:
    return "#" + "".join(f"{int(n):02x}" for n in re.findall(r"\d+", text)[:3])
