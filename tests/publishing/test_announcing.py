"""Hubs: every change is told once it is there, however often the hub is away or the process is killed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import pytest

from publisher import scheduler
from publisher.app import Publisher, open_publisher
from publisher.publishing import announcing
from publisher.publishing.announcing import Announced
from publisher.store import announcements
from publisher.store.schema import schedule

SLUG = "ü" * 80


@dataclass
class Heard:
    """A hub that answers as it is told to, and what it heard."""

    port: int = 0
    answers: list[int] = field(default_factory=list)
    topics: list[str] = field(default_factory=list)


@pytest.fixture
def hub() -> Iterator[Heard]:
    heard = Heard()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            assert form["hub.mode"] == ["publish"]
            heard.topics += form["hub.url"]
            self.send_response(heard.answers.pop(0) if heard.answers else 204)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    heard.port = server.server_address[1]
    yield heard
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def publisher(publication: Callable[..., Publisher], hub: Heard, clock: Any) -> Publisher:
    clock.set("2026-11-21T08:00")
    return publication(
        websub=f"http://127.0.0.1:{hub.port}/?key=a%20b", publication={"url": "https://courier.example"}
    )


def announce(p: Publisher, clock: Any, **later: int) -> tuple[Announced, list[str]]:
    clock.move(**later)
    said: list[str] = []
    return announcing.announce(p.store, p.config, p.clock(), 5.0, said.append), said


def noted(p: Publisher) -> int:
    with p.store.read() as tx:
        return len(announcements.due(tx, p.clock() + timedelta(days=9)))


def test_changed_feeds_are_told_once(publisher: Publisher, hub: Heard, clock: Any) -> None:
    paths = ["feed.xml", "feed.json", "feeds/sport.atom", f"authors/{SLUG}/atom.xml", "index.html"]
    announcing.note(publisher.store, publisher.config, [*paths, "feeds/archive/main/50-1.xml", "a/feed.xml"])
    # as if the process had been killed right after the note: another one tells
    other = open_publisher(publisher.store.folder.parent / "config.yaml", clock)
    done, said = announce(other, clock)
    other.close()
    assert (done, said) == (Announced(told=4), [])
    base = "https://courier.example"
    author = f"{base}/authors/{'%C3%BC' * 80}/atom.xml"
    assert sorted(hub.topics) == sorted(
        [f"{base}/feed.xml", f"{base}/feed.json", f"{base}/feeds/sport.atom", author]
    )
    assert announce(publisher, clock, hours=9) == (Announced(), [])


def test_the_tick_tells(publisher: Publisher, hub: Heard) -> None:
    announcing.note(publisher.store, publisher.config, ["feed.xml"])
    scheduler.tick(publisher)
    assert "https://courier.example/feed.xml" in hub.topics
    assert noted(publisher) == 0


def test_a_hub_that_is_busy_is_asked_later_and_later(publisher: Publisher, hub: Heard, clock: Any) -> None:
    announcing.note(publisher.store, publisher.config, ["feed.xml", "atom.xml", "feeds/sport.xml"])
    hub.answers[:] = [503, 429]
    assert announce(publisher, clock) == (Announced(waiting=3), [])
    assert len(hub.topics) == 1  # it said no once for all of them
    assert announce(publisher, clock, seconds=59) == (Announced(), [])
    assert announce(publisher, clock, seconds=1) == (Announced(waiting=3), [])
    assert announce(publisher, clock, seconds=119) == (Announced(), [])
    assert announce(publisher, clock, seconds=1) == (Announced(told=3), [])
    assert noted(publisher) == 0


def test_a_hub_that_is_away_for_good_is_given_up(publisher: Publisher, hub: Heard, clock: Any) -> None:
    away = publisher.config.model_copy(update={"websub": "http://127.0.0.1:1/"})
    announcing.note(publisher.store, away, ["feed.xml"])
    for _ in range(announcing._MOST_ATTEMPTS):
        clock.move(hours=1)
        said: list[str] = []
        announcing.announce(publisher.store, away, publisher.clock(), 5.0, said.append)
    (sentence,) = said
    assert sentence.startswith(
        "websub: http://127.0.0.1:1/ was not told of https://courier.example/feed.xml: "
    )
    assert noted(publisher) == 0
    assert hub.topics == []


@pytest.mark.parametrize("status", [400, 404, 301])
def test_what_a_hub_refuses_is_said_and_not_repeated(
    publisher: Publisher, hub: Heard, clock: Any, status: int
) -> None:
    announcing.note(publisher.store, publisher.config, ["feed.xml", "feeds/sport.xml"])
    hub.answers[:] = [status]
    done, (sentence,) = announce(publisher, clock)
    assert done == Announced(told=1, refused=1)
    assert f": {status} " in sentence
    assert noted(publisher) == 0


def test_a_short_time_tells_a_part(publisher: Publisher, hub: Heard) -> None:
    announcing.note(publisher.store, publisher.config, ["feed.xml", "feeds/sport.xml"])
    announcing.announce(publisher.store, publisher.config, publisher.clock(), -1.0, print)
    assert (hub.topics, noted(publisher)) == ([], 2)


def test_without_a_hub_nothing_is_noted(publication: Callable[..., Publisher]) -> None:
    p = publication()
    announcing.note(p.store, p.config, ["feed.xml"])
    with p.store.read() as tx:
        assert not [row for row in tx.execute(schedule.select()) if row.name.startswith("websub")]
