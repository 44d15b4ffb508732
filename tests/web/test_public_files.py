"""Public files at the level of HTTP: validators, encodings, what is public, and what happens under load."""

from __future__ import annotations

import asyncio
import gzip
import os
import socket
import threading
import time
from collections.abc import Iterator
from email.utils import formatdate, parsedate_to_datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from publisher.web.files import PublicFiles

PAGE = b"<!doctype html><title>Tides</title>" + b"<p>High water at noon.</p>" * 40
THEN = 1_700_000_000
Headers = dict[str, str]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "public"
    files = {
        "index.html": PAGE,
        "feed.xml": b"<rss/>" * 100,
        "atom.xml": b"<feed/>",
        "feed.json": b"{}",
        "feeds/sport.xml": b"<rss/>",
        "feeds/sport.atom": b"<feed/>",
        "feeds/sport.json": b"{}",
        "topics/world/feed.xml": b"<rss/>",
        "sitemap.xml": b"<urlset/>",
        "2026/11/quay/index.html": b"<p>Quay</p>",
        "2026/11/quay/quay.jpg": b"\xff\xd8" * 400,
        "2026/drawing.svg": b"<svg/>",
        "notes/caf\u00e9 & co.txt": b"notes",
        ".publisher-manifest.json": b"{}",
        ".git/config": b"secret",
    }
    for path, body in files.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(body)
        os.utime(file, (THEN, THEN))
    (tmp_path / "secret.txt").write_text("secret")
    return root


def ask(
    app: PublicFiles, path: str = "/", headers: Headers | None = None, method: str = "GET"
) -> httpx.Response:
    async def once() -> httpx.Response:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://courier.example") as client:
            sent = {"accept-encoding": "identity"} | (headers or {})
            return await client.request(method, path, headers=sent)

    return asyncio.run(once())


def raw(app: PublicFiles, path: str, method: str = "GET") -> tuple[int, dict[bytes, bytes], bytes]:
    """The application's answer to a path that no client would send as it is."""
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.request"}

    scope = {"type": "http", "method": method, "path": path, "query_string": b"", "headers": []}
    asyncio.run(app(scope, receive, send))
    return sent[0]["status"], dict(sent[0]["headers"]), b"".join(m["body"] for m in sent[1:])


@pytest.mark.parametrize(
    ("path", "kind", "age"),
    [
        ("/", "text/html; charset=utf-8", 60),
        ("/2026/11/quay/", "text/html; charset=utf-8", 60),
        ("/feed.xml", "application/rss+xml; charset=utf-8", 60),
        ("/atom.xml", "application/atom+xml; charset=utf-8", 60),
        ("/feed.json", "application/feed+json; charset=utf-8", 60),
        ("/feeds/sport.xml", "application/rss+xml; charset=utf-8", 60),
        ("/feeds/sport.atom", "application/atom+xml; charset=utf-8", 60),
        ("/feeds/sport.json", "application/feed+json; charset=utf-8", 60),
        ("/topics/world/feed.xml", "application/rss+xml; charset=utf-8", 60),
        ("/sitemap.xml", "application/xml; charset=utf-8", 60),
        ("/2026/11/quay/quay.jpg", "image/jpeg", 86400),
        ("/2026/drawing.svg", "image/svg+xml", 86400),
        ("/notes/caf%C3%A9%20%26%20co.txt", "text/plain; charset=utf-8", 60),
    ],
)
def test_types_and_ages(folder: Path, path: str, kind: str, age: int) -> None:
    found = ask(PublicFiles(folder), path)
    assert found.status_code == 200
    assert found.headers["content-type"] == kind
    assert f"public, max-age={age}" in found.headers["cache-control"]
    assert found.headers["x-content-type-options"] == "nosniff"
    assert found.headers["last-modified"] == formatdate(THEN, usegmt=True)
    policy = found.headers.get("content-security-policy", "")
    assert ("default-src 'none'" in policy and "script-src" not in policy) == (kind != "image/jpeg")


