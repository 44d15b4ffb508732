"""How long it takes to cut an edition for a million subscribers, and for how long it holds the store.

`python bench/cut.py [N] [STORE]` (STORE: a PostgreSQL address; without it a SQLite file) prints seconds, rows
a second, the longest write transaction and peak memory: for N people who chose everything, and for a tenth as
many of whom 5 % chose topics. Then cancelling, and all rows made due. The rivals, in the same store: one
transaction for everybody, and one for each subscriber, as naive systems do. Exits 1 when a limit is missed.
"""

from __future__ import annotations

import random
import resource
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

from sqlalchemy import JSON, Connection, Integer, String, func, insert, literal, select, update
from sqlalchemy import cast as as_type

sys.path.insert(0, str(Path(__file__).parent.parent))

from publisher import cutting, gathering
from publisher.app import Publisher, open_publisher
from publisher.cutting import cancelling
from publisher.delivering import opening
from publisher.store import editions, frozen
from publisher.store.columns import Moment
from publisher.store.editions import Edition
from publisher.store.schema import deliveries, metadata, subscribers, subscriptions
from publisher.store.schema import editions as editions_table

NOW = datetime(2026, 11, 22, 6, 30, tzinfo=UTC)
STORIES, CHOOSERS, RIVALS = 20, 20, 2000
LOCK, LIMITS = 0.05, {"sqlite": 15e-6, "postgresql": 30e-6}
CONFIG = """
store: {store}
publication: {{url: https://courier.example, title: The Harbour Courier}}
newsletters: {{daily: {{title: Daily Briefing, from: "Courier <daily@courier.example>"}}}}
"""
PARAGRAPH = "The tide waits for no timetable, “as ever”, and the ferry is late again. "


class Watch:
    """Keeps how long each write transaction of a store took."""

    def __init__(self, p: Publisher) -> None:
        self.write, self.held = p.store.write, [0.0]
        p.store.write = self.watched  # type: ignore[method-assign]

    @contextmanager
    def watched(self) -> Iterator[Connection]:
        with self.write() as tx:
            begun = perf_counter()
            yield tx
        self.held.append(perf_counter() - begun)

    def longest(self) -> float:
        """Seconds; begins anew."""
        found, self.held = max(self.held), [0.0]
        return found


def publication(folder: Path, store: str) -> Publisher:
    """Twenty articles with a topic each."""
    (folder / "config.yaml").write_text(CONFIG.format(store=store), encoding="utf-8")
    (folder / "content").mkdir()
    for n in range(STORIES):
        front = f"---\ntitle: Ferry {n}\ndate: 2026-11-21T{n:02}:00:00Z\ntags: [t{n}]\n---\n"
        (folder / "content" / f"{n}.md").write_text(front + (PARAGRAPH * 6 + "\n\n") * 5, encoding="utf-8")
    p = open_publisher(folder / "config.yaml", lambda: NOW)
    gathering.gather(p.store, p.config, NOW)
    return p


def subscribe(p: Publisher, count: int, *, choosing: bool) -> None:
    """So many confirmed subscribers, at seven hours; with `choosing`, each twentieth has topics."""
    first = select(literal(1, Integer).label("n")).cte("n", recursive=True)
    n = first.union_all(select(first.c.n + 1).where(first.c.n < count)).c.n
    address = literal("reader", String) + as_type(n, String) + literal("@example.org", String)
    name, none = literal("Reader ", String) + as_type(n, String), literal({}, JSON)
    person = {"id": n, "address": address, "address_key": address, "name": name, "attributes": none}
    same = {
        "newsletter": "daily", "status": "confirmed", "topics": None, "cadence": "daily", "weekday": 0,
        "day": 1, "zone": "UTC", "language": "en", "mark": 0, "since": 0, "revision": 1,
    }  # fmt: skip
    values = {k: literal(v, subscriptions.c[k].type) for k, v in same.items()}
    moment = literal(NOW, Moment)
    place = {
        "id": n,
        "subscriber_id": n,
        "hour": n % 7,
        "next_due_at": moment,
        "created_at": moment,
        **values,
    }
    with p.store.write() as tx:
        for table, row in ((subscribers, {**person, "created_at": moment}), (subscriptions, place)):
            tx.execute(insert(table).from_select(list(row), select(*row.values())))
        dice = random.Random(1)
        for key in range(CHOOSERS, count * choosing, CHOOSERS):
            topics = [f"t{t}" for t in range(STORIES) if dice.random() < 0.7]
            tx.execute(update(subscriptions).where(subscriptions.c.id == key).values(topics=topics))
        if p.store.dialect == "postgresql":
            tx.exec_driver_sql("ANALYZE")  # as its daemon has done where they came one by one


def timed(watch: Watch, what: str, count: int, act: Callable[[], object]) -> tuple[float, float]:
    """Print a line; the seconds it took, and those of its longest transaction."""
    watch.longest()
    begun, worked = perf_counter(), process_time()
    act()
    spent, held, worked = perf_counter() - begun, watch.longest(), process_time() - worked
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    show(what, count, spent, held, f"   {worked:6.1f} s of our CPU   peak {peak:,.0f} MB")
    return spent, held


