"""A year of a daily newsletter: how large the store gets, and whether anything gets slower.

    python bench/year.py [SUBSCRIBERS] [DAYS] [STORE]

Every day is gathered and cut as in real life, its deliveries written as sent by the ledger's own statements
(no mail leaves: `bench/sending.py` measures that), and the clock compacts what was done 40 days ago. Printed
are, for every 30th day, what a cut and a compaction take, the longest transaction among them, and the size of
the store; then what it takes to explain a subscriber at the end of it. STORE is an empty PostgreSQL database.
"""

from __future__ import annotations

import math
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from cut import Watch

from publisher import cutting, delivering, gathering
from publisher.app import Publisher
from publisher.cli import benching
from publisher.cli.benching import Plan
from publisher.delivering import compacting, explaining, opening, workers
from publisher.store import attempts, claims, gauges, ledger
from publisher.store.editions import Edition
from publisher.store.groups import Ended, Group, Started

BEGIN, REPLY = datetime(2026, 1, 1, 7, tzinfo=UTC), "2.0.0 Ok: queued as 4XyZ0b1c2Dz9s"
CLAIM = 1000


def publish(p: Publisher, folder: Path, day: int, now: datetime) -> None:
    """Three articles a day."""
    for number in range(3):
        front = (
            f"title: Day {day}, story {number}\ndate: {(now - timedelta(minutes=number + 1)).isoformat()}\n"
        )
        (folder / f"content/{day}-{number}.md").write_text(f"---\n{front}---\nThe ferry was late.\n")
    gathering.gather(p.store, p.config, now)


def send(p: Publisher, now: datetime) -> None:
    """What a worker writes while it sends."""
    with workers.working(p.store) as held:
        while True:
            with p.store.write() as tx:
                rows = claims.claim(tx, held.worker, [], now, CLAIM)
            if not rows:
                break
            for first in range(0, len(rows), 100):
                started = [Started(row, 1, now) for row in rows[first : first + 100]]
                ended = [Ended(each, "sent", 250, REPLY) for each in started]
                with p.store.write() as tx:
                    refused = attempts.record(tx, held.worker, Group((), started), now)
                    attempts.record(tx, held.worker, Group(ended), now)
                assert not refused
    # what has nothing left to send is done
    delivering.deliver(p.store, p.config, p.keys, p.transport, lambda: now)


def cut(p: Publisher, now: datetime) -> Edition:
    request = cutting.asked(p.config, "daily", "", now, everybody=True)
    edition = cutting.cut(p.store, p.config, p.templates, request, now).edition
    assert edition
    return opening.open_edition(p.store, edition, now)


def timed(work: Any) -> tuple[float, Any]:
    begun = perf_counter()
    result = work()
    return perf_counter() - begun, result


def live(p: Publisher, folder: Path, people: int, days: int) -> None:
    watch = Watch(p)
    policy = p.config.delivery.model_copy(update={"compact_after": timedelta(days=40)})
    for day in range(days):
        now = BEGIN + timedelta(days=day)
        publish(p, folder, day, now)
        watch.longest()
        cutting_s, edition = timed(lambda now=now: cut(p, now))
        in_cut = watch.longest()
        send(p, now + timedelta(minutes=1))
        watch.longest()
        later = now + timedelta(hours=1)
        compacting_s, (moved, _) = timed(
            lambda later=later: compacting.compact(p.store, policy, later, math.inf)
        )
        in_compaction = watch.longest()
        if day % 30 == 29 or day in (0, days - 1):
            with p.store.read() as tx:
                assert ledger.counts(tx, edition.id)["sent"] == people
            print(
                f"day {day + 1}: cut {cutting_s:.2f} s, longest transaction {in_cut * 1000:.0f} ms; "
                f"compacted {moved:,} in {compacting_s:.2f} s, longest {in_compaction * 1000:.0f} ms; "
                f"store {gauges.size(p.store) / 1e6:,.0f} MB",
                flush=True,
            )
    who, now = "r1@example.org", BEGIN + timedelta(days=days)
    seconds, said = timed(lambda: explaining.explain(p.store, p.config, who, now))
    print(f"to explain {who}, with {len(said['deliveries'])} newest deliveries: {seconds * 1000:.0f} ms")


def main() -> None:
    people = int(sys.argv[1]) if len(sys.argv) > 1 else 5_000
    days = int(sys.argv[2]) if len(sys.argv) > 2 else 365
    store = sys.argv[3] if len(sys.argv) > 3 else ""
    with tempfile.TemporaryDirectory(prefix=".publisher-bench-", dir=".") as name:
        folder = Path(name)
        with benching.publication(Plan("127.0.0.1", 25, people, 0, 1, store), folder) as p:
            benching._subscribe(p, 1, people)
            live(p, folder, people, days)


if __name__ == "__main__":
    main()
