"""The desk in a real browser: a whole way in without script, and every page narrow, wide, light and dark."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from desk_places import Places
from desk_visitors import PASSWORD
from forking import Forked
from playwright.sync_api import Browser, Page, sync_playwright
from sqlalchemy import select
from test_desk import SEEN
from test_web_doors import CHROMIUM, _free_port

from publisher import cutting, gathering, subscribing
from publisher.admitting import accounts, own
from publisher.app import Publisher, open_publisher
from publisher.freezing import variants as frozen
from publisher.model.editors import COMMAND_LINE
from publisher.model.mail import Piece
from publisher.passwords import codes
from publisher.store import Store, catalogue
from publisher.store.schema import pieces, variants

CONFIG = """\
publication: {{title: The Harbour Courier, url: "http://127.0.0.1:{port}", language: {language}}}
newsletters:
  daily: {{title: Daily Briefing, from: "The Courier <d@courier.example>", approval: true}}
  letter: {{title: Sunday Letter, from: "The Courier <l@courier.example>", default: {{cadence: weekly}}}}
"""
# a folder for pictures of every page, to look at them
SHOTS = os.environ.get("DESK_SHOTS", "")
pytestmark = pytest.mark.skipif(
    not CHROMIUM, reason="no Chromium on this machine: the desk in a browser is not tested"
)


@dataclass
class Visit:
    browser: Browser
    p: Publisher
    base: str
    language: str
    mirrors: dict[str, Page]

    def page(self) -> Page:
        return self.browser.new_context(
            viewport={"width": 375, "height": 800}, java_script_enabled=False
        ).new_page()


@pytest.fixture(scope="module", params=["en", "de"])
def visit(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, empty_store: Path
) -> Iterator[Visit]:
    folder, port = tmp_path_factory.mktemp("site"), _free_port()
    shutil.copytree(empty_store, folder / "var")
    (folder / "config.yaml").write_text(CONFIG.format(port=port, language=request.param))
    (folder / "content").mkdir()
    for n, title in enumerate(("High water at noon", "The budget of the town", "Low water")):
        (folder / f"content/{n}.md").write_text(f"---\ntitle: {title}\ndate: 2026-11-20\n---\nText.\n")
    (folder / "content/broken.md").write_text("---\ntitle: [\n---\nText.\n")
    p = open_publisher(folder / "config.yaml")
    gathering.gather(p.store, p.config, p.clock())
    for n in range(3):
        for newsletter in ("daily", "letter"):
            choice = subscribing.Choice(f"reader{n}@example.org", newsletter, "confirmed")
            subscribing.subscribe(p.store, p.config, choice, p.clock())
    asked = cutting.asked(p.config, "daily", "", p.clock(), everybody=True)
    assert cutting.cut(p.store, p.config, p.templates, asked, p.clock()).edition
    options: dict[str, Any] = {"cwd": folder, "stderr": subprocess.PIPE, "text": True}
    with Forked(["serve", "--port", str(port)], **options) as running, sync_playwright() as playwright:
        try:
            assert any("http://" in line for line in running.stderr)
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            mirrors = {
                scheme: browser.new_context(color_scheme=scheme, bypass_csp=True).new_page()
                for scheme in ("light", "dark")
            }
            yield Visit(browser, p, f"http://127.0.0.1:{port}", request.param, mirrors)
            browser.close()
        finally:
            running.terminate()
            assert running.wait(30) == 0
            p.close()


def test_from_the_link_to_a_password_codes_and_out_again(visit: Visit) -> None:
    """Without script, on a telephone; and each page as it stands then, as axe and an eye see it."""
    _, link = accounts.add(
        visit.p.store, COMMAND_LINE, "Ann Editor", "ann@courier.example", "admin", visit.p.clock()
    )
    page = visit.page()
    page.goto(f"{visit.base}/desk/log")
    assert "/desk/sign-in" in page.url
    looked_at(visit, page, "sign-in")
    page.goto(f"{visit.base}/desk/link/{link}")
    looked_at(visit, page, "link")
    page.locator("main button").click()
    assert page.url.endswith("/desk/account?said=welcome")
    page.locator("#password").fill(PASSWORD)
    page.locator("button[value=password]").click()
    assert page.locator("[role=status]").count() == 1
    looked_at(visit, page, "account")
    secret = page.locator("code.secret").inner_text().replace(" ", "")
    page.locator("#code").fill("000")
    page.locator("button[value='begin codes']").click()
    assert page.locator("[role=alert]").count() == 1
    step = int(visit.p.clock().timestamp()) // 30
    page.locator("#code").fill(codes.code_of(secret, step))
    page.locator("button[value='begin codes']").click()
    assert page.locator("#codes-current").count() == 1

    page.locator("summary").click()
    page.locator("#token-name").fill("Reports")
    page.locator("#scope-read").check()
    page.locator("button[value='make token']").click()
    assert page.locator("code.secret").inner_text().startswith("pub_")
    looked_at(visit, page, "token")
    page.goto(f"{visit.base}/desk/editors")
    page.locator("#name").fill("Bo <b>Writer</b>")
    page.locator("#address").fill("bo@courier.example")
    page.locator("#r-editor").check()
    page.locator("button[value=add]").click()
    looked_at(visit, page, "linked")
    page.goto(f"{visit.base}/desk/editors")
    assert "Bo <b>Writer</b>" in page.locator("main").inner_text()
    for path, name in (("", "today"), ("editors", "editors"), ("log", "log"), ("account", "account-full")):
        page.goto(f"{visit.base}/desk/{path}")
        looked_at(visit, page, name)
    page.goto(f"{visit.base}/desk/")
    text = page.locator("main").inner_text()
    assert "daily/1" in text
    assert "broken.md:2" in text
    assert "publisher approve daily/1" in text

    page.locator(".to-menu").click()
    page.locator(".me button").click()
    assert page.locator("[role=status]").count() == 1
    page.locator("#address").fill("ann@courier.example")
    page.locator("#password").fill(PASSWORD)
    page.locator("main button").click()
    assert page.locator("[role=alert]").count() == 1, "a code is asked for, too"
    page.locator("#password").fill(PASSWORD)
    page.locator("#code").fill(codes.code_of(secret, step + 1))
    page.locator("main button").click()
    assert page.url == f"{visit.base}/desk/"


def test_a_preview_runs_nothing_and_asks_nobody(visit: Visit) -> None:
    """Whatever is frozen: in the page's frame, and opened by itself, in a browser with script."""
    if visit.language != "en":
        pytest.skip("once is enough")
    store, asked = visit.p.store, []
    with socket.create_server(("127.0.0.1", 0)) as canary:
        threading.Thread(target=lambda: asked.append(canary.accept()), daemon=True).start()
        bad = f"<img src='http://127.0.0.1:{canary.getsockname()[1]}/x.png'>"
        bad += "<script>document.title = 'it ran'; parent.document.title = 'it ran'</script>"
        spoil(store, bad)
        _, link = accounts.add(store, COMMAND_LINE, "Cy", "cy@courier.example", "publisher", visit.p.clock())
        page = visit.browser.new_context().new_page()
        page.goto(f"{visit.base}/desk/link/{link}")
        page.locator("main button").click()
        at = f"{visit.base}/desk/editions/daily/1/message"
        page.goto(f"{at}/html", wait_until="networkidle")
        assert "it ran" in page.content(), "it is what would leave"
        assert page.title() != "it ran"
        page.goto(at, wait_until="networkidle")
        assert "it ran" not in page.title()
        shown = page.frames[1]
        assert "High water at noon" in shown.locator("body").inner_text()
        assert shown.locator("title").text_content() != "it ran"
        assert not asked
    spoil(store, "")