def test_validators(folder: Path) -> None:
    app = PublicFiles(folder)
    etag = ask(app).headers["etag"]
    assert etag.startswith('"')
    at, before, after = (formatdate(THEN + n, usegmt=True) for n in (0, -1, 60))
    other = '"something else"'
    for expected, headers in [
        (304, {"If-None-Match": etag}),
        (304, {"If-None-Match": f"W/{etag}"}),
        (304, {"If-None-Match": f'W/"a,b" , {other}, {etag}'}),
        (304, {"If-None-Match": "*"}),
        (200, {"If-None-Match": other}),
        (200, {"If-None-Match": etag.strip('"')}),
        (304, {"If-Modified-Since": at}),
        (304, {"If-Modified-Since": after}),
        (200, {"If-Modified-Since": before}),
        (304, {"If-Modified-Since": "Sunday, 06-Nov-94 08:49:37 GMT".replace("94", "44")}),
        (200, {"If-Modified-Since": "yesterday"}),
        (200, {"If-Modified-Since": "Mon, 99 Zzz 2026 99:99:99 GMT"}),
        (200, {"If-None-Match": other, "If-Modified-Since": at}),
        (304, {"If-None-Match": etag, "If-Modified-Since": before}),
    ]:
        found = ask(app, headers=headers)
        assert (found.status_code, len(found.content)) == (expected, len(PAGE) if expected == 200 else 0), (
            headers
        )
        assert found.headers["etag"] == etag
        assert found.headers["vary"] == "Accept-Encoding"
        assert "last-modified" in found.headers
        assert ("content-type" in found.headers) == (expected == 200)


@pytest.mark.parametrize(
    ("accept", "coding"),
    [
        ("gzip", "gzip"),
        ("br, GZIP;q=0.3, *;q=0", "gzip"),
        ("*", "gzip"),
        ("x-gzip", "gzip"),
        ("gzip;q=0", None),
        ("gzip; q=0.000, *;q=1", None),
        ("*;q=0", None),
        ("br", None),
        ("", None),
        ("identity;q=1, gzip;q=0.5", None),
    ],
)
def test_encodings(folder: Path, accept: str, coding: str | None) -> None:
    found = ask(PublicFiles(folder), headers={"accept-encoding": accept})
    assert found.headers.get("content-encoding") == coding
    assert found.content == PAGE
    assert found.headers["vary"] == "Accept-Encoding"
    assert (int(found.headers["content-length"]) < len(PAGE)) == (coding == "gzip")


def test_each_encoding_has_its_own_etag(folder: Path) -> None:
    app = PublicFiles(folder)
    plain, small = (ask(app, headers={"accept-encoding": a}).headers["etag"] for a in ("identity", "gzip"))
    assert plain != small
    assert ask(app, headers={"if-none-match": small}).status_code == 200
    assert ask(app, headers={"if-none-match": small, "accept-encoding": "gzip"}).status_code == 304


def test_what_does_not_shrink_is_sent_as_it_is(folder: Path) -> None:
    found = ask(PublicFiles(folder), "/2026/11/quay/quay.jpg", {"accept-encoding": "gzip"})
    assert "content-encoding" not in found.headers
    assert "vary" not in found.headers


@pytest.mark.parametrize("path", ["/", "/feed.xml", "/2026/11", "/nothing"])
def test_head_is_get_without_a_body(folder: Path, path: str) -> None:
    app = PublicFiles(folder)
    for headers in ({}, {"accept-encoding": "gzip"}, {"if-none-match": "*"}):
        got, head = ask(app, path, headers), ask(app, path, headers, "HEAD")
        assert (head.status_code, head.headers, head.content) == (got.status_code, got.headers, b"")


def test_other_methods_are_named(folder: Path) -> None:
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        found = ask(PublicFiles(folder), "/", method=method)
        assert (found.status_code, found.headers["allow"]) == (405, "GET, HEAD")


