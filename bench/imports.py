"""How long it takes to import a file of a million subscribers, and for how long that holds the store.

`python bench/imports.py [N] [STORE]` (STORE: an empty PostgreSQL database; without it a SQLite file in a
temporary folder) prints, for N lines that are new, the same again, and the same with another hour: seconds,
lines a second, the longest write transaction and peak memory. One line in a thousand is wrong. Then the
export, and N lines that are all wrong. Exits 1 when a limit is missed.
"""

from __future__ import annotations

import random
import resource
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

from sqlalchemy import Connection

sys.path.insert(0, str(Path(__file__).parent.parent))

from publisher.app import Publisher, open_publisher
from publisher.subscribing import csv_files, exports

NOW = datetime(2026, 11, 22, 6, 30, tzinfo=UTC)
SECONDS, MEGABYTES, WRONG = 60e-6, 300, 1000
CONFIG = """
store: {store}
publication: {{url: https://courier.example, title: The Harbour Courier}}
topics: {{world: [World], sport: [Sport], sea: [Sea], town: [Town]}}
newsletters: {{daily: {{title: Daily Briefing, from: "Courier <daily@courier.example>"}}}}
"""
HEADER = "email,name,status,topics,cadence,weekday,hour,zone,language,plan\n"
ZONES = ("Europe/Lisbon", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "UTC")
TOPICS = ("all", "world", "sport;sea", "town;world;sea", "")


class Watch:
    """Keeps the longest write transaction of a store."""

    def __init__(self, p: Publisher) -> None:
        self.write, self.held = p.store.write, [0.0]
        p.store.write = self.watched  # type: ignore[method-assign]

    @contextmanager
    def watched(self) -> Iterator[Connection]:
        with self.write() as tx:
            begun = perf_counter()
            yield tx
        self.held.append(perf_counter() - begun)


def lines(count: int, hours: tuple[int, ...], wrong: int) -> Iterator[str]:
    """People in no order, each with a choice of their own; every so many, one whose address is none."""
    dice, numbers = random.Random(1), list(range(count))
    dice.shuffle(numbers)
    yield HEADER
    for place, n in enumerate(numbers, 1):
        cadence, hour = dice.choice(("daily", "daily", "weekly", "instant")), hours[n % len(hours)]
        topics, weekday = dice.choice(TOPICS), dice.choice(("monday", "friday", ""))
        address = f"reader{n}@" + ("mail.example.org" if place % wrong else "nowhere")
        zone, plan = dice.choice(ZONES), dice.choice(("gold", ""))
        yield f'{address},"Reader, {n}",confirmed,{topics},{cadence},{weekday},{hour},{zone},en,{plan}\n'


def written(file: Path, count: int, hours: tuple[int, ...], wrong: int = WRONG) -> Path:
    """The file, with so many lines."""
    with file.open("w", encoding="utf-8") as out:
        out.writelines(lines(count, hours, wrong))
    return file


def timed(watch: Watch, what: str, count: int, act: Callable[[], Any]) -> bool:
    """Print a line; whether every limit was kept."""
    watch.held = [0.0]
    begun, worked = perf_counter(), process_time()
    said = act()
    spent, worked = perf_counter() - begun, process_time() - worked
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{what:18} {spent:6.1f} s  {count / spent:9,.0f} a second  longest {max(watch.held) * 1000:5.1f} ms"
        f"  {worked:6.1f} s of our CPU  peak {peak:,.0f} MB   {said}",
        flush=True,
    )
    return spent < count * SECONDS and peak < MEGABYTES


def main(count: int, store: str) -> bool:
    """Print all figures; whether every limit was kept."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "content").mkdir()
        (folder / "config.yaml").write_text(CONFIG.format(store=store), encoding="utf-8")
        p = open_publisher(folder / "config.yaml", lambda: NOW)
        watch = Watch(p)

        def take(file: Path) -> str:
            report = csv_files.take_in(p.store, p.config, file, NOW)
            counts = {"added": report.added, "updated": report.updated, "unchanged": report.unchanged}
            return ", ".join(f"{n} {what}" for what, n in counts.items() if n)

        file = written(folder / "readers.csv", count, (6, 7, 8))
        kept = timed(watch, "new", count, lambda: take(file))
        kept &= timed(watch, "the same again", count, lambda: take(file))
        other = written(folder / "readers.csv", count, (9, 10, 11))
        kept &= timed(watch, "another hour", count, lambda: take(other))
        with (folder / "out.csv").open("w", encoding="utf-8", newline="") as out:
            kept &= timed(watch, "export", count, lambda: exports.export(p.store, out))
        bad = written(folder / "bad.csv", count, (7,), wrong=1)
        kept &= timed(watch, "all wrong", count, lambda: take(bad))
        p.close()
        return kept


if __name__ == "__main__":
    asked = [a for a in sys.argv[1:] if "://" not in a]
    address = next((a for a in sys.argv[1:] if "://" in a), "sqlite:///var/publisher.db")
    sys.exit(0 if main(int(asked[0]) if asked else 1_000_000, address) else 1)
