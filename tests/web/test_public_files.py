"""Public files at the level of HTTP: validators, encodings, and what is public."""

from __future__ import annotations

import asyncio
import os
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
from public_files_samples import PAGE, THEN, ask, build

from publisher.web.files import PublicFiles


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return build(tmp_path)


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


def test_a_folder_that_is_not_there_yet(tmp_path: Path) -> None:
    assert ask(PublicFiles(tmp_path / "later")).status_code == 404
