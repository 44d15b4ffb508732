"""How long every page of the desk takes in a large publication, on SQLite or PostgreSQL.

`python bench/desk.py [URL] [--people N] [--times N]` fills a store (URL: an empty PostgreSQL database that
may be filled; without it a SQLite file) with a million subscribers of two newsletters, an edition that went
to all of them, one that is being sent to all of them, and 10,000 articles. Then it opens every page that can
be looked at through the application itself, as an editor who has signed in, and prints the first time and
the median of each. Exits 1 above 100 ms at the median or 500 ms the first time, or for a page that fails.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import statistics
import sys
import tempfile
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any
from urllib.parse import quote

import httpx
from sqlalchemy import Connection, insert, select, update

sys.path.insert(0, str(Path(__file__).parent.parent))

from publisher import cutting, gathering, subscribing
from publisher.admitting import accounts, own
from publisher.app import Publisher, open_publisher
from publisher.delivering import figuring, opening
from publisher.model.editors import COMMAND_LINE
from publisher.store import schema, workforce
from publisher.store.editions import Edition
from publisher.store.schema import triggers
from publisher.store.transcripts import go_on_behind
from publisher.web import desk
from publisher.web.public import application

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
MEDIAN, FIRST = 0.100, 0.500
ARTICLES, SOURCES = 10_000, 12
HOME, PASSWORD = "https://courier.example", "four easy words here"
CONFIG = """
publication: {url: https://courier.example, title: The Harbour Courier}
newsletters: {daily: {title: Daily Briefing}, letter: {title: The Letter, approval: true}}
"""
PARAGRAPH = "The tide waits for no timetable, “as ever”, and the ferry is late again. "
FIRST_NAMES = (
    "ada",
    "bob",
    "cleo",
    "dora",
    "emil",
    "finn",
    "gwen",
    "hugo",
    "ivy",
    "jan",
    "kim",
    "lea",
    "noah",
)
DOMAINS = ("gmail.com", "gmail.com", "outlook.com", "yahoo.com", "harbour.example", "courier.example")
SEARCHES = ("ada1", "gwen", "harbour", "@courier.example", "rosa999@yahoo.com", "nobody", "z")


def publication(folder: Path, url: str) -> Publisher:
    """Some articles, and a few people, for whom two editions are cut as ever."""
    site = CONFIG + (f"store: {url}\n" if url else "")
    (folder / "config.yaml").write_text(site, encoding="utf-8")
    (folder / "content").mkdir()
    for n in range(SOURCES):
        front = (
            f"---\ntitle: Ferry {n}\ndate: 2026-11-21T{n:02}:00:00Z\ntags: [t{n}]\nauthors: [Ann Ebb]\n---\n"
        )
        (folder / "content" / f"{n}.md").write_text(front + (PARAGRAPH * 6 + "\n\n") * 5, encoding="utf-8")
    p = open_publisher(folder / "config.yaml", lambda: NOW)
    gathering.gather(p.store, p.config, NOW)
    for name in p.config.newsletters:
        choice = subscribing.Choice("first@courier.example", name, "confirmed")
        subscribing.subscribe(p.store, p.config, choice, NOW - timedelta(days=30), source="bench")
    return p


def cut(p: Publisher, articles: list[str]) -> Edition:
    request = cutting.asked(p.config, "daily", "", NOW, articles=articles)
    edition = cutting.cut(p.store, p.config, p.templates, request, NOW).edition
    assert edition
    return opening.open_edition(p.store, edition, NOW)


def _ids(p: Publisher) -> list[str]:
    with p.store.read() as tx:
        return list(tx.scalars(select(schema.articles.c.id).order_by(schema.articles.c.id)))


def fill(p: Publisher, done: Edition, going: Edition, people: int) -> None:
    """Rows as if all of it had happened; made by the database, and counted at the end."""
    with p.store.write() as tx:
        triggers.drop(tx)
        _articles(tx)
        for statement in _people(tx, people):
            tx.exec_driver_sql(statement)
        for edition in (done, going):
            for statement in _sent(tx, edition, people, edition is done):
                tx.exec_driver_sql(statement)
        ended = {"state": "done", "done_at": NOW}
        tx.execute(update(schema.editions).where(schema.editions.c.id == done.id).values(ended))
        triggers.make(tx)
        triggers.count_anew(tx)
        triggers.remember_anew(tx)
        if tx.dialect.name == "postgresql":
            go_on_behind(tx, schema.subscribers)
            tx.exec_driver_sql("ANALYZE")
    figuring.fill(p.store, p.config, NOW, 20)


def _articles(tx: Connection) -> None:
    row = dict(tx.execute(select(schema.articles).limit(1)).one()._mapping)
    rows, given = [], []
    newest = tx.scalar(select(schema.releases.c.release).order_by(schema.releases.c.release.desc()).limit(1))
    for n in range(1, ARTICLES - SOURCES + 1):
        at, id_ = NOW - timedelta(days=5, minutes=n), f"made-{n}"
        data = row["data"] | {"id": id_, "title": f"Made {FIRST_NAMES[n % 13]} {n}", "slug": id_}
        made = {"id": id_, "slug": id_, "path": f"{n}.md", "release": newest + n, "released_at": at}
        rows.append(row | made | {"data": data, "published_at": at, "body_hash": f"{n:064}"})
        given.append({"release": newest + n, "article_id": id_, "revision": 1, "released_at": at})
    for start in range(0, len(rows), 500):
        tx.execute(insert(schema.articles), rows[start : start + 500])
        tx.execute(insert(schema.releases), given[start : start + 500])


def _numbers(tx: Connection, last: int) -> str:
    """The numbers from 2 on, as a table `x` with a column `n`."""
    if tx.dialect.name == "postgresql":
        return f"generate_series(2, {last}) AS x(n)"
    counted = f"x(n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM x WHERE n < {last})"
    return f"(WITH RECURSIVE {counted} SELECT n FROM x) AS x"


def _at(days: float) -> str:
    return f"'{(NOW - timedelta(days=days)).strftime('%Y-%m-%d %H:%M:%S.%f')}+00'"


def _times(tx: Connection, statement: str) -> str:
    # SQLite keeps moments as texts in UTC, without a zone; psycopg takes a single % for a place
    return statement.replace("+00'", "'") if tx.dialect.name == "sqlite" else statement.replace("%", "%%")


def _people(tx: Connection, people: int) -> Iterator[str]:
    def pick(some: tuple[str, ...] | list[str]) -> str:
        whens = " ".join(f"WHEN {k} THEN '{v}'" for k, v in enumerate(some))
        return f"CASE n % {len(some)} {whens} END"

    address = f"{pick(FIRST_NAMES)} || n || '@' || {pick(DOMAINS)}"
    name = f"CASE WHEN n % 3 = 0 THEN '' ELSE {pick([w.title() for w in FIRST_NAMES])} || ' No. ' || n END"
    numbers = _numbers(tx, people)
    yield _times(
        tx,
        "INSERT INTO subscribers (id, address, address_key, name, attributes, created_at) "
        f"SELECT n, {address}, {address}, {name}, '{{}}', {_at(20)} FROM {numbers}",
    )
    columns = (
        "subscriber_id, newsletter, status, topics, cadence, weekday, day, hour, zone, language, mark, "
        "since, next_due_at, created_at, ended_at"
    )
    left = "CASE WHEN n % 50 = 0 THEN {} ELSE {} END"
    status, ended = left.format("'unsubscribed'", "'confirmed'"), left.format(_stamp(tx, _at(3)), "NULL")
    for newsletter, cadence in (("daily", "daily"), ("letter", "weekly")):
        yield _times(
            tx,
            f"INSERT INTO subscriptions ({columns}) SELECT n, '{newsletter}', {status}, NULL, '{cadence}', "
            f"0, 1, 7, 'UTC', 'en', 0, 0, {_at(-0.8)}, {_at(20)}, {ended} FROM {numbers}",
        )


def _stamp(tx: Connection, value: str) -> str:
    return f"CAST({value} AS timestamptz)" if tx.dialect.name == "postgresql" else value


def _sent(tx: Connection, edition: Edition, people: int, done: bool) -> Iterator[str]:
    """One has gone to everybody, of the other half still waits."""
    variant = tx.scalar(select(schema.variants.c.id).where(schema.variants.c.edition_id == edition.id))
    waits = "false" if done else f"n > {people // 2}"
    late = "expired" if done else "deferred"
    status = (
        f"CASE WHEN {waits} THEN 'queued' WHEN n % 100 = 7 THEN 'bounced' WHEN n % 100 = 8 THEN '{late}' "
        "WHEN n % 2000 = 9 THEN 'unknown' ELSE 'sent' END"
    )
    reply = (
        "CASE n % 100 WHEN 7 THEN '550 5.1.1 no <b>such</b> user' WHEN 8 THEN '451 4.7.1 later' "
        "ELSE '250 2.0.0 kept' END"
    )
    at = _stamp(tx, _at(1 if done else 0.0001))
    seen = at if done else _stamp(tx, "NULL")
    columns = (
        "edition_id, subscriber_id, subscription_id, variant_id, address, fields, lo, hi, due_at, status, "
        "attempt, first_due_at, dated_at, started_at, finished_at, acknowledged_at, code, reply"
    )
    yield _times(
        tx,
        f"INSERT INTO deliveries ({columns}) SELECT {edition.id}, n, subscription, {variant}, address, "
        f"'{{}}', 0, 0, {at}, {status}, CASE WHEN {waits} THEN 0 ELSE 1 END, {at}, {at}, {at}, "
        f"CASE WHEN {waits} THEN NULL ELSE {at} END, {seen}, 250, {reply} FROM (SELECT s.id AS n, "
        "t.id AS subscription, s.address FROM subscribers s JOIN subscriptions t ON t.subscriber_id = s.id "
        "AND t.newsletter = 'daily' WHERE s.id > 1 ORDER BY s.id) AS them",
    )
    yield _times(
        tx,
        "INSERT INTO events (delivery_id, at, old, new, attempt, worker, code, reply) "
        f"SELECT id, {at}, 'sending', status, 1, 'w', code, reply FROM deliveries WHERE edition_id = "
        f"{edition.id} AND subscriber_id BETWEEN 2 AND 200000 AND status <> 'queued' ORDER BY id",
    )


def addresses(going: Edition, articles: list[str]) -> Iterator[str]:
    """Every page that can be looked at, of what is there."""
    values: dict[str, str] = {"newsletter": "daily", "number": str(going.number), "id": "500007"}
    for door in desk.DOORS:
        # what streams for ever, and imports, of which there is none
        if door.show is None or door.open or door.path.endswith("/events") or "imports/{" in door.path:
            continue
        own_values = values | ({"id": articles[-1]} if "articles" in door.path else {})
        path = re.sub(r"\{(\w+)(:\w+)?\}", lambda m: quote(own_values.get(m[1], "1")), door.path)  # noqa: B023
        yield path
    watched = f"/desk/editions/daily/{going.number}/deliveries"
    done = watched.replace(f"/{going.number}/", "/1/")
    for page in (watched, done):
        for status in ("sent", "queued", "bounced", "unknown", "deferred"):
            yield f"{page}?status={status}"
        yield from (f"{page}?q={quote(word)}" for word in SEARCHES)
        yield f"{page}?status=bounced&q=ada"
        yield f"{page}?after=500000"
    yield from (f"/desk/subscribers?q={quote(word)}" for word in SEARCHES)
    for query in ("newsletter=daily", "newsletter=letter&status=unsubscribed", "status=confirmed&q=gwen"):
        yield f"/desk/subscribers?{query}"
    for query in ("q=made+gwen", "q=ferry", "q=nothing", "status=draft", "topic=t3", "q=9999"):
        yield f"/desk/articles?{query}"
    yield from (f"/desk/figures?by={by}" for by in ("day", "week", "month"))


class Browser:
    """An editor who has signed in; everything in one loop, as a server has it."""

    def __init__(self, p: Publisher) -> None:
        there = httpx.ASGITransport(application(p), client=("198.51.100.7", 4711))
        self.client = httpx.AsyncClient(transport=there, base_url=HOME)

    async def sign_in(self, address: str) -> None:
        page = await self.client.get("/desk/sign-in")
        found = re.search(r'name="token" value="([^"]+)"', page.text)
        assert found
        given = {"token": found[1], "address": address, "password": PASSWORD, "code": "", "next": "/desk/"}
        answer = await self.client.post("/desk/sign-in", data=given, headers={"Origin": HOME})
        assert answer.status_code == 303, answer.text

    async def time(self, path: str) -> tuple[float, int, int]:
        """Seconds, status, bytes."""
        begun = perf_counter()
        answer = await self.client.get(path)
        return perf_counter() - begun, answer.status_code, len(answer.content)


async def look(p: Publisher, paths: list[str], times: int) -> bool:
    """Print how long each page takes; whether all are fast enough."""
    browser, well = Browser(p), True
    await browser.sign_in("admin@courier.example")
    for path in paths:
        first, status, size = await browser.time(path)
        rest = [(await browser.time(path))[0] for _ in range(times)]
        median = statistics.median(rest)
        slow = first > FIRST or median > MEDIAN or status != 200
        well &= not slow
        said = "SLOW" if slow else ""
        print(f"{first * 1e3:7.1f} {median * 1e3:7.1f} ms {status} {size:8,} B  {path} {said}", flush=True)
    return well


def main(given: Mapping[str, Any]) -> int:
    with tempfile.TemporaryDirectory(dir=given["folder"]) as name:
        begun = perf_counter()
        p = publication(Path(name), given["url"])
        accounts.add(p.store, COMMAND_LINE, "Ada", "admin@courier.example", "admin", NOW)
        own.set_password_of(p.store, "admin@courier.example", PASSWORD, NOW)
        ids = _ids(p)
        done, going = cut(p, ids[:5]), cut(p, ids[5:10])
        fill(p, done, going, given["people"])
        workforce.note_tick(p.store, workforce.TICKED)
        print(f"filled in {perf_counter() - begun:.0f} s; first and median:", flush=True)
        well = asyncio.run(look(p, list(addresses(going, _ids(p))), given["times"]))
        p.close()
    return 0 if well else 1


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url", nargs="?", default="")
    parser.add_argument("--people", type=int, default=1_000_000)
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--folder", default=None, help="where the SQLite file is made")
    sys.exit(main(vars(parser.parse_args())))
