"""A public folder, and how the tests ask for what is in it."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import httpx

from publisher.web.files import PublicFiles

PAGE = b"<!doctype html><title>Tides</title>" + b"<p>High water at noon.</p>" * 40
THEN = 1_700_000_000
Headers = dict[str, str]


def build(tmp_path: Path) -> Path:
    """A public folder, all of one time, beside a secret that is not in it."""
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
