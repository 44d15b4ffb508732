"""An edition that waits for its readers, and a mail server that keeps what it is handed."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from mail_sink import Sink

from publisher import cutting, delivering, gathering, subscribing
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
        for id_, status in self.sql("SELECT id, status FROM deliveries"):
            at = "queued"
            query = f"SELECT old, new FROM events WHERE delivery_id = {id_} ORDER BY id"
            for old, new in self.sql(query):
                assert old == at
                assert new != old
                at = new
            assert at == status


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
        gathering.gather(p.store, p.config, p.clock())
        with p.store.write() as tx:
            for n in range(people):
                choice = subscribing.Choice(f"reader{n}@example.org", "daily", "confirmed")
                subscribing.take(tx, p.config, choice, p.clock())
        request = cutting.asked(p.config, "daily", "", p.clock(), everybody=True)
        edition = cutting.cut(p.store, p.config, p.templates, request, p.clock()).edition
        assert edition
        if opened:
            edition = opening.open_edition(p.store, edition, p.clock())
        return Mailing(p, edition, sink)

    return make
