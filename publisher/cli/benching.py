"""A throw-away publication for a benchmark: many subscribers, one real digest, one real mail server."""

from __future__ import annotations

import resource
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import yaml

from publisher import cutting, delivering, gathering
from publisher.app import Publisher, open_publisher
from publisher.delivering import opening
from publisher.delivering.metering import Meter
from publisher.delivering.previewing import preview
from publisher.errors import Refused
from publisher.store import clock, ledger, schema
from publisher.store.editions import Edition

_CHUNK, _COMMITS = 5_000, 50
_SUMMARY = "The tide waits for no timetable, “as ever”, and the ferry is late again. " * 2


@dataclass(frozen=True)
class Plan:
    """What is measured: `size` in bytes of a whole message, `store` the URL of an empty database or empty."""

    host: str
    port: int
    messages: int
    size: int
    connections: int
    store: str = ""
    dkim: bool = False


def run(plan: Plan, progress: Callable[[int], None]) -> dict[str, Any]:
    """Send the digest to everybody; the measurements. Raises PublisherError."""
    with tempfile.TemporaryDirectory(prefix=".publisher-bench-", dir=".") as name:
        folder = Path(name)
        with publication(plan, folder) as p:
            edition = prepared(p, plan, folder)
            return {
                "bytes": _size(p, edition.name),
                "commit_ms": _commit_ms(p),
                **_sent(p, edition, progress),
            }


def prepared(p: Publisher, plan: Plan, folder: Path) -> Edition:
    """Articles and subscribers as planned, and their digest cut and opened."""
    _subscribe(p, 1, 1)
    _write_articles(p, plan, folder)
    _subscribe(p, 2, plan.messages)
    return _cut(p)


@contextmanager
def publication(plan: Plan, folder: Path) -> Iterator[Publisher]:
    """A publication without anything in it."""
    smtp = {"host": plan.host, "port": plan.port, "security": "none", "connections": plan.connections}
    mail: dict[str, Any] = {"transport": "smtp", "smtp": smtp | {"insecure": True}, "mx_lookup": False}
    if plan.dkim:
        key = ["openssl", "genrsa", "-out", str(folder / "dkim.pem"), "2048"]
        subprocess.run(key, check=True, capture_output=True)
        mail["dkim"] = {"domain": "bench.example", "selector": "bench", "key_file": "dkim.pem"}
    site = {"title": "Benchmark", "url": "https://bench.example", "postal_address": "1 Quay"}
    daily = {"from": "daily@bench.example", "max_articles": 200}
    settings: dict[str, Any] = {"publication": site, "mail": mail, "newsletters": {"daily": daily}}
    if plan.store:
        settings["store"] = plan.store
    (folder / "config.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    (folder / "content").mkdir()
    publisher = open_publisher(folder / "config.yaml")
    try:
        yield publisher
    finally:
        publisher.close()


def _write_articles(p: Publisher, plan: Plan, folder: Path) -> None:
    """As many stories as make a message of that size: two numbers are tried, and the third follows."""
    few, more = 2, 6
    sizes = [_size_with(p, folder, stories) for stories in (few, more)]
    each = max((sizes[1] - sizes[0]) / (more - few), 1)
    _size_with(p, folder, max(more, round(few + (plan.size - sizes[0]) / each)))


def _size_with(p: Publisher, folder: Path, stories: int) -> int:
    for number in range(stories):
        published = (p.clock() - timedelta(minutes=1 + number)).isoformat()
        front = f'title: The ferry is late {number}\ndate: {published}\nsummary: "{_SUMMARY}"\n'
        (folder / f"content/{number}.md").write_text(f"---\n{front}---\n{_SUMMARY}\n", encoding="utf-8")
    gathering.gather(p.store, p.config, p.clock())
    return _size(p)


def _size(p: Publisher, what: str = "daily") -> int:
    return len(preview(p.store, p.config, p.templates, p.keys, what, "r1@example.org", p.clock()).eml)


def _subscribe(p: Publisher, start: int, end: int) -> None:
    now = p.clock()
    each = {"newsletter": "daily", "status": "confirmed", "topics": None, "cadence": "daily", "weekday": 0}
    each |= {"day": 1, "hour": 7, "zone": "UTC", "language": "en", "mark": 0, "since": 0}
    for first in range(start, end + 1, _CHUNK):
        ids = range(first, min(first + _CHUNK, end + 1))
        people = [
            {"id": n, "address": f"r{n}@example.org", "address_key": f"r{n}@example.org", "name": f"R. {n}"}
            | {"attributes": {}, "created_at": now}
            for n in ids
        ]
        with p.store.write() as tx:
            tx.execute(schema.subscribers.insert(), people)
            tx.execute(
                schema.subscriptions.insert(),
                [{**each, "subscriber_id": n, "next_due_at": now, "created_at": now} for n in ids],
            )


def _cut(p: Publisher) -> Edition:
    request = cutting.asked(p.config, "daily", "", p.clock(), everybody=True)
    edition = cutting.cut(p.store, p.config, p.templates, request, p.clock()).edition
    assert edition
    return opening.open_edition(p.store, edition, p.clock())


def _commit_ms(p: Publisher) -> float:
    begun = perf_counter()
    for number in range(_COMMITS):
        with p.store.write() as tx:
            clock.remember(tx, "bench", str(number), p.clock())
    return (perf_counter() - begun) / _COMMITS * 1000


def _sent(p: Publisher, edition: Edition, progress: Callable[[int], None]) -> dict[str, Any]:
    meter, begun, cpu = Meter(), perf_counter(), process_time()
    done = delivering.deliver(p.store, p.config, p.keys, p.transport, p.clock, progress=progress, meter=meter)
    if done.unavailable:
        raise Refused(f"the mail server {p.config.mail.smtp[0].host} took not everything: {done.unavailable}")
    seconds, cpu = perf_counter() - begun, process_time() - cpu
    with p.store.read() as tx:
        sent = ledger.counts(tx, edition.id)["sent"]
    parts = {"read": meter.read, "splice": meter.compose - meter.sign, "sign": meter.sign}
    parts |= {"exchange": meter.exchange, "ledger": meter.ledger}
    spent = {name: ns / 1000 / max(sent, 1) for name, ns in parts.items()}
    total = cpu * 1e6 / max(sent, 1)
    return {
        "sent": sent,
        "seconds": seconds,
        "per_second": sent / seconds,
        "cpu_us": total,
        "cpu_us_by_part": spent | {"rest": total - sum(spent.values())},
        "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