def spoil(store: Store, html: str) -> None:
    """Put something at the end of every mail, as if it had been frozen so."""
    with store.write() as tx:
        before = {row.name: row for row in tx.execute(select(pieces))}
        for row in before.values():
            if row.name.startswith("frame/"):
                kept = re.sub(r"<i>x</i>.*<i>y</i>", "", row.html)
                spoilt = kept.replace("</body>", f"<i>x</i>{html}<i>y</i></body>" if html else "</body>")
                tx.execute(pieces.update().where(pieces.c.id == row.id).values(html=spoilt))
        now = {row.name: Piece(row.html, row.text) for row in tx.execute(select(pieces))}
        for row in tx.execute(select(variants)).all():
            sha = frozen.digest(row.subject, frozen.join(now, row.pieces, row.subject, row.preheader))
            tx.execute(variants.update().where(variants.c.id == row.id).values(sha256=sha))


def test_every_page_narrow_wide_light_and_dark(visit: Visit) -> None:
    """Each page with something on it, without script: nothing is cut off, and axe finds nothing."""
    if visit.language == "de":
        pytest.skip("the structure of the pages is the same")
    p = visit.p
    address = "eve@courier.example"
    accounts.add(p.store, COMMAND_LINE, "Eve", address, "admin", p.clock())
    own.set_password_of(p.store, address, PASSWORD, p.clock())
    page = visit.page()
    page.goto(f"{visit.base}/desk/sign-in")
    page.fill("#address", address)
    page.fill("#password", PASSWORD)
    page.click("main button")
    with p.store.read() as tx:
        article = catalogue.listings(tx)[0].article.id
    known = {"newsletter": "daily", "number": "1", "id": "1"}
    places = Places(known, {"articles": {"id": article}})
    no_pages = ("/events", "/html", ".eml", ".csv", "/previews/articles/{id:path}")
    for path in (one for one in SEEN if not one.endswith(no_pages)):
        answer = page.goto(visit.base + places.address(path))
        assert answer
        if answer.status == 200:
            looked_at(visit, page, re.sub(r"\W+", "-", path).strip("-"))
        else:
            assert path == "/desk/subscribers/imports/{number}", "there is no import here"


def looked_at(visit: Visit, page: Page, name: str) -> None:
    """The page as it stands now, in every width and scheme."""
    sheet = page.request.get(visit.base + (page.locator("link[rel=stylesheet]").get_attribute("href") or ""))
    html = page.content().replace("<head>", f"<head><style>{sheet.text()}</style>", 1)
    for scheme, shown in visit.mirrors.items():
        shown.set_content(html, wait_until="commit")
        for width in (320, 375, 1280):
            shown.set_viewport_size({"width": width, "height": 800})
            assert shown.evaluate("document.documentElement.scrollWidth") <= width, (name, width)
            if SHOTS and width > 320:
                file = f"{SHOTS}/{name}-{visit.language}-{width}-{scheme}.png"
                shown.screenshot(path=file, full_page=True)
        if visit.language == "en":
            # a scheme changes nothing but colours
            rules = {} if scheme == "light" else {"runOnly": ["color-contrast"]}
            found = Axe().run(shown, options={"resultTypes": ["violations"], **rules}).response["violations"]
            assert not found, (name, scheme, [(v["id"], v["nodes"][0]["html"]) for v in found])
