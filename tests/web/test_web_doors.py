"""The links of the mails over a real server: looking changes nothing, and one click is enough."""

from __future__ import annotations

import asyncio
import re
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import httpx
import pytest
from forking import Forked
from playwright.sync_api import sync_playwright

from publisher import cutting, delivering, gathering, links, publishing, subscribing
from publisher.app import Publisher, open_publisher
from publisher.delivering import opening
from publisher.store import editions, frozen, subscribers
from publisher.web.public import application

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or ""
FEEDS = ("application/rss+xml", "application/atom+xml", "application/feed+json")
FETCHED = re.compile(r'<(?:link rel="stylesheet"|script|img|iframe)[^>]*?(?:src|href)="([^"]+)')
ONE_CLICK = {"List-Unsubscribe": "One-Click"}


CONFIG = """\
publication: {{title: The Courier, url: "http://127.0.0.1:{port}", postal_address: 1 Quay}}
newsletters: {{daily: {{title: Daily Briefing}}}}
"""


@dataclass
class Door:
    """A publication behind a real server, and one of its readers."""

    p: Publisher
    http: httpx.Client
    reader: int = 1

    @property
    def status(self) -> str:
        with self.p.store.read() as tx:
            found = subscribers.get(tx, self.reader)
        assert found
        return found.status

    def token(self, purpose: str = "unsubscribe", number: int | None = None) -> str:
        return links.token(self.p.keys, purpose, self.reader if number is None else number)

    @property
    def variant(self) -> int:
        with self.p.store.read() as tx:
            (edition,) = editions.listed(tx)
            return int(frozen.variants_of(tx, edition.id)[0][0])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, empty_store: Path) -> Iterator[Door]:
    """One server for all of these tests, with one edition sent to one reader."""
    folder = tmp_path_factory.mktemp("site")
    shutil.copytree(empty_store, folder / "var")
    port = _free_port()
    (folder / "config.yaml").write_text(CONFIG.format(port=port))
    (folder / "content").mkdir()
    for n, title in enumerate(("High water", "Low water")):
        text = f"---\ntitle: {title}\ndate: 2026-11-20\ntags: [Sea]\n---\nAt noon.\n"
        (folder / f"content/{n}.md").write_text(text)
    p = open_publisher(folder / "config.yaml", lambda: datetime(2026, 11, 21, 6, tzinfo=UTC))
    gathering.gather(p.store, p.config, p.clock())
    choice = subscribing.Choice("ann@example.org", "daily", "confirmed", name="Ann")
    subscribing.subscribe(p.store, p.config, choice, p.clock())
    asked = cutting.asked(p.config, "daily", "", p.clock(), everybody=True)
    made = cutting.cut(p.store, p.config, p.templates, asked, p.clock())
    assert made.edition
    opening.open_edition(p.store, made.edition, p.clock())
    delivering.deliver(p.store, p.config, p.keys, p.transport, p.clock)
    publishing.publish(p.store, p.config, p.templates)
    yield from _served(p, port)
    p.close()


