"""How long gathering 2,000 unchanged articles takes, and parsing them anew. Run: python bench/gather.py"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from publisher import gathering, publishing
from publisher.app import Publisher, open_publisher
from publisher.articles import read
from publisher.sources import folder

ARTICLES, LIMIT = 2000, 0.5
PARAGRAPH = "High water at noon, and the **old quay** & the new one under it until three.\n\n"
LAST = "The [table of tides](/tides/) has the rest.\n"
HEADER = "---\ntitle: Tide {0}\ndate: 2026-{1:02}-{2:02} 10:00\nauthor: Donna Teetree\ntags: [News]\n---\n"
LONG_AGO = 1_500_000_000


def written(target: Path) -> Publisher:
    """A publication of articles of about 6 kB each, in folders of a hundred."""
    (target / "config.yaml").write_text("publication: {url: https://courier.example}\n", encoding="utf-8")
    for number in range(ARTICLES):
        file = target / "content" / f"{number // 100}" / f"tide-{number}.md"
        file.parent.mkdir(parents=True, exist_ok=True)
        head = HEADER.format(number, number % 10 + 1, number % 28 + 1)
        file.write_text(head + PARAGRAPH * 75 + LAST, encoding="utf-8")
        os.utime(file, (LONG_AGO, LONG_AGO))
    return open_publisher(target / "config.yaml")


def seconds(work: Callable[[], object], turns: int = 1) -> float:
    """The quickest of several turns."""
    took = []
    for _ in range(turns):
        start = time.perf_counter()
        work()
        took.append(time.perf_counter() - start)
    return min(took)


def parse_all(p: Publisher) -> None:
    """What a gather would do that remembers nothing."""
    for source in p.config.named_sources.values():
        for path in folder.scan(source).articles:
            read(folder.load(source, path), path, zone=p.config.publication.zone)


def main() -> int:
    """Print the table; 1 when gathering again takes longer than it may."""
    with tempfile.TemporaryDirectory() as target:
        p = written(Path(target))
        first = seconds(lambda: gathering.gather(p.store, p.config, p.clock()))
        build = seconds(lambda: publishing.publish(p.store, p.config, p.templates))
        rebuild = seconds(lambda: publishing.publish(p.store, p.config, p.templates))
        rival = seconds(lambda: parse_all(p), 2)
        again = seconds(lambda: gathering.gather(p.store, p.config, p.clock()), 5)
        p.close()
    print(f"gather {ARTICLES:,} new articles             {first:8.3f} s")
    print(f"build their pages and feeds           {build:8.3f} s")
    print(f"build them again, nothing changed     {rebuild:8.3f} s")
    print(f"rival: parse them all anew            {rival:8.3f} s")
    print(f"gather them again, nothing changed    {again:8.3f} s   {rival / again:,.0f} times as fast")
    if again > LIMIT:
        print(f"over {LIMIT} s: too slow")
    return 1 if again > LIMIT else 0


if __name__ == "__main__":
    sys.exit(main())
