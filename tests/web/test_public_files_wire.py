"""Public files on the wire: the fast way and the framework's say the same, and nothing is smuggled."""

from __future__ import annotations

import http.client
import os
import socket
import time
from collections.abc import Iterator
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from public_files_samples import PAGE, THEN, ask, build
from public_files_server import Address, App, get, serving, statuses, talk

from publisher.web.conditional import status
from publisher.web.files import PublicFiles

CLOSE = "Connection: close"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> App:
    made = App(build(tmp_path_factory.mktemp("public")))
    made.files.links = lambda path: ((b"link", b"<https://hub.example/>; rel=hub"),)
    return made


@pytest.fixture(scope="module")
def server(app: App) -> Iterator[Address]:
    with serving(app) as (address, _):
        talk(address, get("/feed.xml", CLOSE), get("/", CLOSE))
        talk(address, get("/", CLOSE))
        yield address


DATES = st.integers(THEN - 2, THEN + 2).map(lambda at: formatdate(at, usegmt=True))
TAGS = st.lists(st.sampled_from(['"mine"', '"other"', 'W/"mine"', 'W/"other"', '"a,b"']), max_size=3)


@given(TAGS | st.just(["*"]) | st.none(), TAGS | st.none(), *[st.integers(-2, 2) | st.none()] * 2)
def test_conditions_as_the_standard_says(
    none_match: list[str] | None, match: list[str] | None, since: int | None, unless: int | None
) -> None:
    """RFC 9110 section 13.2.2, step by step, on what the headers mean and not on how they are written."""

    def weak(tag: str) -> str:
        return tag.removeprefix("W/")

    expected = 200
    if match is not None:
        expected = 200 if '"mine"' in match else 412
    elif unless is not None:
        expected = 200 if unless >= 0 else 412
    if expected == 200:
        if none_match is not None:
            expected = 304 if none_match == ["*"] or '"mine"' in map(weak, none_match) else 200
        elif since is not None:
            expected = 304 if since >= 0 else 200
    said = {
        b"if-none-match": None if none_match is None else ", ".join(none_match),
        b"if-match": None if match is None else " ,".join(match),
        b"if-modified-since": None if since is None else formatdate(THEN + since, usegmt=True),
        b"if-unmodified-since": None if unless is None else formatdate(THEN + unless, usegmt=True),
    }
    asked = {name: value.encode() for name, value in said.items() if value is not None}
    assert status(asked, b'"mine"', THEN) == expected


HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "If-None-Match": st.sampled_from(["*", "PLAIN", "GZIP", 'W/PLAIN, "b"', '"b"', "", "PLAIN broken"]),
        "If-Modified-Since": DATES | st.sampled_from(["yesterday", "Thu, 01 Jan 1970 00:00:00", "\xe9"]),
        "If-Match": st.sampled_from(["*", "PLAIN", '"b"']),
        "Accept-Encoding": st.sampled_from(["gzip", "gzip;q=0", "identity, gzip;q=0.1", "*", "br"]),
        "User-Agent": st.sampled_from(["newsboat/2.30", ""]),
        "Connection": st.sampled_from(["keep-alive", "close"]),
        "Range": st.just("bytes=0-9"),
        "Expect": st.just("100-continue"),
        "Upgrade": st.just("h2c"),
        "Content-Length": st.just("0"),
    },
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)
@given(HEADERS, st.sampled_from(["GET", "HEAD"]), st.sampled_from(["/feed.xml", "/", "/feed.xml?a=b"]))
def test_both_ways_answer_alike(
    app: App, server: Address, headers: dict[str, str], method: str, path: str
) -> None:
    etags = {name: ask(app.files, path, {"accept-encoding": name}).headers["etag"] for name in ("x", "gzip")}
    for name, value in headers.items():
        headers[name] = value.replace("PLAIN", etags["x"]).replace("GZIP", etags["gzip"])
    raw = {name: value.encode("latin-1") for name, value in headers.items()}
    expected = ask(app.files, path, {"accept-encoding": ""} | raw, method)  # type: ignore[arg-type]
    connection = http.client.HTTPConnection(*server, timeout=10)
    connection.putrequest(method, path, skip_accept_encoding=True)
    for name, text in headers.items():
        connection.putheader(name, text.encode("latin-1"))
    connection.endheaders()
    found = connection.getresponse()
    got = {
        name.lower(): value
        for name, value in found.getheaders()
        if name.lower() not in ("date", "connection")
    }
    assert (found.status, got) == (expected.status_code, dict(expected.headers))
    coded = expected.headers.get("content-encoding") == "gzip"
    body = found.read()
    assert len(body) == (0 if found.status != 200 or method == "HEAD" else int(got["content-length"]))
    assert coded or body == expected.content
    connection.close()


