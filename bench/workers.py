"""How a send grows with workers on one PostgreSQL.

    python bench/workers.py STORE [--messages N] [--workers 1,2,4] [--near]

STORE is the address of an empty PostgreSQL database. Worker processes with two connections each send a digest
of about 20 kB to Postfix's sink: 20 ms away, where the way is the limit, or `--near`, where the machine is
(then with ten connections each). Printed are messages a second from the first start to the last answer, by
the ledger's own times, and the ratio to one worker.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1]))

from sending import SIZE, Far, sink

from publisher.app import Publisher
from publisher.cli import benching
from publisher.store import ledger
from publisher.store.schema import metadata

SPAN = """SELECT extract(epoch FROM max(finished_at) - min(started_at)), count(DISTINCT worker)
    FROM deliveries WHERE status = 'sent'"""


def waiting(p: Publisher, edition: int) -> bool:
    with p.store.read() as tx:
        counts = ledger.counts(tx, edition)
    return any(counts[status] for status in ("queued", "sending", "deferred"))


def sent(store: str, port: int, messages: int, workers: int, connections: int) -> tuple[float, int]:
    """Messages a second, and how many workers took part."""
    plan = benching.Plan("127.0.0.1", port, messages, SIZE, connections, store)
    with tempfile.TemporaryDirectory() as name, benching.publication(plan, Path(name)) as p:
        edition = benching.prepared(p, plan, Path(name))
        command: dict[str, Any] = {"cwd": name, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        run = [sys.executable, "-m", "publisher", "worker"]
        all_of_them = [subprocess.Popen(run, **command) for _ in range(workers)]
        while waiting(p, edition.id):
            time.sleep(0.5)
        for each in all_of_them:
            each.terminate()
        for each in all_of_them:
            each.wait(60)
        with p.store.read() as tx:
            seconds, took_part = tx.exec_driver_sql(SPAN).one()
        with p.store.write() as tx:
            metadata.drop_all(tx)
            tx.exec_driver_sql("DROP TABLE alembic_version")
    return messages / float(seconds), int(took_part)


def main() -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument("store")
    asked.add_argument("--messages", type=int, default=0)
    asked.add_argument("--workers", default="1,2,4")
    asked.add_argument("--near", action="store_true")
    given = asked.parse_args()
    one = 0.0
    with sink() as port:
        to, connections, each = (port, 10, 20_000) if given.near else (Far(port).port, 2, 2_000)
        for workers in map(int, given.workers.split(",")):
            messages = given.messages or each * (1 if given.near else workers)
            rate, took_part = sent(given.store, to, messages, workers, connections)
            one = one or rate
            print(f"{workers} workers ({took_part} at work): {rate:8,.0f} a second, {rate / one:.2f} of one")


if __name__ == "__main__":
    main()
