"""Alive, ready, measured: what is told to whom, on both databases, and when the store keeps silent."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select, text, update

from publisher import scheduler
from publisher.app import Publisher
from publisher.errors import ConfigError
from publisher.store import migrating, workforce
from publisher.store.schema import schedule
from publisher.web import exposition, health
from publisher.web.public import application

BOTH = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)


class Asking:
    """The application, asked from this machine unless it is said otherwise; one answer after the other."""

    def __init__(self, p: Publisher) -> None:
        self.application = application(p)

    def __call__(self, *paths: str, peer: str = "127.0.0.1", **headers: str) -> list[httpx.Response]:
        async def ask() -> list[httpx.Response]:
            async with self.client(peer) as http:
                given = {name.replace("_", "-").encode(): value.encode() for name, value in headers.items()}
                return [await http.get(path, headers=given) for path in paths]

        return asyncio.run(ask())

    def client(self, peer: str = "127.0.0.1") -> httpx.AsyncClient:
        transport = httpx.ASGITransport(self.application, client=(peer, 4711))
        return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000")


def aged(p: Publisher, name: str, **by: float) -> None:
    """The clock's last look was longer ago."""
    with p.store.write() as tx:
        at = tx.scalar(select(schedule.c.at).where(schedule.c.name == name))
        assert at
        earlier = at - timedelta(**by)
        tx.execute(update(schedule).where(schedule.c.name == name).values(at=earlier))


def readiness(p: Publisher) -> tuple[int, str]:
    """What a new process says of itself."""
    (answer,) = Asking(p)("/readyz")
    assert answer.text.count("\n") == 1
    return answer.status_code, answer.text.strip()


@BOTH
def test_ready_is_who_has_a_store_and_a_clock(publication: Callable[..., Publisher]) -> None:
    p = publication()
    assert readiness(p) == (503, "no clock has ever ticked: start publisher run or worker")
    scheduler.tick(p)
    assert readiness(p) == (200, "ready")
    aged(p, workforce.TICKED, seconds=70)
    status, said = readiness(p)
    assert status == 503
    assert said.startswith("no clock has ticked for 7")

    with p.store.alone("tick"):
        assert readiness(p) == (200, "ready"), "a tick that takes long is at work"
        aged(p, workforce.TICKED, minutes=15)
        assert readiness(p)[0] == 503, "but nobody believes it for ever"
    aged(p, workforce.TICKED, minutes=-15)
    assert readiness(p)[0] == 503, "nobody holds the lock any more"

    scheduler.tick(p, once=True)
    aged(p, workforce.TICKED_ONCE, minutes=50)
    assert readiness(p) == (200, "ready"), "cron looks when it looks"
    aged(p, workforce.TICKED_ONCE, minutes=20)
    assert readiness(p)[0] == 503
    scheduler.tick(p)
    assert readiness(p) == (200, "ready")


@BOTH
def test_a_tick_is_written_down_seldom(publication: Callable[..., Publisher]) -> None:
    p = publication()

    def written() -> Any:
        with p.store.read() as tx:
            return tx.scalar(select(schedule.c.at).where(schedule.c.name == workforce.TICKED))

    workforce.note_tick(p.store, workforce.TICKED)
    first = written()
    workforce.note_tick(p.store, workforce.TICKED)
    assert written() == first
    for by in (16, -3600):  # later, and after a clock that was an hour ahead
        aged(p, workforce.TICKED, seconds=by)
        workforce.note_tick(p.store, workforce.TICKED)
        with p.store.read() as tx:
            age = workforce.tick_age(tx, workforce.TICKED)
        assert age is not None
        assert 0 <= age < 10


@BOTH
@pytest.mark.parametrize("version", ["0001", "9999"])
def test_a_store_of_another_version_is_not_ready(publication: Callable[..., Publisher], version: str) -> None:
    p = publication()
    scheduler.tick(p)
    with p.store.write() as tx:
        tx.execute(text("UPDATE alembic_version SET version_num = :v, oldest = :v"), {"v": version})
    status, said = readiness(p)
    assert (status, version in said, migrating.HEAD in said) == (503, True, True)


@BOTH
def test_a_newer_store_that_bears_this_program_is_ready(publication: Callable[..., Publisher]) -> None:
    p = publication()
    scheduler.tick(p)
    with p.store.write() as tx:
        tx.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    assert readiness(p) == (200, "ready")
    assert migrating.migrate(p.store) is False