def test_what_is_in_memory_never_reaches_the_framework(app: App, server: Address) -> None:
    app.asked.clear()
    got = talk(server, get("/feed.xml") * 3 + get("/", method="HEAD") + get("/feed.xml", "If-None-Match: *"))
    assert statuses(got) == [200, 200, 200, 200, 304]
    assert app.asked == []
    assert got.count(b"<rss/>" * 100) == 3
    assert got.count(b"\r\ndate: ") == 5
    assert statuses(talk(server, get("/feed.xml", CLOSE))) == [200]
    assert app.asked == ["/feed.xml"]


def test_answers_come_in_the_order_of_the_questions(app: App, server: Address) -> None:
    """Files in memory wait for those that are not, whatever the pieces in which requests come."""
    asked = [("/feed.xml", b"<rss/>"), ("/atom.xml", b"<feed/>"), ("/", PAGE), ("/feeds/sport.json", b"{}")]
    sent = b"".join(get(path) for path, _ in asked * 5)
    for size in (7, 100, len(sent)):
        for held in list(app.files.memory._held):
            if held not in (b"/", b"/feed.xml"):
                app.files.memory.forget(held)
        got = talk(server, *[sent[at : at + size] for at in range(0, len(sent), size)], rest=0)
        assert statuses(got) == [200] * 20
        bodies = [part.partition(b"\r\n\r\n")[2] for part in got.split(b"HTTP/1.1 ")[1:]]
        assert [body.startswith(start) for body, (_, start) in zip(bodies, asked * 5, strict=True)] == [
            True
        ] * 20


SMUGGLED = get("/smuggled")


@pytest.mark.parametrize(
    "head",
    [
        *(
            "Content-Length: 5\r\nTransfer-Encoding: chunked",
            "Transfer-Encoding: chunked\r\nContent-Length: 5",
        ),
        *("Content-Length: 5\r\nContent-Length: 6", "Content-Length: 5, 6", "Content-Length: +5"),
        *("Content-Length: -1", "Content-Length: 0x5", "Content-Length : 5", "Content-Length:\x0b5"),
        *("Transfer-Encoding: xchunked", "Transfer-Encoding: chunked, identity", "A: b\rContent-Length: 5"),
        *("A: b\r\n folded", "A: b\x00c", "Host: y", "A: b\nContent-Length: 5"),
    ],
)
def test_a_request_of_two_meanings_is_refused_and_nothing_behind_it_is_answered(
    app: App, server: Address, head: str
) -> None:
    app.asked.clear()
    got = talk(server, get("/feed.xml", head)[:-2] + b"\r\n12345" + SMUGGLED + SMUGGLED)
    assert statuses(got) == [400]
    assert b"connection: close" in got
    assert "/smuggled" not in app.asked


def test_requests_that_are_none(app: App, server: Address) -> None:
    for sent in (
        b"\x16\x03\x01\x02\x00",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET /feed.xml HTTP/1.1\r\n\r\n",
    ):
        assert statuses(talk(server, sent + SMUGGLED)) == [400], sent
    assert statuses(talk(server, b"GET /feed.xml HTTP/1.0\r\n\r\n")) == [200]
    assert statuses(talk(server, b"\r\n" + get("/feed.xml"))) == [200]
    endless = [b"A: b\r\n" * 12_000] * 5
    for begun in (get("/feed.xml")[:-2], get("/", "Transfer-Encoding: chunked", method="POST") + b"0\r\n"):
        assert set(statuses(talk(server, begun, *endless))) <= {400, 405}, (
            "a head, or trailers, without an end"
        )
    body = get("/feed.xml", "Content-Length: 5") + b"12345"
    assert statuses(talk(server, body + get("/feed.xml"))) == [200, 200]
    upgrade = get("/feed.xml", "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AA")
    assert statuses(talk(server, upgrade, get("/feed.xml"), get("/", CLOSE))) == [200, 200, 200]


