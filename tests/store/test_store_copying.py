"""A publication moves to another database: every value is the same there, and never may both stores send."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, null, select, text

from publisher.errors import NotFound, Refused, StoreError
from publisher.store import Store, copying, exclusive, open_store, restores
from publisher.store.schema import (
    articles,
    credentials,
    cuts,
    deeds,
    deliveries,
    editions,
    editors,
    events,
    keys,
    metadata,
    notice_events,
    notices,
    pacing,
    pieces,
    refusals,
    releases,
    schedule,
    sign_ins,
    subscribers,
    subscriptions,
    suppressions,
    variant_articles,
    variants,
    workers,
)
from publisher.store.transcripts import transcribed

NOW = datetime(2026, 11, 21, 6, 0, tzinfo=UTC)
EXACT = datetime(2026, 10, 25, 2, 30, 15, 1, tzinfo=timezone(timedelta(hours=2)))
STRANGE = 'Ада "Grüße"\\ \t\n\r\\N \u2028 👩‍🚀 e\u0301 \x01\x7f'
PAIRS = [*itertools.product(("sqlite", "postgresql"), repeat=2)]
_RUN = """
import os, signal, sys
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from publisher.store import copying
source, target, folder, when = sys.argv[1:]
def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)
real = copying.nobody_else
ended = []
@contextmanager
def dying(store, name):
    with real(store, name) as tx:
        yield tx
    ended.append(name)
    if (when, ended.count(copying._TO), ended.count(copying._FROM)) in (
        ("noted", 1, 0), ("marked", 1, 1), ("complete", 2, 1)
    ):
        die()
