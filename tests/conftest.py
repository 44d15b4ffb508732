"""Fixtures for every room: a clock that is set by hand, and a whole publication on a real store.

`clock` is the time: `clock.now`, `clock.set("2026-11-21T07:00")`, `clock.move(hours=1)`.
`publication(articles={path: text}, newsletters=…, mail=…)` is an open Publisher in `tmp_path` that tells
this time; keywords are sections of config.yaml; called again it opens the same store.
`post(title, date, *topics)` is the text of an article; `subscribe(publisher, address, …)` adds a confirmed
subscriber of `daily`.
"""

from __future__ import annotations

import gc
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import settings
from sqlalchemy import URL, Engine, create_engine

from publisher import store, subscribing
from publisher.app import Publisher, open_publisher
from publisher.rendering.environment import Templates, builtin
from publisher.store import connect
from publisher.store.migrating import migrate

_TEMPLATES = Templates([builtin()])  # compiled once for all tests that have none of their own
_DIALECT = create_engine("sqlite://").dialect
_COMPILED: dict[Any, Any] = {}


def _templates(p: Publisher) -> Templates:
    own = p.config.templates
    return Templates([own, builtin()]) if own.exists() else _TEMPLATES


def _engine(url: URL, **options: Any) -> Engine:
    """What SQLAlchemy compiled for one store serves the next, as in one long-lived process."""
    engine = Engine(create_engine(url, **options).pool, _DIALECT, url)
    return engine.execution_options(compiled_cache=_COMPILED)


def _prepare(connection: Any, record: Any, prepare: Callable[..., None] = store._prepare) -> None:
    prepare(connection, record)
    # a kill loses nothing without fsync, only a power cut does; processes that tests start keep it
    connection.execute("PRAGMA synchronous=OFF")


@pytest.fixture(autouse=True, scope="session")
def _lighter() -> Iterator[None]:
    """What costs time in every test, and is no concern of any."""
    with pytest.MonkeyPatch.context() as patch:
        shared = cached_property(_templates)
        shared.__set_name__(Publisher, "templates")
        patch.setattr(Publisher, "templates", shared)
        patch.setattr(store, "create_engine", _engine)
        patch.setattr(store, "_prepare", _prepare)
        yield


# The suite makes many short-lived objects: the collector need not look at the long-lived ones each time.
gc.freeze()
gc.set_threshold(20_000, 20, 50)

# `pytest --hypothesis-profile=thorough` looks further.
settings.register_profile("suite", max_examples=40)
settings.register_profile("thorough", max_examples=1000)
settings.load_profile("suite")


@dataclass
class Clock:
    """A clock that moves when a test moves it. Texts without a zone are UTC."""

    now: datetime = datetime(2026, 11, 21, 6, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def set(self, text: str) -> datetime:
        moment = datetime.fromisoformat(text)
        self.now = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return self.now

    def move(self, **by: float) -> datetime:
        self.now += timedelta(**by)
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a store with all its tables and nothing in them: migrated once, copied for every test."""
    folder = tmp_path_factory.mktemp("store")
    empty = connect(folder / "publisher.db")
    migrate(empty)
    empty.close()
    return folder


@pytest.fixture
def publication(tmp_path: Path, clock: Clock, empty_store: Path) -> Iterator[Callable[..., Publisher]]:
    """Writes config.yaml and content/, gives it a store, and opens it; closed when the test ends."""
    opened: list[Publisher] = []

    def make(folder: Path = tmp_path, articles: dict[str, str] | None = None, **sections: Any) -> Publisher:
        site = {"publication": {"url": "https://courier.example"}, "newsletters": {"daily": {}}}
        files = {"config.yaml": yaml.safe_dump(site | sections)}
        files |= {f"content/{path}": text for path, text in (articles or {}).items()}
        for path, text in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8")
        (folder / "content").mkdir(exist_ok=True)
        if not (folder / "var").exists():
            shutil.copytree(empty_store, folder / "var")
        one = open_publisher(folder / "config.yaml", clock)
        opened.append(one)
        return one

    yield make
    for each in opened:
        each.close()


@pytest.fixture
def post() -> Callable[..., str]:
    def make(title: str, date: str = "2026-11-20T12:00Z", *topics: str, body: str = "", **extra: Any) -> str:
        front = {"title": title, "date": date, "tags": list(topics), **extra}
        return f"---\n{yaml.safe_dump(front)}---\n{body or f'The text of {title}.'}\n"

    return make


@pytest.fixture
def subscribe() -> Callable[..., str]:
    def make(publisher: Publisher, address: str, newsletter: str = "daily", **choice: Any) -> str:
        asked = subscribing.Choice(address, newsletter, choice.pop("status", "confirmed"), **choice)
        return subscribing.subscribe(publisher.store, publisher.config, asked, publisher.clock())

    return make