def show(what: str, count: int, spent: float, held: float, more: str = "") -> None:
    rate = f"{spent:9.2f} s{count / spent:11,.0f} rows/s"
    print(f"{what:<30}{rate}   longest transaction {held * 1000:8.1f} ms{more}", flush=True)


def measured(folder: Path, store: str, count: int, *, choosing: bool) -> bool:
    """One set-up, from an empty store on; whether every limit was kept."""
    p = publication(folder, store)
    with p.store.read() as tx:
        if tx.scalar(select(func.count()).select_from(subscribers)):
            raise SystemExit("the store is not empty: this fills it and removes what is in it")
    subscribe(p, count, choosing=choosing)
    watch, kept = Watch(p), []

    def cut() -> None:
        asked = cutting.asked(p.config, "daily", "", NOW)
        made = cutting.cut(p.store, p.config, p.templates, asked, NOW)
        assert made.recipients == count, made

    spent, held = timed(watch, "cut", count, cut)
    kept += [spent <= max(1.0, LIMITS[p.store.dialect] * count), held <= LOCK]
    with p.store.read() as tx:
        edition, others = editions.listed(tx)[0], frozen.variants_of(tx, 1)
    print(f"  {len(others):,} variants", flush=True)
    kept.append(timed(watch, "all due now", count, lambda: open_as(p, edition, "now"))[1] <= LOCK)
    hold(p, edition)
    kept.append(
        timed(watch, "each at their own hour", count, lambda: open_as(p, edition, "local"))[1] <= LOCK
    )
    hold(p, edition)
    if not choosing:
        rivals(p, edition, count)
    stop = lambda: cancelling.cancel(p.store, edition, NOW, "by an editor")  # noqa: E731
    kept.append(timed(watch, "cancel, everybody put back", count, stop)[1] <= LOCK)
    with p.store.write() as tx:
        metadata.drop_all(tx)
        tx.exec_driver_sql("DROP TABLE alembic_version")
    p.close()
    return all(kept)


def open_as(p: Publisher, edition: Edition, when: str) -> None:
    opening.open_edition(p.store, edition, NOW, when=when)


def hold(p: Publisher, edition: Edition) -> None:
    """As it was before anybody let it go."""
    with p.store.write() as tx:
        editions.set_state(tx, edition.id, ["sending"], "held", opened_at=None)


class Back(Exception):
    """Take a transaction back."""


def rivals(p: Publisher, edition: Edition, count: int) -> None:
    """The same rows in one transaction for everybody, and in one for each; then taken back."""
    with p.store.write() as tx:
        other = editions.create(tx, replace(edition, number=2, slot="rival", state="done"))
    begun = perf_counter()
    with suppress(Back), p.store.write() as tx:
        begun = perf_counter()
        all_at_once(tx, edition.id, other.id)
        spent = perf_counter() - begun
        raise Back
    show("rival: one for everybody", count, spent, spent)
    with p.store.read() as tx:
        query = select(deliveries).where(deliveries.c.edition_id == edition.id).limit(RIVALS)
        rows = [dict(row._mapping) for row in tx.execute(query)]
    begun = perf_counter()
    for row in rows:
        one_by_one(p, {k: v for k, v in row.items() if k != "id"} | {"edition_id": other.id})
    each = (perf_counter() - begun) / len(rows)
    show("rival: one for each, reckoned", count, each * count, each, f" (from {len(rows):,})")
    with p.store.write() as tx:
        tx.execute(deliveries.delete().where(deliveries.c.edition_id == other.id))
        tx.execute(editions_table.delete().where(editions_table.c.id == other.id))


def all_at_once(tx: Connection, edition: int, other: int) -> None:
    """As fast as a database can: the rows never leave it."""
    columns = [c.name for c in deliveries.c if c.name != "id"]
    rows = select(*(literal(other) if c == "edition_id" else deliveries.c[c] for c in columns))
    tx.execute(insert(deliveries).from_select(columns, rows.where(deliveries.c.edition_id == edition)))
    tx.execute(update(subscriptions).values(since=0))


def one_by_one(p: Publisher, row: dict[str, Any]) -> None:
    """As naive systems do: look at the subscription, write the row, move the mark."""
    mine = subscriptions.c.id == row["subscription_id"]
    with p.store.write() as tx:
        since = tx.scalar(select(subscriptions.c.since).where(mine))
        tx.execute(insert(deliveries).values(row))
        tx.execute(update(subscriptions).where(mine).values(since=since))


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    kept = []
    for people, choosing in ((count, False), (count // 10, True)):
        with tempfile.TemporaryDirectory() as folder:
            store = sys.argv[2] if len(sys.argv) > 2 else "sqlite:///store.db"
            print(f"{people:,} subscribers, " + ("5 % chose topics" if choosing else "all topics"))
            kept.append(measured(Path(folder), store, people, choosing=choosing))
    sys.exit(not all(kept))


if __name__ == "__main__":
    main()
