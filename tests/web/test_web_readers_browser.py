"""A reader's way in a real browser, narrow and without script: from signing up to leaving."""

from __future__ import annotations

import email
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import policy
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from forking import Forked
from playwright.sync_api import Browser, BrowserContext, sync_playwright
from test_web_doors import CHROMIUM, _free_port

from publisher import gathering
from publisher.app import open_publisher

CONFIG = """\
publication:
  {{title: The Courier, url: "http://127.0.0.1:{port}", postal_address: 1 Quay, language: {language}}}
signup: {{minimum_time: 0s}}
newsletters:
  daily: {{title: Daily Briefing, description: Every morning., from: "The Courier <d@courier.example>"}}
  letter: {{title: Sunday Letter, from: "The Courier <l@courier.example>", default: {{cadence: weekly}}}}
"""
MOST_BYTES = 50_000
pytestmark = pytest.mark.skipif(
    not CHROMIUM, reason="no Chromium on this machine: a reader's way in a browser is not tested"
)


@dataclass
class Visit:
    """A browser, a running publication, and what was asked for."""

    browser: Browser
    base: str
    outbox: Path
    asked: list[str] = field(default_factory=list)
    seen: dict[str, str] = field(default_factory=dict)

    def context(self, **options: Any) -> BrowserContext:
        made = self.browser.new_context(viewport={"width": 320, "height": 640}, **options)
        made.on("request", lambda request: self.asked.append(request.url))
        return made

    def mail(self, subject: str) -> Any:
        """The newest mail of which the subject holds this, waited for."""
        until = time.monotonic() + 40
        while time.monotonic() < until:
            for file in sorted(self.outbox.glob("new/*"), key=lambda f: f.stat().st_mtime, reverse=True):
                found = email.message_from_bytes(file.read_bytes(), policy=policy.default)
                if subject in found["Subject"]:
                    return found
            time.sleep(0.1)
        raise AssertionError(f"no mail {subject!r}")

    def link(self, subject: str, door: str) -> str:
        text = self.mail(subject).get_body(("plain",)).get_content()
        return re.findall(rf"http\S+/{door}/\S+", text)[0]


@pytest.fixture(scope="module", params=["en", "de"])
def visit(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, empty_store: Path
) -> Iterator[Visit]:
    folder, port = tmp_path_factory.mktemp("site"), _free_port()
    shutil.copytree(empty_store, folder / "var")
    (folder / "config.yaml").write_text(CONFIG.format(port=port, language=request.param))
    (folder / "content").mkdir()
    for n, (title, topic) in enumerate([("High water", "Sea"), ("Budget", "Town"), ("Low water", "Sea")]):
        text = f"---\ntitle: {title}\ndate: 2026-11-20\ntags: [{topic}]\n---\nAt noon.\n"
        (folder / f"content/{n}.md").write_text(text)
    options: dict[str, Any] = {"cwd": folder, "stderr": subprocess.PIPE, "text": True}
    with Forked(["run", "--port", str(port)], **options) as running, sync_playwright() as playwright:
        try:
            assert any("http://" in line for line in running.stderr)
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            yield Visit(browser, f"http://127.0.0.1:{port}", folder / "var/outbox")
            browser.close()
        finally:
            running.terminate()
            assert running.wait(30) == 0


def test_from_sign_up_to_goodbye_without_script(visit: Visit) -> None:
    german = "de" in visit.context().new_page().goto(f"{visit.base}/").text()[:120]  # type: ignore[union-attr]
    page = visit.context(java_script_enabled=False).new_page()

    page.goto(f"{visit.base}/subscribe")
    page.locator("#n-daily").check()
    page.locator("#address").fill("ada@example.org")
    page.locator("form button").click()
    assert "ada@example.org" in page.locator("main").inner_text()
    confirm = visit.link("Daily Briefing", "confirm")
    page.goto(confirm)
    visit.seen["confirm"] = confirm
    page.locator("form button").click()
    page.locator("main a[href*='/preferences/']").click()

    visit.seen["preferences"] = own = page.url
    page.locator("#daily-all").uncheck()
    for box in page.locator("input[name=topics]").all():
        box.set_checked(box.get_attribute("value") == "sea")
    page.locator("#daily-instant").check()
    page.locator("button[value=choose]").click()
    assert page.locator("[role=status]").count() == 1
    assert page.locator("#daily-instant").is_checked()

    # instant: it comes by itself as soon as something appears; what was there counts as seen
    folder = visit.outbox.parent.parent
    published = "---\ntitle: Storm tide\ndate: 2026-11-21\ntags: [Sea]\n---\nTonight.\n"
    (folder / "content/new.md").write_text(published)
    p = open_publisher(folder / "config.yaml")
    gathering.gather(p.store, p.config, p.clock())
    p.close()
    digest = visit.mail("Storm tide")
    text = digest.get_body(("plain",)).get_content()
    assert own in text
    leave = re.findall(r"http\S+/unsubscribe/\S+", text)[0]
    assert leave in digest["List-Unsubscribe"]

    page.goto(leave)
    visit.seen["unsubscribe"] = leave
    page.locator("button[name=feed]").click()
    feed = page.locator("ul.addresses a").first.get_attribute("href")
    assert feed
    got = page.request.get(feed).text()
    assert got.count("<item>") == 3
    assert "Budget" not in got
    page.goto(own)
    assert page.locator("button[value=begin]").count() == 2
    assert german == (page.locator("html").get_attribute("lang") == "de")
    assert all(url.startswith(visit.base) or url.startswith("data:") for url in visit.asked), visit.asked


def test_every_page_of_the_way_is_accessible_narrow_and_light(visit: Visit) -> None:
    pages = {"": "/", "subscribe": "/subscribe", "look": "/subscribe", "article": "/2026/11/high-water/"}
    for scheme in ("light", "dark"):
        page = visit.context(color_scheme=scheme, bypass_csp=True).new_page()
        for name, address in {**{n: f"{visit.base}{a}" for n, a in pages.items()}, **visit.seen}.items():
            page.goto(address)
            if name == "look":
                page.locator("#n-daily").check()
                page.locator("#address").fill("eve@example.org")
                page.locator("form button").click()
            for summary in page.locator("summary").all():
                summary.click()
            assert len(page.content().encode()) < MOST_BYTES, name
            assert page.evaluate("document.documentElement.scrollWidth") <= 320, name
            found = Axe().run(page).response["violations"]
            serious = [v for v in found if v["impact"] in ("serious", "critical")]
            assert not serious, (name, scheme, [(v["id"], v["nodes"][0]["html"]) for v in serious])