def test_a_store_that_cannot_be_read_is_one_line_and_no_traceback(
    publication: Callable[..., Publisher], caplog: pytest.LogCaptureFixture
) -> None:
    p = publication()
    p.store.close()
    (p.store.folder / "publisher.db").write_bytes(b"no database at all" * 100)
    ask = Asking(p)
    ready, metrics, alive = ask("/readyz", "/metrics", "/healthz")
    assert ready.text == metrics.text == "the store is unreadable: file is not a database\n"
    assert (ready.status_code, metrics.status_code) == (503, 503)
    assert (alive.status_code, alive.text) == (200, "ok\n")
    (stranger,) = ask("/readyz", peer="192.0.2.7")
    assert (stranger.status_code, stranger.text) == (503, "not ready\n")
    assert [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING] == [
        "not ready: the store is unreadable: file is not a database"
    ]


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_store_that_keeps_silent_holds_nobody_up(
    publication: Callable[..., Publisher], monkeypatch: pytest.MonkeyPatch
) -> None:
    p = publication()
    scheduler.tick(p)
    monkeypatch.setattr(health, "_PATIENCE", 0.5)
    monkeypatch.setattr(health, "_READY_SECONDS", 0.0)
    ask, free = Asking(p), threading.Event()

    async def asked() -> None:
        loop = asyncio.get_running_loop()
        async with ask.client() as http:
            began = loop.time()
            first, second = (asyncio.ensure_future(http.get("/readyz")) for _ in range(2))
            await asyncio.sleep(0.1)
            alive = await http.get("/healthz")
            assert (alive.status_code, loop.time() - began < 0.4) == (200, True)
            for answer in (await first, await second):
                assert answer.status_code == 503
                assert answer.text.startswith("the store has not answered for")
            assert loop.time() - began < 1.5
            began = loop.time()
            assert (await http.get("/readyz")).status_code == 503
            assert loop.time() - began < 0.3, "it was waited for already"
            assert sum(t.name == "look" for t in threading.enumerate()) == 1
            free.set()
            until = loop.time() + 10
            while (await http.get("/readyz")).status_code != 200:
                assert loop.time() < until
                await asyncio.sleep(0.05)

    with p.store.write() as tx:
        tx.execute(text("LOCK TABLE alembic_version IN ACCESS EXCLUSIVE MODE"))
        asking = threading.Thread(target=asyncio.run, args=(asked(),))
        asking.start()
        free.wait(20)
    asking.join()
    assert free.is_set()
    assert readiness(p) == (200, "ready")


STRANGERS: list[tuple[str, dict[str, str]]] = [
    ("192.0.2.7", {}),
    ("10.0.0.2", {}),
    ("", {}),
    ("127.0.0.1", {"x_forwarded_for": "127.0.0.1"}),
    ("127.0.0.1", {"forwarded": "for=127.0.0.1"}),
    ("127.0.0.1", {"x_real_ip": "127.0.0.1"}),
    ("127.0.0.1", {"via": "1.1 proxy"}),
    ("127.0.0.1", {"host": "courier.example"}),
    ("127.0.0.1", {"host": "[::1"}),
    ("127.0.0.1", {"authorization": "Bearer x", "host": "courier.example"}),
]


@pytest.mark.parametrize(("peer", "headers"), STRANGERS)
def test_the_numbers_are_nobody_elses_business(
    publication: Callable[..., Publisher], peer: str, headers: dict[str, str]
) -> None:
    p = publication()
    ask = Asking(p)
    metrics, nothing, alive, ready = ask("/metrics", "/nothing", "/healthz", "/readyz", peer=peer, **headers)
    assert (metrics.status_code, metrics.content) == (nothing.status_code, nothing.content)
    assert (metrics.status_code, metrics.headers.keys()) == (404, nothing.headers.keys())
    assert alive.text == "ok\n"
    assert (ready.status_code, ready.text) == (503, "not ready\n")


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"])
@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1", "[::1]:8000"])
def test_without_a_token_this_machine_may_know(publication: Any, peer: str, host: str) -> None:
    (answer,) = Asking(publication())("/metrics", peer=peer, host=host)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == exposition.CONTENT_TYPE
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("named", ["file", "env"])
def test_with_a_token_whoever_has_it_and_nobody_else(
    publication: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch, named: str
) -> None:
    (tmp_path / "token").write_text("s3cret-ü\n", encoding="utf-8")
    monkeypatch.setenv("METRICS_TOKEN", "s3cret-ü")
    p = publication(web={f"metrics_token_{named}": {"file": "token", "env": "METRICS_TOKEN"}[named]})
    ask = Asking(p)
    for given in ("", "Bearer", "Bearer s3cret", "Basic s3cret-ü", "s3cret-ü", "Bearer s3cret-üü"):
        (answer,) = ask("/metrics", authorization=given)
        assert answer.status_code == 404, given
    for peer in ("192.0.2.7", "127.0.0.1"):
        headers = {"authorization": "bearer s3cret-ü", "x_forwarded_for": "192.0.2.9"}
        (answer,) = ask("/metrics", peer=peer, **headers)
        assert answer.status_code == 200
    assert "s3cret" not in repr(p.config)


@pytest.mark.parametrize(
    ("web", "key"),
    [
        ({"metrics_token_env": "NOT_SET_ANYWHERE"}, "web.metrics_token_env"),
        ({"metrics_token_file": "nothing"}, "web.metrics_token_file"),
        ({"metrics_token_file": "empty"}, "web.metrics_token_file"),
    ],
)
def test_a_token_that_is_not_there_opens_no_door(publication: Any, tmp_path: Any, web: Any, key: str) -> None:
    (tmp_path / "empty").write_text(" \n")
    with pytest.raises(ConfigError, match=key):
        application(publication(web=web))


def test_a_scrape_that_takes_long_is_answered_later(
    publication: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    p = publication()
    monkeypatch.setattr(health, "_SCRAPE_PATIENCE", 0.1)
    slow = health.Collector.gauges
    monkeypatch.setattr(health.Collector, "gauges", lambda self: time.sleep(0.4) or slow(self))
    ask = Asking(p)

    async def asked() -> list[int]:
        async with ask.client() as http:
            first = (await http.get("/metrics")).status_code
            await asyncio.sleep(0.8)
            return [first, (await http.get("/metrics")).status_code]

    assert asyncio.run(asked()) == [503, 200]
