"""What the guarantee is worth: 50 recipients, killed at every step; then 200 kills at random.

`python bench/kills.py [RECIPIENTS] [KILLS] [STORE]` sends to an SMTP server in this process, whose own book
is the judge. Each kill is a `kill -9`; what is said at the end must be 0 lost and 0 with two copies. With
STORE, the address of an empty PostgreSQL database, two workers send side by side, and each kill hits one of
them: the other goes on, and a new one comes.
"""

from __future__ import annotations

import itertools
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "delivering"))
sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
sys.path.insert(0, str(Path(__file__).parents[1]))

import astray
import dying
import yaml
from forking import Forked
from mail_sink import Sink

from publisher import cutting, delivering, gathering, subscribing
from publisher.app import Publisher, open_publisher
from publisher.delivering import opening
from publisher.store import ledger
from publisher.store.schema import metadata

LEASE = 2.0
AS_CUT = """UPDATE deliveries SET status = 'queued', attempt = 0, worker = '', started_at = NULL,
    dated_at = NULL, finished_at = NULL, code = 0, reply = '', due_at = first_due_at"""


@dataclass
class Sending:
    """An opened edition, and the server that it goes to."""

    folder: Path
    publisher: Publisher
    edition: int
    sink: Sink
    connections: int

    def start(self, first: Any = None, *command: str) -> Forked:
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        return Forked(command or ["send", "daily/1"], cwd=self.folder, first=first, **quiet)

    def waiting(self) -> bool:
        with self.publisher.store.read() as tx:
            counts = ledger.counts(tx, self.edition)
        return any(counts[status] for status in ("queued", "sending", "deferred"))

    def anew(self) -> None:
        with self.publisher.store.write() as tx:
            tx.exec_driver_sql("DELETE FROM events")
            tx.exec_driver_sql(AS_CUT)
            tx.exec_driver_sql("UPDATE editions SET state = 'sending', done_at = NULL")
        self.sink.kept.clear()

    def go_on(self) -> None:
        p = self.publisher
        delivering.deliver(p.store, p.config, p.keys, p.transport, p.clock)

    def judge(self, kills: int) -> tuple[int, int]:
        """How many are unknown, and how many of these have arrived."""
        with self.publisher.store.read() as tx:
            rows = {row.address: row.status for row in ledger.rows(tx, self.edition)}
        copies = Counter(self.sink.recipients)
        unknown = {a for a, status in rows.items() if status == "unknown"}
        sent = {a for a, status in rows.items() if status == "sent"}
        assert max(copies.values()) == 1, "two copies"
        assert sent <= set(copies), "sent, and not arrived"
        assert set(rows) == sent | unknown, "lost"
        assert set(copies) <= sent | unknown, "arrived, and not known"
        assert len(unknown) <= 2 * self.connections * kills
        return len(unknown), len(unknown & set(copies))


def publication(folder: Path, people: int, sink: Sink, connections: int, store: str = "") -> Sending:
    smtp = {"host": "127.0.0.1", "port": sink.port, "security": "none", "connections": connections}
    settings = {
        "publication": {"url": "https://courier.example"},
        "newsletters": {"daily": {}},
        "mail": {"transport": "smtp", "smtp": smtp},
    } | ({"store": store} if store else {})
    (folder / "content").mkdir()
    (folder / "content" / "a.md").write_text("---\ntitle: The ferry\n---\nIt is late again.\n")
    (folder / "config.yaml").write_text(yaml.safe_dump(settings))
    p = open_publisher(folder / "config.yaml")
    gathering.gather(p.store, p.config, p.clock())
    with p.store.write() as tx:
        for n in range(people):
            choice = subscribing.Choice(f"reader{n}@example.org", "daily", "confirmed")
            subscribing.take(tx, p.config, choice, p.clock())
    request = cutting.asked(p.config, "daily", "", p.clock(), everybody=True)
    edition = cutting.cut(p.store, p.config, p.templates, request, p.clock()).edition
    assert edition
    opening.open_edition(p.store, edition, p.clock())
    return Sending(folder, p, edition.id, sink, connections)


def every_step(recipients: int) -> None:
    unknown = 0
    with Sink(offers=("PIPELINING",)) as sink, tempfile.TemporaryDirectory() as folder:
        s = publication(Path(folder), recipients, sink, 1)
        for step in itertools.count(1):
            s.anew()
            ended = s.start((dying.__file__, "at", step)).wait(60)
            s.go_on()
            unknown += s.judge(1)[0]
            if ended == 0:
                break
            assert ended == -signal.SIGKILL
        s.publisher.close()
    print(f"{recipients} recipients, killed at each of {step - 1} steps: 0 lost, 0 twice, {unknown} unknown")


def at_random(kills: int, connections: int = 4) -> None:
    people, seed = 40 * kills, random.randrange(1 << 32)
    dice = random.Random(seed)
    with Sink(offers=("PIPELINING",), delay=0.002) as sink, tempfile.TemporaryDirectory() as folder:
        s = publication(Path(folder), people, sink, connections)
        for _ in range(kills):
            process = s.start()
            sink.wait_for(min(len(sink.kept) + dice.randrange(1, 30), people))
            time.sleep(dice.random() * 0.02)
            process.kill()
            process.wait()
        s.start().wait(600)
        unknown, arrived = s.judge(kills)
        s.publisher.close()
    print(
        f"{kills} kills at random, {connections} connections, {people:,} recipients, seed {seed}: 0 lost, "
        f"0 twice, {unknown} unknown by name (at most {2 * connections * kills}), {arrived} of them arrived"
    )


def over_two_workers(kills: int, store: str, connections: int = 4) -> None:
    people, seed = 40 * kills, random.randrange(1 << 32)
    dice = random.Random(seed)
    with Sink(offers=("PIPELINING",), delay=0.002) as sink, tempfile.TemporaryDirectory() as folder:
        s = publication(Path(folder), people, sink, connections, store)
        both = [s.start((astray.__file__, "short_lease", LEASE), "worker") for _ in range(2)]
        for _ in range(kills):
            sink.wait_for(min(len(sink.kept) + dice.randrange(1, 30), people))
            time.sleep(dice.random() * 0.02)
            one = dice.randrange(2)
            both[one].kill()
            both[one].wait()
            both[one] = s.start((astray.__file__, "short_lease", LEASE), "worker")
        while s.waiting():
            time.sleep(0.2)
        for process in both:
            process.terminate()
            process.wait(30)
        unknown, arrived = s.judge(kills)
        with s.publisher.store.write() as tx:
            metadata.drop_all(tx)
            tx.exec_driver_sql("DROP TABLE alembic_version")
        s.publisher.close()
    print(
        f"{kills} kills over two workers on PostgreSQL, {people:,} recipients, seed {seed}: 0 lost, 0 twice, "
        f"{unknown} unknown by name (at most {2 * connections * kills}), {arrived} of them arrived"
    )


def main() -> None:
    recipients, kills = (*map(int, sys.argv[1:3]), *(50, 200)[len(sys.argv[1:3]) :])
    if store := "".join(sys.argv[3:4]):
        over_two_workers(kills, store)
        return
    every_step(recipients)
    at_random(kills)


if __name__ == "__main__":
    main()
