"""An edition that waits for its readers, and a mail server that keeps what it is handed."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
import readers
import recount
from mail_sink import Sink

from publisher import delivering
from publisher.app import Publisher
from publisher.delivering import opening
from publisher.store import editions, ledger, sqlite_file
from publisher.store.editions import Edition


@dataclass
class Mailing:
    """A publication with an edition that is being sent, and the server that it is sent to."""

    publisher: Publisher
    edition: Edition
    sink: Sink

    def deliver(self, **options: Any) -> delivering.Delivered:
        p = self.publisher
        options = {"transport": p.transport, "clock": p.clock} | options
        return delivering.deliver(p.store, p.config, p.keys, **options)

    def counts(self) -> dict[str, int]:
        with self.publisher.store.read() as tx:
            return {k: v for k, v in ledger.counts(tx, self.edition.id).items() if v}

    def rows(self, status: str = "") -> dict[str, Any]:
        with self.publisher.store.read() as tx:
            return {row.address: row for row in ledger.rows(tx, self.edition.id, status)}

    def state(self) -> str:
        with self.publisher.store.read() as tx:
            return editions.get(tx, self.edition.id).state

    def sql(self, query: str) -> list[Any]:
        """From a connection of its own, as a stranger would look."""
        url, folder = self.publisher.config.store, self.publisher.store.folder.parent
        there = psycopg.connect(url) if "postgresql" in url else sqlite3.connect(sqlite_file(url, folder))
        try:
            return list(there.execute(query))
        finally:
            there.close()

    def check_events(self) -> None:
        """Each row's events are one unbroken chain from queued to what it is now."""
        at: dict[int, str] = {}
        for id_, old, new in self.sql("SELECT delivery_id, old, new FROM events ORDER BY id"):
            assert old == at.get(id_, "queued")
            assert new != old
            at[id_] = new
        for id_, status in self.sql("SELECT id, status FROM deliveries"):
            assert at.get(id_, "queued") == status
        with self.publisher.store.read() as tx:
            recount.check(tx)


@pytest.fixture
def sink() -> Iterator[Sink]:
    with Sink() as sink:
        yield sink


@pytest.fixture
def mailing(
    publication: Callable[..., Publisher], post: Callable[..., str], sink: Sink, tmp_path: Path
) -> Callable[..., Mailing]:
    """An opened edition for `people` readers: reader0@example.org and so on."""

    def make(people: int = 3, connections: int = 1, opened: bool = True, **sections: Any) -> Mailing:
        smtp = {"host": "127.0.0.1", "port": sink.port, "security": "none", "connections": connections}
        settings = {"mail": {"transport": "smtp", "smtp": smtp}} | sections
        p = publication(articles={"ferry.md": post("The ferry")}, **settings)
        edition = readers.cut_for(p, (f"reader{n}@example.org" for n in range(people)))
        if opened:
            edition = opening.open_edition(p.store, edition, p.clock())
        return Mailing(p, edition, sink)

    return make
