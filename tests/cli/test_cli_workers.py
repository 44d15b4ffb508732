"""Who sends, on all machines; and one id that leads from the log of a process to the ledger."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import func, insert, select, update

from publisher.app import Publisher, open_publisher
from publisher.delivering import workers
from publisher.store import workforce
from publisher.store.schema import deliveries, events
from publisher.store.schema import workers as table

BOTH = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)
KEYS = "name host pid alive sends since under_way last_seen last_outcome"


@pytest.fixture
def sending(site: Any, database: str, new_store: Callable[[Path], str]) -> Any:
    """A publication with three deliveries of an open edition."""
    address = new_store(site.folder)
    (site.folder / "config.yaml").write_text(f"store: {address}\nnewsletters: {{daily: {{}}}}\n")
    assert site("gather").code == 0
    for name in ("ada", "ben", "cy"):
        assert site("subscribers", "add", f"{name}@example.org").code == 0
    assert site("cut", "daily", "--now").code == 0
    assert site("send", "daily/1", "--no-wait").code == 0
    return site


@pytest.fixture
def p(sending: Any) -> Any:
    with_store = open_publisher(sending.folder / "config.yaml")
    yield with_store
    with_store.close()


def started(p: Publisher, worker: str, most: int) -> None:
    """As if this worker had started some."""
    with p.store.write() as tx:
        ids = list(tx.scalars(select(deliveries.c.id).where(deliveries.c.status == "queued").limit(most)))
        changed = update(deliveries).where(deliveries.c.id.in_(ids))
        tx.execute(changed.values(status="sending", worker=worker, attempt=1))


@BOTH
def test_who_sends_and_who_died(sending: Any, p: Publisher) -> None:
    nobody = sending("status", "--workers")
    assert (nobody.code, "Nothing is being sent" in nobody.out) == (0, True)
    assert sending("status", "--workers", "--json").json == []

    long_ago = datetime.now(UTC) - timedelta(hours=2)
    dead = {"name": "77-dead", "host": "mill", "pid": 77, "begun_at": long_ago, "lease_until": long_ago}
    with p.store.write() as tx:
        tx.execute(insert(table).values(dead))
    started(p, "77-dead", 1)
    started(p, "88-lost", 1)  # it has said goodbye
    with workers.working(p.store) as held:
        started(p, held.worker, 1)
        outcome = {"old": "sending", "new": "deferred", "attempt": 1, "worker": held.worker}
        with p.store.write() as tx:
            mine = tx.scalar(select(func.min(deliveries.c.id)).where(deliveries.c.worker == held.worker))
            tx.execute(insert(events).values(delivery_id=mine, at=long_ago, **outcome))
        shown, listed = sending("status", "--workers"), sending("status", "--workers", "--json").json
    assert shown.code == 0
    assert "is gone: whoever sends next settles what it had under way (1)" in shown.err
    assert all(set(one) == set(KEYS.split()) for one in listed)
    found = {one["name"]: one for one in listed}
    assert found.keys() == {held.worker, "77-dead", "88-lost"}
    assert [one["name"] for one in listed] == sorted(found)

    mine = found[held.worker]
    assert (mine["alive"], mine["host"], mine["pid"]) == (True, socket.gethostname(), os.getpid())
    assert (mine["under_way"], mine["last_outcome"]) == (1, "deferred")
    now = datetime.now(UTC)
    assert timedelta(seconds=-5) < now - datetime.fromisoformat(mine["last_seen"]) < timedelta(seconds=30)
    assert datetime.fromisoformat(mine["since"]) <= now + timedelta(seconds=5)
    gone, lost = found["77-dead"], found["88-lost"]
    assert (gone["alive"], gone["host"], gone["pid"], gone["under_way"]) == (False, "mill", 77, 1)
    assert abs(datetime.fromisoformat(gone["last_seen"]) - long_ago) < timedelta(seconds=1)
    assert (lost["alive"], lost["host"], lost["since"], lost["under_way"]) == (False, "", None, 1)
    after = {one.name: one.alive for one in workforce.everybody(p.store)}
    assert after == {held.worker: False, "77-dead": False, "88-lost": False}

    workers.tidy(p.store, p.config.delivery, datetime.now(UTC))
    assert sending("status", "--workers", "--json").json == []


def test_workers_are_asked_for_alone(site: Any) -> None:
    for more in (["daily/1"], ["--watch"]):
        ran = site("status", "--workers", *more)
        assert (ran.code, "expected --workers alone" in ran.err) == (64, True)


INSTANT = """\
publication: {title: The Courier, url: "https://courier.example"}
newsletters: {daily: {from: "The Courier <daily@courier.example>", default: {cadence: instant}}}
"""


def test_one_id_leads_from_the_log_to_the_ledger(site: Any) -> None:
    site.write("config.yaml", INSTANT)
    assert site("gather").code == 0
    assert site("subscribers", "add", "ann@example.org").code == 0
    site.write("content/late.md", "---\ntitle: Late news\ndate: 2026-11-20\n---\nAt noon.\n")
    log = site.folder / "log"
    with log.open("w") as stderr:
        environment = os.environ | {"PUBLISHER_LOG": "json"}
        running = site.start("run", "--port", "0", stderr=stderr, env=environment, stdout=subprocess.DEVNULL)
        address = _said(log, "http://").split("http://")[1].split("/")[0]
        _said(log, '"sending"')
        ready = httpx.get(f"http://{address}/readyz")
        metrics = httpx.get(f"http://{address}/metrics")
        running.terminate()
        assert running.wait(20) == 0
    assert (ready.status_code, ready.text) == (200, "ready\n")
    assert 'publisher_deliveries{newsletter="daily",status="sent"} 1\n' in metrics.text

    lines = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
    about = [line for line in lines if line.get("edition") == "daily/1"]
    assert [line["message"] for line in about][:2] == ["cut", "opened"]
    assert about[0]["recipients"] == 1
    (run,) = {line["run"] for line in about if line["message"] == "sending"}
    (delivery,) = site("deliveries", "daily/1", "--json").json
    assert (delivery["status"], delivery["worker"]) == ("sent", run)
    p = open_publisher(site.folder / "config.yaml")
    with p.store.read() as tx:
        assert set(tx.scalars(select(events.c.worker))) == {run}
    p.close()
    assert "@" not in log.read_text()


def _said(log: Path, what: str) -> str:
    """The first line with this in it, waited for."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        for line in log.read_text().splitlines():
            if what in line:
                return line
        time.sleep(0.05)
    raise AssertionError(log.read_text())
