"""Every page in a real browser: the search as readers use it, and what axe says of each page."""

from __future__ import annotations

import re
import shutil
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo

import pytest
from axe_playwright_python.sync_playwright import Axe
from test_pages import ARTICLE, SITE, TEMPLATES, every_page
from test_pages_lists import shards

from publisher.config.public import Look
from publisher.model.articles import Article, Author
from publisher.rendering import pages, searching

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or ""
HOME = "https://courier.example"
POLICY = (
    "default-src 'none'; img-src *; style-src 'self'; script-src 'self'; connect-src 'self'; base-uri 'none'"
)
pytestmark = pytest.mark.skipif(not CHROMIUM, reason="no system Chromium: pages and search are not looked at")

# title, summary, language, author
STORIES = [
    ("The Harbour opens again", "Fishermen came back.", "en", "Ines Carvalho"),
    ("Harbouring doubts", "The council waits for the EU.", "en", "Ana-María O’Neill"),
    ("Streit um die Große Straße", "Der Hafen bleibt zu.", "de", "Jürgen Weiß"),
    ("الميناء القديم يفتح أبوابه", "عاد الصيادون إلى الرصيف", "ar", "ليلى حداد"),
    ("הנמל הישן נפתח מחדש", "הדייגים חזרו", "he", "נועה לוי"),
    ("東桟橋に漁船が戻った朝", "市は工事が終わったと発表した。", "ja", "佐藤 美咲"),
    ("老港口重新开放", "工程提前两个月完工", "zh-CN", "王小明"),
    ("부산항에서 열린 축제", "시장은 토요일마다", "ko", "김민수"),
    ("Ο Οδυσσέας στο λιμάνι", "Ο δρόμος κλείνει", "el", "Άννα"),
    ("बंदरगाह फिर खुला", "मछुआरे लौटे", "hi", "नेहा"),
    ("ท่าเรือเก่าเปิดอีกครั้ง", "ชาวประมงกลับมา", "th", "สมชาย"),
]
QUERIES = {
    "harbour": [0, 1],
    "HARB": [0, 1],
    "the harbour again": [0],
    "carvalho harbour": [0],
    "maria oneill": [],
    "maria o’neill": [1],
    "eu": [1],
    "grosse strasse": [2],
    "GROSSE STRASSE": [2],
    "jurgen weiss": [2],
    "ميناء": [3],
    "المِيناء القَديم": [3],
    "אבוא": [],
    "נמל": [4],
    "桟橋": [5],
    "港": [6],
    "漁船が": [5],
    "开放 港口": [6],
    "부산": [7],
    "οδυσσεασ": [8],
    "Λιμάνι": [8],
    "मछुआरे": [9],
    "ประมง": [10],
    "nowhere": [],
}


def story(number: int, title: str, summary: str, language: str, author: str) -> Article:
    return replace(
        ARTICLE,
        id=str(number),
        url=f"{HOME}/{number}/",
        title=title,
        summary=summary,
        language=language,
        authors=(Author(author),),
        labels=(),
        picture=None,
    )


ARTICLES = {n: story(n, *told) for n, told in enumerate(STORIES)}


def site() -> dict[str, bytes]:
    """Every kind of page at an address of its own, and the search with its index."""
    texts = {f"/{name.replace(' ', '-')}/": text for name, text in every_page(SITE, ARTICLE).items()}
    frame = pages.Frame(TEMPLATES, SITE)
    texts |= {f"/{n}/": pages.article(frame, article, None, None) for n, article in ARTICLES.items()}
    texts["/search/"] = pages.search(frame, [pages.Collection("topic", "Tides", "topics/tides/", 3)])
    texts["/assets/search.js"] = pages.script(TEMPLATES, "en-GB")
    texts["/site.css"] = pages.stylesheet(TEMPLATES, Look())
    cards = defaultdict[str, dict[int, Article]](dict)
    for number, article in ARTICLES.items():
        cards[searching.card_path(number)][number] = article
    files = {f"/{path}": searching.cards(held, HOME, ZoneInfo("UTC")) for path, held in cards.items()}
    files |= {f"/{path}": data for path, data in shards(ARTICLES).items()}
    return files | {path: text.encode() for path, text in texts.items()}


FILES = site()
KINDS = {"css": "text/css", "js": "text/javascript", "json": "application/json", "": "text/html"}


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