@pytest.fixture
def door(server: Door) -> Door:
    """The server, and a new reader who has got nothing yet."""
    with server.p.store.read() as tx:
        number = sum(1 for _ in subscribers.everybody(tx))
    choice = subscribing.Choice(f"reader{number}@example.org", "daily", "confirmed", name="Bo")
    subscribing.subscribe(server.p.store, server.p.config, choice, server.p.clock())
    return Door(server.p, server.http, number + 1)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _served(p: Publisher, port: int) -> Iterator[Door]:
    folder = p.config.output.path.parent
    with Forked(["serve", "--port", str(port)], cwd=folder, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr
        try:
            said = next(line for line in server.stderr if "http://" in line)
            address = re.findall(r"http://\S+", said)[0]
            with httpx.Client(base_url=address, timeout=10) as http:
                yield Door(p, http)
        finally:
            server.terminate()
            assert server.wait(20) == 0


def test_looking_changes_nothing_and_one_click_is_enough(door: Door) -> None:
    at = f"/unsubscribe/{door.token()}"
    page = door.http.get(at)
    assert page.status_code == 200
    assert (page.text.count("<button"), page.text.count("<form")) == (2, 1)
    assert "Stop the Daily Briefing" in page.text
    assert "reader0" not in page.text
    assert "@example.org" not in page.text
    for name, value in (
        ("purpose", "prefetch"),
        ("sec-purpose", "prefetch;prerender"),
        ("x-moz", "prefetch"),
    ):
        assert door.http.get(at, headers={name: value}).status_code == 200
    head = door.http.head(at)
    assert (head.status_code, head.content) == (200, b"")
    assert door.http.put(at).status_code == door.http.delete(at).status_code == 405
    assert door.status == "confirmed"

    for _ in range(2):
        click = door.http.post(at, data=ONE_CLICK, headers={"origin": "https://elsewhere.example"})
        assert (click.status_code, click.history) == (200, [])
        assert "set-cookie" not in click.headers
        assert "<" not in click.text
    assert door.status == "unsubscribed"
    by_button = door.http.post(at)
    assert (by_button.status_code, "You have left the Daily Briefing" in by_button.text) == (200, True)
    for answer in (page, click, by_button):
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["x-robots-tag"] == "noindex"
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "*" not in policy


def test_one_click_as_multipart_and_with_a_huge_body(door: Door) -> None:
    at = f"/unsubscribe/{door.token()}"
    assert door.http.post(at, files={"List-Unsubscribe": (None, "One-Click")}).status_code == 200
    assert door.status == "unsubscribed"
    with socket.create_connection((door.http.base_url.host, door.http.base_url.port or 80)) as raw:
        raw.sendall(
            f"POST {at} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n".encode() + b"x" * 10_000
        )
        assert raw.recv(100).startswith(b"HTTP/1.1 200")
    assert door.http.get("/").status_code == 200


def test_a_well_formed_token_of_nobody_is_200_to_a_post_only(door: Door) -> None:
    for number in (0, 999):
        at = f"/unsubscribe/{door.token(number=number)}"
        assert door.http.get(at).status_code == 404
        assert door.http.post(at, data=ONE_CLICK).status_code == 200
    assert door.status == "confirmed"


def test_foreign_and_broken_tokens_are_404_and_say_nothing(door: Door) -> None:
    good = door.token()
    foreign = links.token(links.Keys((b"another key" * 3,)), "unsubscribe", door.reader)
    bad = [
        foreign,
        good[:-1],
        good + "A",
        good.swapcase(),
        door.token("view"),
        "x",
        "%00",
        "%0d%0aSet-Cookie:a",
        "'--",
    ]
    bodies = set()
    for token in bad:
        for answer in (
            door.http.get(f"/unsubscribe/{token}"),
            door.http.post(f"/unsubscribe/{token}", data=ONE_CLICK),
            door.http.get(f"/view/{token if token != door.token('view') else good}"),
        ):
            assert answer.status_code == 404
            assert "set-cookie" not in answer.headers
            bodies.add(answer.text)
    assert len(bodies) == 1
    assert door.status == "confirmed"


def test_a_newsletter_that_left_the_configuration_can_still_be_left(door: Door) -> None:
    with door.p.store.write() as tx:
        subscribers.change(tx, door.reader, {"newsletter": "gone"})
    at = f"/unsubscribe/{door.token()}"
    assert "gone" in door.http.get(at).text
    assert door.http.post(at, data=ONE_CLICK).status_code == 200
    assert door.status == "unsubscribed"


def test_the_view_in_the_browser_is_the_variant_and_names_nobody(door: Door) -> None:
    page = door.http.get(f"/view/{door.token('view', door.variant)}")
    assert page.status_code == 200
    assert {"High water", "Low water"} <= set(re.findall(r">\s*([^<>]+?)\s*</a>", page.text))
    for never in ("Ann", "ann@example.org", "nsubscribe", "field.invalid", "\uf5e0"):
        assert never not in page.text
    assert page.headers["cache-control"] == "no-store"
    assert door.http.get(f"/view/{door.token('view', 999)}").status_code == 404
    assert door.http.post(f"/view/{door.token('view', door.variant)}").status_code == 405


def test_every_link_of_the_site_and_of_the_mail_leads_somewhere(door: Door) -> None:
    base = str(door.http.base_url).rstrip("/")
    (message,) = (f.read_bytes() for f in (door.p.config.mail.files / "new").iterdir())
    text = message.replace(b"=\n", b"").replace(b"=\r\n", b"").decode().replace("=3D", "=")
    todo = {base + "/", *re.findall(rf"{base}/[^\s\"<>)=]*", text)}
    seen: dict[str, httpx.Response] = {}
    while todo - seen.keys():
        url = (todo - seen.keys()).pop()
        seen[url] = door.http.get(url.removeprefix(base))
        if seen[url].headers["content-type"].startswith("text/html"):
            found = re.findall(r'(?:href|src)="([^"#]+)', seen[url].text)
            todo |= {u for u in (urljoin(url, each) for each in found) if u.startswith(base)}
    assert {u for u, answer in seen.items() if answer.status_code != 200} == set()
    kinds = {answer.headers["content-type"].partition(";")[0] for answer in seen.values()}
    assert kinds >= {"text/html", "text/css", *FEEDS}
    for url, answer in seen.items():
        assert len(answer.content) < 50_000, url
        if "text/html" in answer.headers["content-type"]:
            assert all(f.startswith((base, "data:", "/assets/")) for f in FETCHED.findall(answer.text)), url
    assert any("/archive/daily/1/" in u for u in seen)
    assert any("/view/" in u for u in seen)
    home = seen[base + "/"].text
    for kind in FEEDS:
        assert re.search(rf'<link rel="alternate" type="{re.escape(kind)}"', home)
    assert door.status == "confirmed"


def test_addresses_that_name_nothing(door: Door) -> None:
    for path in (
        "/nothing",
        "/unsubscribe/",
        "/unsubscribe/a/b",
        "/../config.yaml",
        "/%2e%2e/var/publisher.db",
        "//etc/passwd",
    ):
        with socket.create_connection((door.http.base_url.host, door.http.base_url.port or 80)) as raw:
            raw.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
            with raw.makefile("rb") as answer:
                whole = answer.read()
        assert whole.startswith(b"HTTP/1.1 404"), path
        assert b"Nothing is at this address" in whole


def test_a_store_that_cannot_be_read_is_503_in_one_plain_line(publication: Callable[..., Publisher]) -> None:
    p = publication()
    p.store.close()
    (p.store.folder / "publisher.db").write_bytes(b"no database at all" * 100)
    at = f"/unsubscribe/{links.token(p.keys, 'unsubscribe', 1)}"

    answer = asyncio.run(_asked(p, "POST", at))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")
    assert answer.text == "This page cannot be shown now. Please try again later.\n"


@pytest.mark.skipif(not CHROMIUM, reason="no Chromium on this machine: the click in a browser is not tested")
def test_the_click_in_a_browser_without_script_on_a_narrow_screen(door: Door) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 320, "height": 640}, java_script_enabled=False)
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"{door.http.base_url}/unsubscribe/{door.token()}".replace("//unsub", "/unsub"))
        box = page.get_by_role("button").first.bounding_box()
        assert box
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 320
        assert box["height"] >= 40
        assert door.status == "confirmed"
        page.get_by_role("button", name="Stop the Daily Briefing").click()
        assert page.get_by_role("heading", level=1).inner_text() == "You have left the Daily Briefing"
        assert door.status == "unsubscribed"
        page.goto(str(door.http.base_url))
        page.get_by_role("link", name="High water").first.click()
        assert page.get_by_role("heading", level=1).inner_text() == "High water"
        assert all(url.startswith((str(door.http.base_url), "data:")) for url in asked)
        browser.close()


