"""The whole story with two editors, as the desk shows it: from an article that appears to one who got it.

Ann, an editor, sits before a wide screen with script; Bo, a publisher, has a telephone without. The web
server and the worker are processes of their own, and the mail server keeps what it is handed.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from desk_visitors import PASSWORD
from forking import Forked
from mail_sink import FINE, Sink
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright
from readers import enter
from test_web_doors import CHROMIUM, _free_port

from publisher.admitting import accounts, own
from publisher.app import Publisher, open_publisher
from publisher.model.editors import COMMAND_LINE
from publisher.store import editions, ledger

READERS, CONNECTIONS = 2_000, 2
CONFIG = """\
publication: {{title: The Harbour Courier, url: "http://127.0.0.1:{port}", postal_address: 1 Quay}}
newsletters:
  daily: {{title: Daily Briefing, from: "The Courier <daily@courier.example>", approval: true}}
mail:
  transport: smtp
  smtp: {{host: 127.0.0.1, port: {smtp}, security: none, connections: {connections}}}
schedule: {{gather: 1s}}
"""
ARTICLE = "---\ntitle: {title}\ndate: 2026-11-20T12:00Z\ntags: [Harbour]\n---\nThe water is high at {at}.\n"
pytestmark = pytest.mark.skipif(
    not CHROMIUM, reason="no Chromium on this machine: the story of the desk is not tested"
)


@dataclass
class Paper:
    """A publication that runs, its mail server, and a browser to look at its desk with."""

    p: Publisher
    base: str
    sink: Sink
    browser: Browser
    start: Callable[..., subprocess.Popen[str]]
    faults: list[str] = field(default_factory=list)

    def editor(self, name: str, role: str, **screen: Any) -> Page:
        """Somebody with an account, who has just signed in."""
        address, now = f"{name.lower()}@courier.example", self.p.clock()
        accounts.add(self.p.store, COMMAND_LINE, name, address, role, now)
        own.set_password_of(self.p.store, address, PASSWORD, now)
        page = self.browser.new_context(**screen).new_page()
        page.set_default_timeout(15_000)
        page.on("console", lambda said: self.faults.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.goto(f"{self.base}/desk/sign-in")
        page.fill("#address", address)
        page.fill("#password", PASSWORD)
        page.click("main button")
        assert page.url == f"{self.base}/desk/"
        return page

    def counts(self, edition_id: int = 1) -> dict[str, int]:
        with self.p.store.read() as tx:
            return {status: n for status, n in ledger.counts(tx, edition_id).items() if n}


@pytest.fixture
def paper(tmp_path: Path, empty_store: Path) -> Iterator[Paper]:
    port = _free_port()
    shutil.copytree(empty_store, tmp_path / "var")
    (tmp_path / "content").mkdir()
    with ExitStack() as stack:
        sink = stack.enter_context(Sink())
        text = CONFIG.format(port=port, smtp=sink.port, connections=CONNECTIONS)
        (tmp_path / "config.yaml").write_text(text)
        p = open_publisher(tmp_path / "config.yaml")
        stack.callback(p.close)
        subscribed(p)
        running: list[subprocess.Popen[str]] = []

        def start(*arguments: str) -> subprocess.Popen[str]:
            running.append(Forked(arguments, cwd=tmp_path, stderr=subprocess.PIPE, text=True))
            return running[-1]

        web = start("serve", "--port", str(port))
        assert any("http://" in line for line in web.stderr or ())
        playwright = stack.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        try:
            yield Paper(p, f"http://127.0.0.1:{port}", sink, browser, start)
        finally:
            browser.close()
            for each in running:
                each.terminate()
            ended = {each.pid: (each.communicate(timeout=30)[1], each.returncode) for each in running}
        assert all(code in (0, -signal.SIGKILL) for _, code in ended.values()), ended


def subscribed(p: Publisher) -> None:
    enter(p, (f"reader{n}@{'example.org' if n % 2 else 'example.net'}" for n in range(READERS)))


def reach(page: Page, wanted: Locator) -> None:
    """By the Tab key alone, as somebody without a mouse."""
    for _ in range(100):
        if wanted.evaluate("one => one === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"the keyboard does not reach {wanted}")


def press(page: Page, wanted: Locator, key: str = "Enter") -> None:
    reach(page, wanted)
    page.keyboard.press(key)


def write(page: Page, field_: Locator, text: str) -> None:
    reach(page, field_)
    page.keyboard.press("Control+A")
    page.keyboard.type(text)


def until(true: Callable[[], Any], what: str, seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, what
        time.sleep(0.05)


def by_menu(page: Page, *names: str) -> None:
    """From the menu of a telephone, link by link."""
    page.click(".to-menu")
    for name in names:
        page.get_by_role("link", name=name, exact=True).first.click()


def decide(page: Page, do: str) -> None:
    """Open what a button would do, and then press it."""
    button = page.locator(f"button[value='{do}']")
    page.locator("details.confirm", has=button).locator("summary").click()
    button.click()


def test_from_an_article_that_appears_to_one_who_got_it(paper: Paper) -> None:
    ann = paper.editor("Ann", "editor", viewport={"width": 1280, "height": 800})
    bo = paper.editor("Bo", "publisher", viewport={"width": 375, "height": 800}, java_script_enabled=False)
    worker = paper.start("worker")
    edition = f"{paper.base}/desk/editions/daily/1"

    # an article appears
    file = paper.p.store.folder.parent / "content/high-water.md"
    file.write_text(ARTICLE.format(title="High water", at="noon"))
    until(lambda: ann.reload() and ann.get_by_text("High water").count(), "the article appears")

    # what an edition would hold is said, then it is cut: all by the keyboard
    main = ann.locator("main")
    press(ann, ann.get_by_role("link", name="Editions", exact=True))
    press(ann, main.get_by_role("link", name="Begin an edition"))
    press(ann, main.locator("button[value=look]"))
    expect(main).to_contain_text("For 2,000 people")
    press(ann, main.locator("button[value=cut]"))
    ann.wait_for_url(f"{edition}?said=cut")

    # preview: the message in a frame where nothing runs
    press(ann, main.get_by_role("link", name="On a phone"))
    shown = ann.frame_locator("iframe.preview")
    expect(shown.locator("body")).to_contain_text("The water is high at noon.")
    assert ann.locator("iframe.preview").get_attribute("sandbox") == ""

    # a test copy
    ann.go_back()
    write(ann, ann.locator("#addresses"), "ann@courier.example")
    press(ann, ann.locator("button[value=test]"))
    paper.sink.wait_for(1)
    ((to, copy, _),) = paper.sink.kept
    assert to == "ann@courier.example"
    assert b"High water" in copy

    # Ann cannot approve what she cut; Bo can
    assert ann.locator("button[value=approve]").count() == 0
    by_menu(bo, "Editions", "daily/1")
    stale = bo.context.new_page()
    stale.goto(edition)
    decide(bo, "approve")
    expect(bo.locator("[role=status]")).to_contain_text("approved")
    assert state(paper) == "sending"

    # one byte is changed: the approval is void, and what Bo saw before cannot be approved any more
    ann.goto(edition)
    write(ann, ann.locator("#subject"), "High water.")
    press(ann, ann.locator("button[value=change]"))
    expect(ann.locator("[role=status]")).to_contain_text("changed")
    assert state(paper) == "held"
    decide(stale, "approve")
    expect(stale.locator("[role=alert]")).to_have_count(1)
    assert state(paper) == "held"
    time.sleep(1.5)
    assert len(paper.sink.kept) == 1, "nothing has left"

    # Bo approves again, and sends it; Ann watches
    bo.goto(edition)
    decide(bo, "approve")
    press(ann, ann.get_by_role("link", name="Watch", exact=True))
    counts = ann.locator("[sse-swap=counts]")
    expect(counts).to_contain_text("0 of 2,000")
    ann.evaluate("window.stayed = true")
    enough, unanswered, over = threading.Event(), threading.Event(), threading.Event()

    def answer(_: str) -> str:
        if enough.is_set():
            unanswered.set()
            over.wait(30)
        return FINE

    paper.sink.answer, paper.sink.delay = answer, 0.006
    decide(bo, "send")
    moved: set[str] = set()
    until(lambda: len(moved) > 2 or moved.add(counts.locator("#stands").inner_text()), "the counts move")

    # the worker is killed in the middle, and another one finishes
    enough.set()
    assert unanswered.wait(20)
    worker.kill()
    worker.wait()
    assert waiting(paper), "it was not over"
    paper.sink.delay = 0
    over.set()
    paper.start("worker")
    until(lambda: not waiting(paper), "the rest leaves")
    found = paper.counts()
    assert set(found) == {"sent", "unknown"}, found
    assert found["sent"] + found["unknown"] == READERS
    assert 1 <= found["unknown"] <= 2 * CONNECTIONS
    got = [to for to, _, _ in paper.sink.kept[1:]]
    assert len(got) == len(set(got)), "nobody got two"
    assert all(b"Subject: High water.\r\n" in message for _, message, _ in paper.sink.kept[1:])
    expect(counts).to_contain_text("nobody knows whether they arrived")
    assert ann.evaluate("window.stayed"), "the page moved by itself"

    # the unknown ones are taken note of, by name
    bo.goto(f"{edition}/deliveries?status=unknown")
    assert bo.locator("tbody tr").count() == found["unknown"]
    decide(bo, "acknowledge")
    until(lambda: state(paper) == "done", "it is done")
    expect(ann.locator("[sse-swap=moment]")).to_contain_text("Nothing moves any more")

    # one subscriber is explained, found while Ann types
    press(ann, main.get_by_role("link", name="Deliveries", exact=True))
    ann.wait_for_url("**/deliveries")
    ann.evaluate("window.stayed = true")
    lucky = next(to for to in got if to not in unknown_ones(paper))
    write(ann, ann.locator("#q"), lucky[:-1])
    expect(main.locator("tbody tr")).to_have_count(1)
    expect(main.locator("#found")).to_contain_text("One delivery")
    assert ann.locator("#q").evaluate("one => one === document.activeElement"), "the field keeps the focus"
    assert ann.evaluate("window.stayed")
    press(ann, main.get_by_role("link", name=lucky))
    ann.wait_for_url("**/story/daily/1")
    expect(main).to_contain_text("sent")
    expect(main).to_contain_text("High water")
    assert paper.faults == []


def state(paper: Paper) -> str:
    with paper.p.store.read() as tx:
        return editions.get(tx, 1).state


def waiting(paper: Paper) -> int:
    found = paper.counts()
    return sum(found.get(status, 0) for status in ("queued", "sending", "deferred"))


def unknown_ones(paper: Paper) -> set[str]:
    with paper.p.store.read() as tx:
        return {row.address for row in ledger.rows(tx, 1, "unknown")}
