"""How fast `send` works through the ledger: 2,000 messages to a local server that answers at once.

`python bench/sending.py [MESSAGES] [CONNECTIONS]` prints messages a second; `--profile` what cost most.
"""

from __future__ import annotations

import cProfile
import multiprocessing
import pstats
import sys
import tempfile
import threading
from pathlib import Path
from time import perf_counter
from typing import Any

import yaml

sys.path.insert(0, str(Path(__file__).parent.parent))
sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "delivering"))

from mail_sink import Sink

from publisher import cutting, delivering, gathering, subscribing
from publisher.app import Publisher, open_publisher
from publisher.delivering import opening
from publisher.delivering.messages import Composer
from publisher.delivering.sending import Exchange, Run
from publisher.store import ledger

ROOT = Path(__file__).parent.parent


def serve(channel: Any) -> None:
    """A server in a process of its own; tells its port, and at the end how many messages it kept."""
    with Sink() as sink:
        channel.send(sink.port)
        channel.recv()
        channel.send(len(set(sink.recipients)))


def publication(folder: Path, people: int, port: int, connections: int) -> Publisher:
    """One article, and an edition of it that waits for everybody."""
    smtp = {"host": "127.0.0.1", "port": port, "security": "none", "connections": connections}
    config = {
        "publication": {"url": "https://courier.example"},
        "newsletters": {"daily": {}},
        "mail": {"transport": "smtp", "smtp": smtp},
    }
    (folder / "content").mkdir()
    (folder / "content" / "a.md").write_text("---\ntitle: The ferry\n---\n" + "It is late again. " * 600)
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    p = open_publisher(folder / "config.yaml")
    gathering.gather(p.store, p.config, p.clock())
    with p.store.write() as tx:
        for n in range(people):
            choice = subscribing.Choice(f"reader{n}@example.org", "daily", "confirmed")
            subscribing.take(tx, p.config, choice, p.clock())
    request = cutting.asked(p.config, "daily", "", p.clock(), everybody=True)
    made = cutting.cut(p.store, p.config, p.templates, request, p.clock())
    assert made.edition
    assert made.recipients == people
    opening.open_edition(p.store, made.edition, p.clock())
    return p


def ledger_of(p: Publisher) -> dict[str, str]:
    """Address to status."""
    with p.store.read() as tx:
        return {row.address: row.status for row in ledger.rows(tx, 1)}


def main() -> None:
    profile = "--profile" in sys.argv
    numbers = [int(a) for a in sys.argv[1:] if a.isdigit()]
    people, connections = (*numbers, *(2_000, 4)[len(numbers) :])
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.Process(target=serve, args=(theirs,), daemon=True)
    server.start()
    with tempfile.TemporaryDirectory() as folder:
        p = publication(Path(folder), people, ours.recv(), connections)
        profiler = cProfile.Profile() if profile else None
        begun = perf_counter()
        if profiler:  # the work of one connection, in this thread: what a profile can see
            composer = Composer(p.store, p.config, p.keys)
            run = Run(p.store, p.config, composer, p.clock, None, threading.Event(), lambda _: None)
            run.worker = "bench"
            profiler.runcall(run.drain, p.transport, Exchange(run))
        else:
            delivering.deliver(p.store, p.config, p.keys, p.transport, p.clock)
        seconds = perf_counter() - begun
        wal = Path(folder, "var", "publisher.db-wal").stat().st_size
        p.close()
    ours.send(None)
    kept = ours.recv()
    server.join()
    assert kept == people, f"{kept} of {people} arrived"
    print(
        f"{people:,} messages, {connections} connections: {seconds:.2f} s, {people / seconds:,.0f} a second"
    )
    print(f"write-ahead log at the end: {wal / 1e6:.1f} MB")
    if profiler:
        pstats.Stats(profiler).sort_stats("tottime").print_stats(25)


if __name__ == "__main__":
    main()
