"""How long pages, lists and the search take, in processor time. Run: python bench/pages.py [ARTICLES]"""

from __future__ import annotations

import random
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from bench.feeds import article
from publisher.config.public import Look, Publication
from publisher.model.articles import Article, Author
from publisher.rendering import pages, searching
from publisher.rendering.environment import Templates, builtin
from publisher.rendering.pages import paging

SITE = pages.Site(
    Publication(title="The Courier", url="https://courier.example", timezone="Europe/London"),
    Look(),
    "https://courier.example/assets/logo.png",
    "/assets/site.css",
    (pages.FeedLink("The Courier", "application/rss+xml", "https://courier.example/feed.xml"),),
    (pages.NewsletterLink("Daily", "At seven", "https://courier.example/archive/daily/"),),
    "https://courier.example/",
)
START = datetime(2020, 1, 1, tzinfo=UTC)


def articles(count: int) -> list[Article]:
    """Articles of some 8 kB, newest first, with words as unevenly spread as those of a newspaper."""
    dice = random.Random(1)
    known = ["".join(dice.choices("abcdefghiklmnoprstuvw", k=dice.randint(3, 10))) for _ in range(30_000)]

    def words(number: int) -> str:
        return " ".join(known[int(dice.paretovariate(0.5)) % len(known)] for _ in range(number))

    def one(number: int) -> Article:
        labels = tuple(f"Topic {n}" for n in dice.sample(range(60), 3))
        return replace(
            article(number),
            title=words(8).capitalize(),
            summary=words(28),
            labels=labels,
            topics=tuple(label.lower().replace(" ", "-") for label in labels),
            authors=(Author(f"Writer {dice.randint(1, 80)}", "Staff Writer"),),
            published_at=START + timedelta(hours=number),
            updated_at=START + timedelta(hours=number),
        )

    return [one(number) for number in range(count, 0, -1)]


def timed(name: str, work: Callable[[], object], things: int) -> None:
    """Print the processor time for each thing, of the quickest of three turns."""
    took = []
    for _ in range(3):
        start = time.process_time()
        work()
        took.append(time.process_time() - start)
    print(f"{name:32} {min(took) / things * 1e6:8.1f} µs each, {min(took):.2f} s for {things}")


def shards(held: list[Article]) -> dict[str, bytes]:
    """The whole search index, but for its cards."""
    found = defaultdict[str, dict[str, list[int]]](dict)
    for number, each in enumerate(held):
        for term, titled in searching.terms(each, "en").items():
            found[searching.shard_path(term)].setdefault(term, []).append(searching.posting(number, titled))
    return {path: searching.shard(postings) for path, postings in found.items()}


def main() -> None:
    """Every measurement."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    held, templates = articles(count), Templates((builtin(),))
    with templates.settled():
        frame = pages.Frame(templates, SITE)
        some = held[:1000]
        timed("page of an article of 8 kB", lambda: [pages.article(frame, a, a, a) for a in some], len(some))
        timed("its line in lists", lambda: [pages.line(frame, a) for a in some], len(some))
        lines = [pages.line(frame, a) for a in some]
        topic = pages.Collection("topic", "Harbour", "topics/harbour/", len(lines))
        every = paging.stretches(len(lines))
        listing = [(at, lines[at.start : at.stop]) for at in every]
        timed("page of a list", lambda: [pages.collection(frame, topic, *one) for one in listing], len(every))
        timed("front page", lambda: pages.index(frame, held[:300]), 1)
    timed("search index, for each article", lambda: shards(held), len(held))
    made = shards(held)
    print(f"{len(made)} shards, the largest {max(map(len, made.values())) / 1000:.0f} kB")


if __name__ == "__main__":
    main()
