"""Public files over time: replaced while they are served, held in memory, and on a real connection."""

from __future__ import annotations

import asyncio
import gzip
import os
import socket
import threading
import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from public_files_samples import PAGE, THEN, ask, build

from publisher.web.files import PublicFiles


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return build(tmp_path)


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
    assert 0 < small.memory.weight <= 30_000
    assert small.memory.weight == sum(held.weight for held in small.memory._held.values())
    made.clear()
    ask(small, "/29.html")
    ask(small, "/0.html")
    assert made == [len(PAGE) * 3]


def test_a_file_too_large_to_hold_is_streamed_whole(folder: Path) -> None:
    body = os.urandom(3_000_000)
    (folder / "talk.mp3").write_bytes(body)
    os.utime(folder / "talk.mp3", (1, 1))  # a date is held back within its own second
    app = PublicFiles(folder, memory=1_000_000)
    for _ in range(2):
        found = ask(app, "/talk.mp3")
        assert found.content == body
        assert found.headers["content-length"] == "3000000"
    assert ask(app, "/talk.mp3", {"if-none-match": found.headers["etag"]}).status_code == 304
    assert ask(app, "/talk.mp3", method="HEAD").headers == found.headers
    assert app.memory.weight < 100_000
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
