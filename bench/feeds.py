"""How long feeds take to render, to publish and to serve. Run: python bench/feeds.py"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from publisher.config.public import Feed, Publication
from publisher.feeds import render
from publisher.model.articles import Article, Author, FeedDocument, Picture
from publisher.output import Output
from publisher.web.files import PublicFiles

PARAGRAPH = "<p>High water at noon, and the <b>old quay</b> &amp; the new one under it until three.</p>\n"
START = datetime(2026, 1, 1, tzinfo=UTC)


def article(number: int) -> Article:
    """An article of about 8 kB."""
    return Article(
        id=f"urn:uuid:00000000-0000-0000-0000-{number:012}",
        path=f"{number}.md",
        slug=f"story-{number}",
        url=f"https://courier.example/story-{number}/",
        title=f"Tide and time: story {number}",
        summary="Ships wait.",
        html=PARAGRAPH * 90,
        published_at=START + timedelta(hours=number),
        updated_at=START + timedelta(hours=number),
        authors=(Author("Donna Teetree"),),
        labels=("News", "Harbour"),
        picture=Picture("https://courier.example/quay.jpg", "A quay", "The old quay", "A. Smit"),
    )


def milliseconds(work: Callable[[], object], turns: int = 20) -> float:
    """The quickest of several turns."""
    took = []
    for _ in range(turns):
        start = time.perf_counter()
        work()
        took.append(time.perf_counter() - start)
    return min(took) * 1000


async def requests_a_second(app: PublicFiles, headers: list[tuple[bytes, bytes]], expected: int) -> float:
    """How often the application answers, without a server or a network in front of it."""
    statuses: list[int] = []

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    async def receive() -> Any:
        await asyncio.Event().wait()  # the client has nothing more to say

    scope = {"type": "http", "method": "GET", "path": "/feed.xml", "query_string": b"", "headers": headers}
    await app(scope, receive, send)
    turns, start = 20_000, time.perf_counter()
    for _ in range(turns):
        await app(scope, receive, send)
    took = time.perf_counter() - start
    assert set(statuses) == {expected}
    return turns / took


def rendering(articles: list[Article]) -> list[FeedDocument]:
    """Render all three formats, and say what each costs."""
    publication = Publication(title="The Harbour Courier", url="https://courier.example")
    made = render("main", Feed(), publication, articles)
    size = sum(len(document.body) for document in made) // 1000
    spent = milliseconds(lambda: render("main", Feed(), publication, articles))
    print(f"render 50 entries, 3 formats ({size} kB)  {spent:8.1f} ms")
    for kind in ("rss", "atom", "json"):
        feed = Feed.model_validate({"formats": [kind]})
        spent = milliseconds(lambda feed=feed: render("main", feed, publication, articles))  # type: ignore[misc]
        print(f"  {kind:<34}  {spent:8.1f} ms")
    return made


def main() -> None:
    """Print the table."""
    made = rendering([article(n) for n in range(200)])
    with tempfile.TemporaryDirectory() as folder:
        pages = {f"{n % 12}/story-{n}/index.html": PARAGRAPH.encode() * 90 for n in range(2000)}
        files = pages | {document.path: document.body for document in made}
        output = Output(Path(folder))
        print(
            f"publish 2,003 new files               {milliseconds(lambda: output.publish(files), 1):8.1f} ms"
        )
        print(
            f"publish 2,003 unchanged files         {milliseconds(lambda: output.publish(files), 5):8.1f} ms"
        )
        app, compressed = PublicFiles(Path(folder)), [(b"accept-encoding", b"gzip, deflate")]
        cached = [*compressed, (b"if-none-match", b"*")]
        for name, headers, status in [("304", cached, 304), ("200 gzip", compressed, 200), ("200", [], 200)]:
            rate = asyncio.run(requests_a_second(app, headers, status))
            print(f"serve {name:<31} {rate:9,.0f} requests/s")


if __name__ == "__main__":
    main()