def test_who_has_said_everything_is_still_answered(app: App, server: Address) -> None:
    for path in ("/feed.xml", "/feed.xml?not=in-memory", "/nothing"):
        with socket.create_connection(server, timeout=10) as connection:
            connection.sendall(get(path) * 3)
            connection.shutdown(socket.SHUT_WR)
            got = b""
            while piece := connection.recv(1 << 20):
                got += piece
        assert statuses(got) == ([404] * 3 if "nothing" in path else [200] * 3)


def test_a_replaced_file_is_seen_at_the_next_tick(tmp_path: Path) -> None:
    app = App(build(tmp_path))
    with serving(app) as (address, _):
        talk(address, get("/feed.xml"))
        (tmp_path / "new").write_bytes(b"<RSS/>")
        os.utime(tmp_path / "new", (THEN, THEN))
        (tmp_path / "new").replace(tmp_path / "public/feed.xml")
        until = time.monotonic() + 5
        while not (seen := b"<RSS/>" in talk(address, get("/feed.xml"))) and time.monotonic() < until:
            time.sleep(0.02)
        assert seen
    assert app.closed == 1


def test_a_file_never_hides_a_route_and_each_spelling_is_its_own(tmp_path: Path) -> None:
    """Only the one canonical spelling of a path is answered without being parsed."""
    folder = build(tmp_path)
    for name in ("100%.txt", "a%41.txt", "what?.txt", "a#b.txt", "aA.txt"):
        (folder / name).write_text(f"this is {name}")
        os.utime(folder / name, (THEN, THEN))
    spelt = {
        "/100%25.txt": "100%.txt",
        "/100%.txt": "100%.txt",
        "/a%2541.txt": "a%41.txt",
        "/a%41.txt": "aA.txt",
        "/what%3F.txt": "what?.txt",
        "/a%23b.txt": "a#b.txt",
        "/aA.txt?a%2541.txt": "aA.txt",
    }
    with serving(App(folder)) as (address, _):
        for _ in range(2):
            for path, name in spelt.items():
                assert f"this is {name}".encode() in talk(address, get(path, "Accept-Encoding: identity")), (
                    path
                )
        assert statuses(talk(address, get("/what?.txt"), get("/a#b.txt"))) == [404, 404]


def test_a_polling_reader_is_noted_once_whatever_way_it_takes(tmp_path: Path) -> None:
    noted: list[Any] = []
    app = App(build(tmp_path), polled=lambda feed, agent: noted.append((feed, agent)))
    agent = "User-Agent: newsboat/2.30"
    with serving(app) as (address, _):
        talk(address, *[get("/feed.xml", agent)] * 2, get("/feed.xml", agent, "If-None-Match: *"))
        talk(address, get("/feed.xml", agent, CLOSE), rest=0)
        talk(address, get("/feed.xml", method="HEAD"), *[get("/", agent)] * 2, get("/nothing.xml"))
        talk(address, *[get("/topics/world/feed.xml")] * 2)
    assert noted == [("/feed.xml", b"newsboat/2.30")] * 4 + [("/topics/world/feed.xml", b"")] * 2


def test_a_hub_is_told_of_where_feeds_are(app: App) -> None:
    assert ask(app.files, "/feed.xml").headers["link"] == "<https://hub.example/>; rel=hub"
    assert "link" in ask(app.files, "/feed.xml", {"if-none-match": "*"}).headers
    for path in ("/", "/sitemap.xml", "/notes/caf%C3%A9%20%26%20co.txt"):
        assert "link" not in ask(app.files, path).headers
    assert isinstance(app.files, PublicFiles)
