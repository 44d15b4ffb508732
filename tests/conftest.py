"""Fixtures for every room: a clock that is set by hand, and a whole publication on a real store.

`clock` is the time: `clock.now`, `clock.set("2026-11-21T07:00")`, `clock.move(hours=1)`.
`publication(articles={path: text}, newsletters=…, mail=…)` is an open Publisher in `tmp_path` that tells
this time; keywords are sections of config.yaml; called again it opens the same store. In the rooms of
`_BOTH` every test that asks for it, or for `database`, runs once on SQLite and once on a real PostgreSQL;
one that knows what only one of them has is marked with its name.
`post(title, date, *topics)` is the text of an article; `subscribe(publisher, address, …)` adds a confirmed
subscriber of `daily`.
"""

from __future__ import annotations

import gc
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import postgres_server
import pytest
import yaml
from hypothesis import settings
from postgres_databases import Databases
from sqlalchemy import URL, Dialect, Engine, create_engine, event

from publisher import subscribing
from publisher.app import Publisher, open_publisher
from publisher.rendering.environment import Templates, builtin
from publisher.store import Store, connect, open_store, postgres, sqlite
from publisher.store.migrating import migrate

_TEMPLATES = Templates([builtin()])  # compiled once for all tests that have none of their own
_DIALECTS: dict[str, Dialect] = {}
_COMPILED: dict[str, dict[Any, Any]] = {"sqlite": {}, "postgresql": {}}


def _templates(p: Publisher) -> Templates:
    own = p.config.templates
    return Templates([own, builtin()]) if own.exists() else _TEMPLATES


def _engine(url: URL, **options: Any) -> Engine:
    """What SQLAlchemy compiled and asked for one store serves the next, as in one long-lived process."""
    made = create_engine(url, **options)
    kind = made.dialect.name
    if kind in _DIALECTS:
        made = Engine(made.pool, _DIALECTS[kind], url)
    else:
        event.listen(made, "connect", lambda *_: _DIALECTS.setdefault(kind, made.dialect))
    return made.execution_options(compiled_cache=_COMPILED[kind])


def _prepare(connection: Any, record: Any, prepare: Callable[..., None] = sqlite._prepare) -> None:
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
        patch.setattr(sqlite, "create_engine", _engine)
        patch.setattr(sqlite, "_prepare", _prepare)
        patch.setattr(postgres, "create_engine", _engine)
        yield


# The suite makes many short-lived objects: the collector need not look at the long-lived ones each time.
gc.freeze()
gc.set_threshold(20_000, 20, 50)

# `pytest --hypothesis-profile=thorough` looks further.
# no deadline: how long an example takes is said by the machine beside it, not by the code
settings.register_profile("suite", max_examples=40, deadline=None)
settings.register_profile("thorough", max_examples=1000, deadline=None)
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


_KINDS = ("sqlite", "postgresql")
_BOTH = {"store", "webhooks", "cutting", "delivering", "subscribing", "gathering", "receiving", "admitting"}
_POSTGRES = pytest.StashKey[postgres_server.Watched]()


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "sqlite: a test of what only SQLite has: its files, its words")
    config.addinivalue_line("markers", "postgresql: a test of what only PostgreSQL has: sessions, servers")
    if not hasattr(config, "workerinput") and "TEST_POSTGRES_URL" not in os.environ:
        config.stash[_POSTGRES] = postgres_server.Watched()


def pytest_unconfigure(config: pytest.Config) -> None:
    if _POSTGRES in config.stash:
        config.stash[_POSTGRES].end()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    room = metafunc.definition.path.relative_to(Path(__file__).parent).parts[0]
    if "database" in metafunc.fixturenames and room in _BOTH:
        marks = {mark.name for mark in metafunc.definition.iter_markers()}
        only = sorted(marks & set(_KINDS))
        metafunc.parametrize("database", only or _KINDS, indirect=True)


@pytest.fixture(scope="session")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Databases]:
    found = Databases(tmp_path_factory.mktemp("databases"))
    yield found
    found.close()


@pytest.fixture
def twin(
    database: str, request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[Callable[[Publisher], Store]]:
    """A copy of a publication's store, which must be closed: opened, with all that was in it."""
    made: list[str] = []

    def copy(p: Publisher) -> Store:
        if database == "postgresql":
            made.append(request.getfixturevalue("databases").copy(p.config.store))
            return open_store(made[-1], tmp_path)
        made.append(f"twin{len(made)}")
        shutil.copytree(p.store.folder, tmp_path / made[-1])
        return connect(tmp_path / made[-1] / "publisher.db")

    yield copy
    for url in made if database == "postgresql" else ():
        request.getfixturevalue("databases").give_back(url)


@pytest.fixture
def database(request: pytest.FixtureRequest) -> str:
    """Which kind of database this test's stores are: sqlite or postgresql."""
    return getattr(request, "param", "sqlite")


@pytest.fixture
def new_store(
    database: str, request: pytest.FixtureRequest, empty_store: Path
) -> Iterator[Callable[[Path], str]]:
    """Gives the publication in a folder an empty store with all its tables: the address of it."""
    taken: list[str] = []
    databases: Databases | None = request.getfixturevalue("databases") if database == "postgresql" else None

    def give(folder: Path) -> str:
        if databases:
            taken.append(databases.take())
            return taken[-1]
        if not (folder / "var").exists():
            shutil.copytree(empty_store, folder / "var")
        return "sqlite:///var/publisher.db"

    yield give
    for url in taken:
        assert databases
        databases.give_back(url)


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a store with all its tables and nothing in them: migrated once, copied for every test."""
    folder = tmp_path_factory.mktemp("store")
    empty = connect(folder / "publisher.db")
    migrate(empty)
    empty.close()
    return folder


@pytest.fixture
def publication(
    tmp_path: Path, clock: Clock, new_store: Callable[[Path], str]
) -> Iterator[Callable[..., Publisher]]:
    """Writes config.yaml and content/, gives it a store, and opens it; closed when the test ends."""
    opened: list[Publisher] = []
    stores: dict[Path, str] = {}

    def make(folder: Path = tmp_path, articles: dict[str, str] | None = None, **sections: Any) -> Publisher:
        if folder not in stores:
            stores[folder] = new_store(folder)
        site = {"publication": {"url": "https://courier.example"}, "newsletters": {"daily": {}}}
        site |= {"store": stores[folder]}
        files = {"config.yaml": yaml.safe_dump(site | sections)}
        files |= {f"content/{path}": text for path, text in (articles or {}).items()}
        for path, text in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8")
        (folder / "content").mkdir(exist_ok=True)
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