def opened(browser: Any, path: str, **options: Any) -> tuple[Any, list[str]]:
    """A page of the site; and what is asked for, with what went wrong in scripts."""
    page = browser.new_page(**options)
    asked: list[str] = []

    def answer(route: Any) -> None:
        at = unquote(urlsplit(route.request.url).path)
        asked.append(at)
        body = FILES.get(at)
        kind = KINDS.get(at.rpartition(".")[2], KINDS[""])
        headers = {"content-security-policy": POLICY, "content-type": f"{kind}; charset=utf-8"}
        route.fulfill(status=404 if body is None else 200, headers=headers, body=body or b"")

    page.route("**/*", answer)
    page.on("pageerror", lambda error: asked.append(f"error: {error}"))
    page.goto(f"{HOME}{path}")
    return page, asked


def found(page: Any, query: str) -> list[int]:
    """What the search shows for a query, in the order of the addresses."""
    page.evaluate("document.querySelector('[role=status]').textContent = ''")
    page.locator("#q").fill(query)
    page.locator("#q").press("Enter")
    page.locator("[role=status]:not(:empty)").wait_for()
    links = page.locator("#hits a")
    return sorted(int(link.get_attribute("href").strip("/").rpartition("/")[2]) for link in links.all())


def test_the_search_finds_words_of_every_script_and_loads_little(browser: Any) -> None:
    page, asked = opened(browser, "/search/")
    assert page.locator("form").is_visible()
    assert {query: found(page, query) for query in QUERIES} == QUERIES
    assert page.evaluate("location.search") == "?q=nowhere"
    assert not [path for path in asked if path.startswith("error")]
    index = [path for path in asked if path.startswith("/search/") and path.endswith(".json")]
    # what was fetched once is not fetched again
    assert len(index) == len(set(index))
    assert len(FILES["/assets/search.js"]) < 6_000
    page.close()


def test_a_search_has_an_address_and_its_hits_are_real_links(browser: Any) -> None:
    page, _ = opened(browser, "/search/?q=harbo")
    page.locator("#q").press("End")
    page.locator("#q").press_sequentially("ur")
    page.wait_for_url("**/?q=harbour")
    assert page.locator("[role=status]").text_content() == "Found: 2"
    # the whole word before its beginning
    assert page.locator("#hits h3").all_text_contents() == ["The Harbour opens again", "Harbouring doubts"]
    assert page.locator("#hits time").first.get_attribute("datetime") == "2026-11-21"
    page.locator("#hits a").first.click()
    assert page.url == f"{HOME}/0/"
    page.close()


def test_without_script_the_search_leads_to_topics_and_archive(browser: Any) -> None:
    page, asked = opened(browser, "/search/", java_script_enabled=False)
    assert not page.locator("form").is_visible()
    assert page.locator("noscript").is_visible()
    assert page.locator(f"main a[href='{HOME}/topics/tides/']").is_visible()
    assert page.locator(f"main a[href='{HOME}/archive/']").is_visible()
    assert not [path for path in asked if path.endswith("json")]
    page.close()


@pytest.mark.parametrize(
    ("width", "scheme", "rules"), [(320, "light", None), (1280, "dark", {"runOnly": ["color-contrast"]})]
)
def test_axe_finds_nothing_and_nothing_is_too_wide(
    browser: Any, width: int, scheme: str, rules: dict[str, Any] | None
) -> None:
    options = {"viewport": {"width": width, "height": 800}, "color_scheme": scheme}
    page, _ = opened(browser, "/search/?q=harbour", **options)
    page.locator("#hits a").first.wait_for()
    for path in ("", "index", "article", "topic", "topics", "3"):
        if path:
            page.goto(f"{HOME}/{path}/")
        said = Axe().run(page, options=rules).response["violations"]
        assert [(v["id"], [n["target"] for n in v["nodes"]]) for v in said] == [], path
        assert page.evaluate("document.documentElement.scrollWidth") == width, path
    page.close()


@pytest.mark.parametrize("path", ["index", "article", "topic", "topics", "author", "months", "search"])
def test_every_page_and_its_style_are_small(path: str) -> None:
    text = FILES[f"/{path}/"]
    assert len(text) + len(FILES["/site.css"]) < 50_000
    assert not re.search(rb"<style|style=", text)