def test_folders_get_their_slash(folder: Path) -> None:
    app = PublicFiles(folder)
    found = ask(app, "/2026/11/quay?from=mail")
    assert found.status_code == 301
    assert found.headers["location"] == "./quay/?from=mail"
    assert found.next_request is not None
    assert str(found.next_request.url) == "http://courier.example/2026/11/quay/?from=mail"
    assert ask(app, "/2026/11").status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        *("/../secret.txt", "/2026/../../secret.txt", "/..", "/2026/11/quay/../quay/", "/./", "//", "/a//b"),
        *(
            "/.publisher-manifest.json",
            "/.git/config",
            "/.git/",
            "/..\\secret.txt",
            "/\0",
            "/\ud800",
            "/" + "x" * 5000,
        ),
        *(
            "//evil.example",
            "//2026/11/quay",
            "secret.txt",
            "/feed.xml/",
            "/index.html/index.html",
            "/link.txt",
        ),
        *("/out/secret.txt", "/hidden.json", "/loop", "/pipe"),
    ],
)
def test_nothing_else_is_public(folder: Path, path: str) -> None:
    (folder / "link.txt").symlink_to(folder.parent / "secret.txt")
    (folder / "out").symlink_to(folder.parent)
    (folder / "hidden.json").symlink_to(folder / ".publisher-manifest.json")
    (folder / "loop").symlink_to(folder / "loop")
    os.mkfifo(folder / "pipe")
    status, headers, body = raw(PublicFiles(folder), path)
    assert status == 404
    assert b"location" not in headers
    assert b"secret" not in body


def test_a_link_inside_is_public_until_it_leads_out(folder: Path) -> None:
    app = PublicFiles(folder)
    (folder / "today.html").symlink_to(folder / "index.html")
    assert ask(app, "/today.html").content == PAGE
    (folder / "today.html").unlink()
    (folder / "today.html").symlink_to(folder.parent / "secret.txt")
    assert ask(app, "/today.html").status_code == 404


def test_the_publication_has_its_own_page_for_nothing(folder: Path) -> None:
    app = PublicFiles(folder, not_found=lambda path: f"<p>No {len(path)}</p>".encode())
    found = ask(app, "/lost")
    assert (found.status_code, found.content) == (404, b"<p>No 5</p>")
    assert found.headers["content-type"] == "text/html; charset=utf-8"
    assert "etag" not in found.headers


def test_changes_are_seen_at_once(folder: Path) -> None:
    app = PublicFiles(folder)
    first = ask(app, "/feed.xml")
    new = folder / "new"
    new.write_bytes(b"<RSS/>" * 100)
    os.utime(new, (THEN, THEN))
    new.replace(folder / "feed.xml")
    second = ask(app, "/feed.xml", {"if-none-match": first.headers["etag"]})
    assert (second.status_code, second.content) == (200, b"<RSS/>" * 100)
    (folder / "feed.xml").unlink()
    assert ask(app, "/feed.xml").status_code == 404


def test_last_modified_is_never_in_the_future_and_never_hides_a_change(folder: Path) -> None:
    """Two versions of one second: who has the first must not be told that it is the second."""
    now = float(THEN)
    app = PublicFiles(folder, clock=lambda: now)
    first = ask(app).headers["last-modified"]
    assert parsedate_to_datetime(first).timestamp() < THEN
    (folder / "new").write_bytes(PAGE + b"more")
    os.utime(folder / "new", (THEN, THEN))
    (folder / "new").replace(folder / "index.html")
    now += 5
    assert ask(app, headers={"if-modified-since": first}).status_code == 200
    os.utime(folder / "index.html", (THEN + 9999, THEN + 9999))
    assert parsedate_to_datetime(ask(app).headers["last-modified"]).timestamp() < now