def test_a_fault_in_an_own_page_template_is_no_traceback_and_no_lost_click(
    publication: Callable[..., Publisher], subscribe: Callable[..., str], tmp_path: Path
) -> None:
    (tmp_path / "templates/pages").mkdir(parents=True)
    p = publication()
    subscribe(p, "ann@example.org")
    for page in ("not-found", "unsubscribed"):
        (tmp_path / f"templates/pages/{page}.html").write_text("{{ nobody_knows }}")
    at = f"/unsubscribe/{links.token(p.keys, 'unsubscribe', 1)}"
    assert asyncio.run(_asked(p, "GET", "/nothing")).status_code in (404, 500)
    assert "nobody_knows" not in asyncio.run(_asked(p, "POST", at)).text
    with p.store.read() as tx:
        ((_, mine),) = subscribers.everybody(tx)
    assert mine.status == "unsubscribed"


async def _asked(p: Publisher, method: str, at: str) -> httpx.Response:
    """Ask the application, in this process."""
    transport = httpx.ASGITransport(application(p))
    async with httpx.AsyncClient(transport=transport, base_url="http://courier.test") as http:
        return await http.request(method, at)


def test_a_publication_below_a_path_with_a_proxy_that_strips_it_or_not(
    publication: Any, post: Any, subscribe: Any
) -> None:
    p = publication(articles={"a.md": post("A")}, publication={"url": "https://courier.example/blog"})
    gathering.gather(p.store, p.config, p.clock())
    publishing.publish(p.store, p.config, p.templates)
    subscribe(p, "reader@example.org")
    token = links.token(p.keys, "unsubscribe", 1)

    async def ask() -> list[httpx.Response]:
        transport = httpx.ASGITransport(application(p))
        async with httpx.AsyncClient(transport=transport, base_url="https://courier.example") as http:
            paths = ("/blog/", "/", "/blog/assets/site.css", "/assets/site.css")
            found = [await http.get(path) for path in paths]
            return found + [await http.get(f"{below}/unsubscribe/{token}") for below in ("/blog", "")]

    answers = asyncio.run(ask())
    assert [a.status_code for a in answers] == [200] * 6
    for answer in answers[-2:]:
        (action,) = re.findall(r'action="([^"]*)"', answer.text)
        assert urljoin("https://courier.example/blog/unsubscribe/x", action).endswith(
            f"/blog/unsubscribe/{token}"
        )