copying.nobody_else = dying
step = die if when == "half" else lambda *_: None
copying.copy(source, target, Path(folder), datetime(2026, 11, 21, 6, tzinfo=UTC), step)
"""


def silent(_done: int, _total: int) -> None: ...


@pytest.fixture
def places(request: pytest.FixtureRequest, tmp_path: Path, empty_store: Path) -> Iterator[Callable[..., str]]:
    """Addresses of stores that do not exist yet, or of `made` ones that have all their tables."""
    taken: list[str] = []
    numbers = itertools.count(1)

    def give(kind: str, made: bool = True) -> str:
        if kind == "postgresql":
            databases = request.getfixturevalue("databases")
            if not made:
                return str(databases.create())
            taken.append(databases.take())
            return taken[-1]
        folder = f"store{next(numbers)}"
        if made:
            shutil.copytree(empty_store, tmp_path / folder)
        return f"sqlite:///{folder}/publisher.db"

    yield give
    for url in taken:
        request.getfixturevalue("databases").give_back(url)


@pytest.fixture
def use(tmp_path: Path) -> Iterator[Callable[[str], Store]]:
    """Opens the store at an address; who wants to copy it must close it again."""
    opened: list[Store] = []

    def open_(url: str) -> Store:
        opened.append(open_store(url, tmp_path))
        return opened[-1]

    yield open_
    for store in opened:
        store.close()


@pytest.fixture
def move(tmp_path: Path, use: Any) -> Callable[[str, str], copying.Copied]:
    return lambda source, target: copying.copy(source, target, tmp_path, NOW, silent)


def fill(store: Store, people: int = 3) -> None:
    """Something in every table, and in every column something that is easily lost."""
    standing = {"due_at": NOW, "first_due_at": EXACT, "status": "queued"}
    with store.write() as tx:
        for table, rows in {
            keys: [{"id": 7, "secret": bytes(range(256))}, {"id": 9, "secret": b""}],
            schedule: [{"name": f"gather {STRANGE}", "slot": "2026-W47", "at": EXACT}],
            articles: [_article("b"), _article("B", 1, NOW), _article("ä-1", 2, NOW)],
            releases: [{"release": 1, "article_id": "B", "revision": 1, "released_at": EXACT}],
            subscribers: [_person(n) for n in range(1, people + 1)],
            subscriptions: [_subscription(n) for n in range(1, people + 1)],
            suppressions: [{"address_key": "ё@example.org", "reason": STRANGE[:20], "created_at": EXACT}],
            editions: [_edition(4, "sending", {"html": STRANGE}), _edition(5, "cancelled", None)],
            cuts: [_cut(4), _cut(None)],
            pieces: [{"edition_id": 4, "name": "frame", "html": STRANGE * 2000, "text": ""}],
            variants: [_variant()],
            variant_articles: [
                {"variant_id": 2, "article_id": a, "revision": 1, "place": n, "role": ""}
                for n, a in enumerate(("ä-1", "b", "B"))
            ],
            deliveries: [_delivery(n) | standing for n in range(1, people + 1)],
            events: [{"delivery_id": 1, "at": EXACT, "old": "queued", "new": "sent", "attempt": 1}],
            notices: [
                {"kind": "test", "address": "a@b", "sender": "", "subject": STRANGE, "message": b"\0\r\n\xff"}
                | standing
            ],
            notice_events: [{"notice_id": 1, "at": NOW, "old": "queued", "new": "sent", "attempt": 1}],
            pacing: [{"name": "provider mx.example", "state": {"rate": 0.1, "q": [1e-300]}, "at": EXACT}],
            editors: [
                {"id": 3, "name": STRANGE, "address": "Ä@b", "address_key": "ä@b", "role": "admin"}
                | {"totp_step": 2**40, "created_at": EXACT}
            ],
            credentials: [
                {"digest": "0" * 64, "kind": "token", "editor_id": 3, "scopes": ["read"]}
                | dict.fromkeys(("created_at", "seen_at", "expires_at"), EXACT)
            ],
            sign_ins: [{"key": "ff", "at": EXACT}],
            deeds: [
                {"at": EXACT, "actor": STRANGE, "verb": "cut", "object": "daily/1", "data": {"é": [None]}}
            ],
            refusals: [{"path": STRANGE, "line": 1, "field": "", "reason": STRANGE, "since": EXACT}],
            workers: [{"name": "gone", "host": "h", "pid": 1, "begun_at": NOW, "lease_until": NOW}],
        }.items():
            tx.execute(table.insert(), rows)
        # nothing, and the null of JSON, which says "all topics"
        tx.execute(subscriptions.update().where(subscriptions.c.id == 2).values(topics=null()))


def _article(id_: str, release: int | None = None, released_at: datetime | None = None) -> dict[str, Any]:
    row = dict.fromkeys(("source", "path", "stamp", "explicit_id", "body_hash"), STRANGE[:12])
    row |= {"id": id_, "slug": f"slug-{id_}", "status": "published", "published_at": EXACT, "revision": 1}
    return row | {"topics": ["Ä"], "release": release, "released_at": released_at, "data": {"é": [None, 1.5]}}


def _person(n: int) -> dict[str, Any]:
    row = {"id": n, "address": f"p{n}@bücher.example", "address_key": f"p{n}@xn--bcher-kva.example"}
    return row | {"name": STRANGE, "attributes": {"k": STRANGE, "big": 2**62, "a": {}}, "created_at": EXACT}


def _subscription(n: int) -> dict[str, Any]:
    row = {"id": n, "subscriber_id": n, "newsletter": "daily", "status": "confirmed", "topics": None}
    row |= {"cadence": "daily", "weekday": 0, "day": 1, "hour": 7, "zone": "Europe/Berlin", "language": "en"}
    return row | {"mark": 3, "since": 0, "next_due_at": None, "created_at": EXACT, "ended_at": None}


def _edition(n: int, state: str, letterhead: Any) -> dict[str, Any]:
    row = {"id": n, "newsletter": "daily", "number": n, "cadence": "daily", "slot": "2026-11-21"}
    row |= {"day": "2026-11-21", "state": state, "by_hand": n == 4, "needs_approval": n != 4}
    row |= {"everybody": True, "archive": [STRANGE], "created_at": EXACT, "opened_at": None}
    return row | {"letterhead": letterhead}


def _cut(edition: int | None) -> dict[str, Any]:
    row = {"newsletter": "daily", "cadence": "daily", "slot": "x", "request": {}, "edition_id": edition}
    return row | {"at": NOW, "hi": 3, "cursor": 0, "finished_at": None if edition else EXACT}


def _variant() -> dict[str, Any]:
    row = {"id": 2, "edition_id": 4, "key": "k", "language": "de", "subject": STRANGE, "preheader": ""}
    return row | {"pieces": [1, "2"], "sha256": "0" * 64, "size": 7}


def _delivery(n: int) -> dict[str, Any]:
    row = {"id": n * 10, "edition_id": 4, "subscriber_id": n, "subscription_id": n, "variant_id": 2}
    row = row | {"id": 1} if n == 1 else row
    return row | {"address": f"p{n}@bücher.example", "fields": {"name": STRANGE}, "lo": 0, "hi": 3}


def everything(store: Store) -> dict[str, list[Any]]:
    """What the program sees of a store, and which values are nothing rather than the null of JSON."""
    with store.read() as tx:
        found: dict[str, list[Any]] = {
            t.name: [tuple(r) for r in tx.execute(select(t).order_by(*t.primary_key.columns))]
            for t in metadata.sorted_tables
        }
        found["nothing"] = list(tx.scalars(text("SELECT id FROM subscriptions WHERE topics IS NULL")))
    store.close()
    return found


def is_empty(store: Store) -> bool:
    found = everything(store)
    return not any(found.values())


def standing(store: Store) -> restores.Restored | None:
    with store.read() as tx:
        found = restores.restored(tx)
    store.close()
    return found


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_every_value_is_the_same_in_the_other_database(
    first: str, second: str, places: Any, use: Any, move: Any
) -> None:
    source, target = places(first), places(second, made=False)
    old = use(source)
    fill(old)
    before = everything(old)
    assert before["nothing"] == [2]
    done = move(source, target)
    new = use(target)
    after = everything(new)
    assert after.pop("workers") == []
    assert before.pop("workers")
    assert after == before
    assert {name: t.rows for name, t in done.tables.items()} == {
        name: len(rows) for name, rows in before.items() if name != "nothing"
    }
    assert done.awaiting == ""
    assert standing(new) is None
    with new.write() as tx:
        due = {"due_at": NOW, "first_due_at": NOW, "status": "queued"}
        event = {"delivery_id": 1, "at": NOW, "old": "sent", "new": "queued", "attempt": 1}
        for table, row in (
            (subscribers, _person(4)), (subscriptions, _subscription(4)), (deliveries, _delivery(4) | due),
            (keys, {"secret": b"new"}), (events, event),
        ):  # fmt: skip
            highest = tx.scalar(select(func.max(table.c.id)))
            values = {name: value for name, value in row.items() if name != "id"}
            assert tx.execute(table.insert().values(values)).inserted_primary_key[0] == highest + 1


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_afterwards_only_the_new_store_sends(kind: str, places: Any, use: Any, move: Any) -> None:
    source, target, third = places(kind), places("sqlite"), places("sqlite")
    old = use(source)
    fill(old)
    with old.write() as tx:
        tx.execute(deliveries.update().where(deliveries.c.id == 1).values(status="sending", worker="gone"))
    old.close()
    move(source, target)
    assert standing(use(target)) is None
    assert standing(old) == restores.Restored(NOW, gathered=False, covering=None, copied=True)
    with old.read() as tx, pytest.raises(Refused, match=r"was copied on 2026-11-21 .*publisher gather"):
        restores.check(tx)
    old.close()
    rows = {name: {row[0]: row for row in everything(use(url))["deliveries"]} for name, url in
            (("old", source), ("new", target))}  # fmt: skip
    assert "sending" in rows["new"][1], "what becomes of it is decided where it goes on"
    assert rows["old"] == rows["new"]
    done = move(source, third)
    assert "publisher acknowledge --restore" in done.awaiting, "two copies may not both send either"
    assert standing(use(third)) == standing(old)
    with old.write() as tx:
        restores.set_acknowledged(tx)
        restores.check(tx)


@pytest.mark.parametrize(("first", "second"), PAIRS[1:3])
def test_a_copy_of_a_restored_store_is_a_restored_store(
    first: str, second: str, places: Any, use: Any, move: Any
) -> None:
    source, target = places(first), places(second)
    old = use(source)
    with old.write() as tx:
        restores.mark(tx, NOW - timedelta(days=1))
        restores.set_gathered(tx, NOW)
        restores.set_covering(tx, EXACT)
    old.close()
    assert "restored on 2026-11-20" in move(source, target).awaiting
    assert standing(use(target)) == restores.Restored(NOW - timedelta(days=1), gathered=True, covering=EXACT)
    found = standing(old)
    assert found
    assert found.copied


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT
VALUES = st.recursive(PLAIN, lambda v: st.lists(v, max_size=3) | st.dictionaries(TEXT, v, max_size=3))
JSON = st.none() | st.lists(VALUES, max_size=4) | st.dictionaries(TEXT, VALUES, max_size=4)
ZONES = st.integers(-14 * 60, 14 * 60).map(lambda m: timezone(timedelta(minutes=m)))
MOMENTS = st.datetimes(datetime(1900, 1, 2), datetime(9999, 12, 30), timezones=ZONES)  # noqa: DTZ001
PEOPLE = st.lists(st.tuples(TEXT, JSON, MOMENTS), min_size=10, max_size=40)
LETTERS = st.lists(st.tuples(st.binary(max_size=300), st.none() | MOMENTS, TEXT), min_size=5, max_size=20)


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(PEOPLE, LETTERS)
def test_there_and_back_is_the_same(
    databases: Any, empty_store: Path, tmp_path_factory: Any, people: list[Any], letters: list[Any]
) -> None:
    """Names, attributes, blobs, moments: any of them, through both databases, as the program reads them."""
    folder = tmp_path_factory.mktemp("law")
    first, last, middle = "sqlite:///a/publisher.db", "sqlite:///b/publisher.db", databases.take()
    for name in ("a", "b"):
        shutil.copytree(empty_store, folder / name)
    old = open_store(first, folder)
    with old.write() as tx:
        for n, (name, attributes, at) in enumerate(people, 1):
            row = {"name": name, "attributes": attributes, "created_at": at}
            tx.execute(subscribers.insert().values(_person(n) | row))
        for message, at, words in letters:
            row = {"kind": "k", "address": "a", "sender": "", "subject": words, "message": message}
            row |= {"due_at": NOW, "first_due_at": NOW, "status": "sent", "finished_at": at}
            tx.execute(notices.insert().values(row))
    before = everything(old)
    there = copying.copy(first, middle, folder, NOW, silent)
    back = copying.copy(middle, last, folder, NOW, silent)
    assert there.tables == back.tables
    assert there.sha256 == back.sha256
    new = open_store(last, folder)
    assert everything(new) == before
    databases.give_back(middle)


def test_hashes_tell_apart_what_looks_alike() -> None:
    """A microsecond, the type of a value in JSON, nothing and the null of JSON, and where one value ends."""
    plain = (1, "p@example.org", "p@example.org", "", "{}", EXACT)
    alike: list[list[tuple[Any, ...]]] = [[], [plain], [plain, (2, *plain[1:])]]
    alike += [[(*plain[:4], value, EXACT)] for value in (None, "null", '{"n":1}', '{"n":1.5}', '{"n":"1"}')]
    alike += [[(*plain[:5], EXACT + timedelta(microseconds=1))]]
    alike += [[(1, "a", "bc", *plain[3:])], [(1, "ab", "c", *plain[3:])], [(1, "p", "p", "null", *plain[4:])]]
    hashes = set()
    for rows in alike:
        passing, found = transcribed(subscribers, rows, lambda: None)
        assert list(passing) == rows
        hashes.add(found())
    assert len(hashes) == len(alike)


_FAULTS = {
    "sqlite": {
        "subscribers": "CREATE TRIGGER bad AFTER INSERT ON subscribers WHEN new.id = 2"
        " BEGIN UPDATE subscribers SET name = 'x' WHERE id = 2; END",
        "deliveries": "CREATE TRIGGER bad AFTER INSERT ON deliveries WHEN new.id = 20"
        " BEGIN DELETE FROM deliveries WHERE id = 20; END",
    },
    "postgresql": {
        "subscribers": "IF NEW.id = 2 THEN NEW.name = 'x'; END IF; RETURN NEW;",
        "deliveries": "IF NEW.id = 20 THEN RETURN NULL; END IF; RETURN NEW;",
    },
}


def break_inserts(store: Store, table: str) -> None:
    """One row is changed, or lost, by the database itself."""
    fault = _FAULTS[store.dialect][table]
    with store.write() as tx:
        if store.dialect == "postgresql":
            body = f"CREATE FUNCTION bad() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {fault} END $$"
            tx.exec_driver_sql(body)
            fault = f"CREATE TRIGGER bad BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION bad()"
        tx.exec_driver_sql(fault)
    store.close()


def mend_inserts(store: Store, table: str) -> None:
    with store.write() as tx:
        if store.dialect == "postgresql":
            tx.exec_driver_sql("DROP FUNCTION bad() CASCADE")
        else:
            tx.exec_driver_sql("DROP TRIGGER bad")
    store.close()


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
@pytest.mark.parametrize("table", ["subscribers", "deliveries"])
def test_a_copy_that_is_not_the_same_is_taken_back(
    kind: str, table: str, places: Any, use: Any, move: Any
) -> None:
    source, target = places("sqlite"), places(kind)
    old, new = use(source), use(target)
    fill(old)
    before = everything(old)
    break_inserts(new, table)
    with pytest.raises(StoreError, match=rf"^{table}: the copy is not the same[^\n]+$"):
        move(source, target)
    assert is_empty(new)
    assert everything(old) == before, "it goes on sending"
    mend_inserts(new, table)
    move(source, target)
    assert standing(new) is None


def test_what_the_other_database_does_not_take_is_one_line_without_the_data(
    places: Any, use: Any, move: Any
) -> None:
    for changes, said in (({"name": "a\0secret"}, "NUL"), ({"address": "secret" * 99}, "too long")):
        source, target = places("sqlite"), places("postgresql")
        old = use(source)
        fill(old)
        with old.write() as tx:
            tx.execute(subscribers.update().where(subscribers.c.id == 2).values(changes))
        old.close()
        with pytest.raises(
            StoreError, match=rf"^subscribers: a row is not taken there: [^\n]*{said}"
        ) as error:
            move(source, target)
        assert "secret" not in str(error.value)
        assert is_empty(use(target))
        assert standing(old) is None


def copy_and_die(source: str, target: str, folder: Path, when: str) -> None:
    killed = subprocess.run(
        [sys.executable, "-c", _RUN, source, target, str(folder), when],
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert killed.returncode == -signal.SIGKILL, killed.stderr


@pytest.mark.parametrize("when", ["noted", "marked", "half"])
@pytest.mark.parametrize(("first", "second"), PAIRS[1:3])
def test_a_killed_copy_leaves_nothing_that_sends_and_is_made_again(
    first: str, second: str, when: str, places: Any, use: Any, move: Any, tmp_path: Path
) -> None:
    """Killed before the old store is marked, before a row is copied, and in the middle of the rows."""
    source, target = places(first), places(second)
    old, new = use(source), use(target)
    fill(old, people=800)
    before = everything(old)
    copy_and_die(source, target, tmp_path, when)
    half = standing(new)
    assert half
    assert half.unfinished
    with new.write() as tx:
        with pytest.raises(Refused, match="has not ended"):
            restores.check(tx)
        with pytest.raises(Refused, match="publisher store copy"):
            restores.set_acknowledged(tx)
        assert tx.scalar(select(func.count()).select_from(subscribers)) == 0
    new.close()
    with pytest.raises(Refused, match="not complete"):
        move(target, places("sqlite", made=False))
    assert (standing(old) is None) == (when == "noted"), "it is stopped before anything is copied"
    assert move(source, target).awaiting == ""
    after = everything(new)
    assert (after.pop("workers"), len(before.pop("workers"))) == ([], 1)
    assert after == before
    found = standing(old)
    assert found
    assert found.copied


def test_a_half_that_was_thrown_away_is_not_forgotten(
    places: Any, use: Any, move: Any, tmp_path: Path
) -> None:
    """Nobody knows what became of it: the next copy waits until a person says that it may send."""
    source, target = places("sqlite"), places("sqlite")
    old = use(source)
    fill(old)
    old.close()
    copy_and_die(source, target, tmp_path, "marked")
    assert "acknowledge --restore" in move(source, places("sqlite")).awaiting


def test_a_copy_that_is_killed_when_it_is_complete_is_complete(
    places: Any, use: Any, move: Any, tmp_path: Path
) -> None:
    source, target = places("sqlite"), places("postgresql")
    old, new = use(source), use(target)
    fill(old)
    before = everything(old)
    copy_and_die(source, target, tmp_path, "complete")
    assert standing(new) is None
    assert everything(new) == before | {"workers": []}
    assert standing(old) is not None
    with pytest.raises(Refused, match="not empty"):
        move(source, target)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exclusive, "_PATIENCE", 0.3)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_store_that_somebody_has_open_is_left_alone(kind: str, places: Any, use: Any, move: Any) -> None:
    source, target = places(kind), places(kind)
    old, new = use(source), use(target)
    fill(old)
    before = everything(old)
    with old.hold("w1"), pytest.raises(Refused, match=r"somebody is sending .* w1"):
        move(source, target)
    old.close()
    for busy, which in ((old, "from"), (new, "to")):
        with busy.read() as tx:
            tx.execute(select(schedule))  # and stays connected, idle
        with pytest.raises(Refused, match=f"the store to copy {which} is in use: stop"):
            move(source, target)
        busy.close()
    assert is_empty(new)
    assert everything(old) == before
    move(source, target)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_who_comes_while_it_is_copied_waits_and_then_sends_nothing(
    kind: str, places: Any, use: Any, tmp_path: Path
) -> None:
    source = places(kind)
    late, found = use(source), list[str]()
    fill(late, people=800)
    late.close()

    def begin_to_send() -> None:
        try:
            with late.read() as tx:
                restores.check(tx)
            found.append("may send")
        except Refused as refused:
            found.append(str(refused))

    sender = threading.Thread(target=begin_to_send)

    def step(done: int, total: int) -> None:
        if not sender.ident:
            sender.start()
            sender.join(0.5)
            assert sender.is_alive()

    copying.copy(source, places("sqlite"), tmp_path, NOW, step)
    sender.join(20)
    assert "this store was copied" in found[0]


@pytest.mark.usefixtures("impatient")
def test_a_reader_that_does_not_say_who_it_is_is_noticed_by_its_locks(
    places: Any, use: Any, move: Any
) -> None:
    import psycopg

    source = places("postgresql")
    with psycopg.connect(source) as stranger:
        stranger.execute("SELECT * FROM deliveries")
        with pytest.raises(Refused, match="in use"):
            move(source, places("sqlite"))


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_what_cannot_be_copied_is_said_and_nothing_is_touched(
    kind: str, places: Any, use: Any, move: Any, tmp_path: Path
) -> None:
    source, full = places(kind), places(kind)
    old, other = use(source), use(full)
    for store in (old, other):
        fill(store)
        store.close()
    before = everything(other)
    nothing, fresh = places(kind, made=False), places("sqlite", made=False)
    with pytest.raises(Refused, match=r"not empty \(\w+ has rows\)"):
        move(source, full)
    with pytest.raises(Refused, match="itself"):
        move(source, source)
    with pytest.raises((NotFound, Refused), match=r"there is no store|is no store of the publisher"):
        move(nothing, fresh)
    for version, error, said in (("0001", Refused, "publisher migrate"), ("9999", StoreError, "newer")):
        _set_version(old, version)
        with pytest.raises(error, match=said):
            move(source, fresh)
        with pytest.raises(Refused, match="expected an empty database"):
            move(full, source)
    with old.write() as tx:
        tx.exec_driver_sql("ALTER TABLE alembic_version RENAME TO theirs")
    old.close()
    with pytest.raises(Refused, match="not the publisher's"):
        move(full, source)
    with old.write() as tx:
        tx.exec_driver_sql("ALTER TABLE theirs RENAME TO alembic_version")
    old.close()
    assert everything(other) == before
    assert not (tmp_path / fresh.removeprefix("sqlite:///")).exists()


def _set_version(store: Store, version: str) -> None:
    with store.write() as tx:
        tx.execute(text("UPDATE alembic_version SET version_num = :v"), {"v": version})
    store.close()


def test_the_key_of_a_new_store_gives_way_to_those_that_links_were_made_with(
    places: Any, use: Any, move: Any
) -> None:
    source, target = places("sqlite"), places("postgresql")
    old, new = use(source), use(target)
    fill(old)
    with new.write() as tx:
        tx.execute(keys.insert().values(secret=b"made by the first command"))
    new.close()
    expected = everything(old)["keys"]
    move(source, target)
    assert everything(new)["keys"] == expected


def test_progress_counts_rows_up_to_all_of_them(places: Any, use: Any, tmp_path: Path) -> None:
    source, target = places("sqlite"), places("sqlite")
    store = use(source)
    fill(store, people=1000)
    store.close()
    steps: list[tuple[int, int]] = []
    done = copying.copy(source, target, tmp_path, NOW, lambda *step: steps.append(step))
    assert [s for s, _ in steps] == sorted({s for s, _ in steps})
    assert {total for _, total in steps} == {done.rows}
    assert done.rows - 1000 < steps[-1][0] <= done.rows


def test_json_keeps_its_spelling_and_counts_as_what_it_says(places: Any, use: Any, move: Any) -> None:
    hashes = []
    for spelled in ('{"a":1,"b":"ü"}', '{ "b": "\\u00fc", "a": 1 }'):
        source, target = places("sqlite"), places("postgresql")
        old, new = use(source), use(target)
        with old.write() as tx:
            tx.execute(subscribers.insert().values(_person(1)))
            tx.execute(text("UPDATE subscribers SET attributes = :v"), {"v": spelled})
        old.close()
        hashes.append(move(source, target).sha256)
        with new.read() as tx:
            assert tx.scalar(text("SELECT attributes::text FROM subscribers")) == spelled
        new.close()
    assert hashes[0] == hashes[1]