def test_gzip_is_made_once_and_memory_is_bounded(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []
    compress = gzip.compress

    def counted(body: bytes, *arguments: Any, **keys: Any) -> bytes:
        made.append(len(body))
        return compress(body, *arguments, **keys)

    monkeypatch.setattr(gzip, "compress", counted)
    app = PublicFiles(folder)
    for _ in range(5):
        ask(app, headers={"accept-encoding": "gzip"})
    assert made == [len(PAGE)]
    for n in range(30):
        (folder / f"{n}.html").write_bytes(PAGE * 3)
    small = PublicFiles(folder, memory=30_000)
    for n in range(30):
        assert ask(small, f"/{n}.html").content == PAGE * 3
    assert 0 < small._weight <= 30_000
    assert small._weight == sum(held.weight for held in small._held.values())
    made.clear()
    ask(small, "/29.html")
    ask(small, "/0.html")
    assert made == [len(PAGE) * 3]


def test_a_file_too_large_to_hold_is_streamed_whole(folder: Path) -> None:
    body = os.urandom(3_000_000)
    (folder / "talk.mp3").write_bytes(body)
    app = PublicFiles(folder, memory=1_000_000)
    for _ in range(2):
        found = ask(app, "/talk.mp3")
        assert found.content == body
        assert found.headers["content-length"] == "3000000"
    assert ask(app, "/talk.mp3", {"if-none-match": found.headers["etag"]}).status_code == 304
    assert ask(app, "/talk.mp3", method="HEAD").headers == found.headers
    assert app._weight < 100_000
    (folder / "talk.mp3").unlink()
    assert ask(app, "/talk.mp3").status_code == 404


@pytest.mark.parametrize("memory", [50_000_000, 500_000])
def test_a_file_replaced_while_it_is_served_is_whole(folder: Path, memory: int) -> None:
    """One writer replaces, several readers ask at once; every answer is one version, and its own ETag's."""
    versions = {bytes([n]) * (300_000 + n * 50_000) for n in range(1, 5)}
    app = PublicFiles(folder, memory=memory)
    (folder / "map.bin").write_bytes(next(iter(versions)))

    async def read(client: httpx.AsyncClient) -> None:
        while not written.is_set():
            found = await client.get("/map.bin")
            assert found.status_code == 200
            assert found.content in versions
            assert etags.setdefault(found.headers["etag"], found.content) == found.content
            await asyncio.sleep(0)

    async def write() -> None:
        for turn in range(40):
            (folder / "new").write_bytes(sorted(versions)[turn % 4])
            (folder / "new").replace(folder / "map.bin")
            await asyncio.sleep(0.002)
        written.set()

    async def together() -> None:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://courier.example") as client:
            await asyncio.gather(write(), *(read(client) for _ in range(4)))

    etags: dict[str, bytes] = {}
    written = asyncio.Event()
    asyncio.run(together())
    assert len(etags) > 1


def test_a_folder_that_is_not_there_yet(tmp_path: Path) -> None:
    assert ask(PublicFiles(tmp_path / "later")).status_code == 404


@pytest.fixture
def server(folder: Path) -> Iterator[tuple[str, int]]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        config = uvicorn.Config(PublicFiles(folder), log_level="warning", lifespan="off")
        running = uvicorn.Server(config)
        thread = threading.Thread(target=running.run, kwargs={"sockets": [listener]})
        thread.start()
        while not running.started and thread.is_alive():
            time.sleep(0.005)
        yield listener.getsockname()
        running.should_exit = True
        thread.join()


def test_on_the_wire(server: tuple[str, int]) -> None:
    """HEAD and 304 carry no body bytes, so that the next answer on the connection is read right."""

    def line(method: str, path: str, *more: str) -> bytes:
        return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: x", *more, "", ""]).encode()

    with socket.create_connection(server, timeout=10) as connection:
        connection.sendall(line("HEAD", "/", "Accept-Encoding: gzip") + line("GET", "/", "If-None-Match: *"))
        connection.sendall(line("GET", "/%2e%2e/secret.txt") + line("GET", "//evil.example/%2f.."))
        connection.sendall(line("GET", "/", "Accept-Encoding: gzip", "Connection: close"))
        got = b""
        while piece := connection.recv(65536):
            got += piece
    head, cached, up, evil, page = got.split(b"HTTP/1.1 ")[1:]
    assert head.startswith(b"200")
    assert head.endswith(b"\r\n\r\n")
    assert b"content-encoding: gzip" in head
    assert cached.startswith(b"304")
    assert cached.endswith(b"\r\n\r\n")
    assert b"content-length" not in cached.lower()
    assert up.startswith(b"404")
    assert evil.startswith(b"404")
    assert gzip.decompress(page.partition(b"\r\n\r\n")[2]) == PAGE
