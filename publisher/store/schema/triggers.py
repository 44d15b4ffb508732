"""The triggers that keep `tallies`, `movements` and `article_words`.

A change of them needs a migration that makes them anew.

SQLite runs one for each row, some 0.5 µs, and only where a status changes. PostgreSQL runs one for each
statement on deliveries and new subscriptions, of which there are very many at once, and one for each row
where the status of a subscription changes: a cut, which changes no status, runs none of these.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection


def _add(table: str, values: str, columns: str) -> str:
    """An upsert that adds; the first `len - counted` columns are the key."""
    counted = {"tallies": ("deliveries",), "movements": ("subscriptions", "came", "went")}[table]
    names = [name.strip() for name in columns.split(",")]
    key = ", ".join(name for name in names if name not in counted)
    more = ", ".join(f"{name} = {table}.{name} + excluded.{name}" for name in counted)
    return f"INSERT INTO {table} ({columns}) {values} ON CONFLICT ({key}) DO UPDATE SET {more}"


_TALLY = "edition_id, status, shard, deliveries"
_MOVE = "newsletter, cadence, status, day, shard, subscriptions, came, went"


def _tally(row: str, number: str, status: str = "") -> str:
    """SQLite: count one row."""
    values = f"VALUES ({row}.edition_id, {status or f'{row}.status'}, 0, {number})"
    return _add("tallies", values, _TALLY)


def _unseen(row: str) -> str:
    return f"({row}.status = 'unknown' AND {row}.acknowledged_at IS NULL)"


def _move(row: str, day: str, number: int, moved: str) -> str:
    """SQLite: one subscription more or fewer; `moved` is 1 where its status is another than before."""
    both = f"{moved}, 0" if number > 0 else f"0, {moved}"
    values = f"VALUES ({row}.newsletter, {row}.cadence, {row}.status, {day}, 0, {number}, {both})"
    return _add("movements", values, _MOVE)


# What of an article editors look for. `topics` are lines, each with a line end before and behind it.
_WORDS = "article_id, published_at, status, source, topics, words"
_KEPT = ", ".join(f"{name} = excluded.{name}" for name in _WORDS.split(", ")[1:])


def _remember(dialect: str, row: str, tail: str) -> str:
    """Keep the words of an article, or of all (`tail`: FROM articles)."""
    topics, authors, labels, title = {
        "sqlite": (
            f"SELECT group_concat(value, char(10)) FROM json_each({row}.topics)",
            "SELECT group_concat(json_extract(value, '$.name'), char(10)) "
            f"FROM json_each({row}.data, '$.authors')",
            f"SELECT group_concat(value, char(10)) FROM json_each({row}.data, '$.labels')",
            f"json_extract({row}.data, '$.title')",
        ),
        "postgresql": (
            f"SELECT string_agg(t, chr(10)) FROM json_array_elements_text({row}.topics) AS t",
            "SELECT string_agg(a ->> 'name', chr(10)) "
            f"FROM json_array_elements({row}.data -> 'authors') AS a",
            f"SELECT string_agg(t, chr(10)) FROM json_array_elements_text({row}.data -> 'labels') AS t",
            f"{row}.data ->> 'title'",
        ),
    }[dialect]
    end = "char(10)" if dialect == "sqlite" else "chr(10)"
    listed = f"{end} || coalesce(({topics}), '') || {end}"
    values = (
        f"SELECT {row}.id, {row}.published_at, {row}.status, {row}.source, {listed}, "
        # SQLite takes ON for a join where no WHERE stands before it
        f"coalesce({title}, '') || {end} || coalesce(({authors}), '') || {listed} "
        f"|| coalesce(({labels}), '') {tail} WHERE true"
    )
    return f"INSERT INTO article_words ({_WORDS}) {values} ON CONFLICT (article_id) DO UPDATE SET {_KEPT}"


_RETITLED = "UPDATE OF published_at, status, source, topics, data ON articles"
_FORGET = "DELETE FROM article_words WHERE article_id = OLD.id"

_TODAY = "date('now')"
_OTHER = "(OLD.status <> NEW.status)"
# when somebody left is known; of other changes the clock of the database says the day
_LEFT = f"iif(NEW.status = 'unsubscribed', coalesce(substr(NEW.ended_at, 1, 10), {_TODAY}), {_TODAY})"
_SAME = "NEW.edition_id = OLD.edition_id AND NEW.status = OLD.status"

# name: (when, what is done); a WHEN that is false costs next to nothing
_SQLITE = {
    "tallies_inserted": ("AFTER INSERT ON deliveries", [_tally("NEW", "1")]),
    "tallies_deleted": ("AFTER DELETE ON deliveries", [_tally("OLD", "-1")]),
    "tallies_updated": (
        f"AFTER UPDATE OF edition_id, status ON deliveries WHEN NOT ({_SAME})",
        [_tally("OLD", "-1"), _tally("NEW", "1")],
    ),
    "tallies_unseen_inserted": (
        f"AFTER INSERT ON deliveries WHEN {_unseen('NEW')}",
        [_tally("NEW", "1", "'unseen'")],
    ),
    "tallies_unseen_deleted": (
        f"AFTER DELETE ON deliveries WHEN {_unseen('OLD')}",
        [_tally("OLD", "-1", "'unseen'")],
    ),
    "tallies_unseen_updated": (
        f"AFTER UPDATE OF status, acknowledged_at ON deliveries WHEN {_unseen('OLD')} <> {_unseen('NEW')}",
        [_tally("NEW", f"{_unseen('NEW')} - {_unseen('OLD')}", "'unseen'")],
    ),
    "tallies_compacted": ("AFTER INSERT ON compacted", [_tally("NEW", "NEW.deliveries", "'sent'")]),
    "tallies_uncompacted": ("AFTER DELETE ON compacted", [_tally("OLD", "-OLD.deliveries", "'sent'")]),
    "movements_inserted": (
        "AFTER INSERT ON subscriptions",
        [_move("NEW", "substr(NEW.created_at, 1, 10)", 1, "1")],
    ),
    "movements_deleted": ("AFTER DELETE ON subscriptions", [_move("OLD", _TODAY, -1, "1")]),
    "movements_updated": (
        "AFTER UPDATE OF newsletter, cadence, status ON subscriptions WHEN NEW.newsletter <> OLD.newsletter "
        f"OR NEW.cadence <> OLD.cadence OR {_OTHER}",
        [_move("OLD", _LEFT, -1, _OTHER), _move("NEW", _LEFT, 1, _OTHER)],
    ),
    "words_inserted": ("AFTER INSERT ON articles", [_remember("sqlite", "NEW", "")]),
    "words_updated": (f"AFTER {_RETITLED}", [_remember("sqlite", "NEW", "")]),
    "words_deleted": ("AFTER DELETE ON articles", [_FORGET]),
}

_MINE = "pg_backend_pid()"


def _tallied(*parts: str) -> str:
    """PostgreSQL: what a statement changed, as one sum for each edition and status."""
    rows = " UNION ALL ".join(parts)
    sums = (
        f"SELECT edition_id, status, sum(n) AS n, sum(n) FILTER (WHERE {_unseen('moved')}) AS unseen "
        f"FROM ({rows}) AS moved GROUP BY edition_id, status"
    )
    return _add(
        "tallies",
        f"SELECT edition_id, each.status, {_MINE}, each.n FROM ({sums}) AS found CROSS JOIN LATERAL "
        "(VALUES (found.status, found.n), ('unseen', found.unseen)) AS each (status, n) "
        "WHERE each.n <> 0 ORDER BY edition_id, each.status",
        _TALLY,
    )


def _rows(table: str, number: int) -> str:
    """Of a statement's rows before or after."""
    return f"SELECT edition_id, status, acknowledged_at, {number} AS n FROM {table}"


_DAY = "to_char(timezone('UTC', {}), 'YYYY-MM-DD')"
_NOW = _DAY.format("now()")
_WENT = f"CASE WHEN NEW.status = 'unsubscribed' THEN coalesce({_DAY.format('NEW.ended_at')}, {_NOW}) ELSE {_NOW} END"  # noqa: E501


def _moved(table: str, day: str, sign: str) -> str:
    """PostgreSQL: subscriptions that a statement made or deleted."""
    both = "count(*), 0" if sign == "" else "0, count(*)"
    return _add(
        "movements",
        f"SELECT newsletter, cadence, status, {day}, {_MINE}, {sign}count(*), {both} FROM {table} "
        "GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4",
        _MOVE,
    )


def _moved_one(row: str, number: int) -> str:
    both = f"{_OTHER}::int, 0" if number > 0 else f"0, {_OTHER}::int"
    values = f"VALUES ({row}.newsletter, {row}.cadence, {row}.status, {_WENT}, {_MINE}, {number}, {both})"
    return _add("movements", values, _MOVE)


_COMPACT = f"VALUES ({{row}}.edition_id, 'sent', {_MINE}, {{sign}}{{row}}.deliveries)"
_EACH, _ALL = "FOR EACH ROW", "FOR EACH STATEMENT"
_AFTER, _BEFORE = "REFERENCING NEW TABLE AS after", "REFERENCING OLD TABLE AS before"
_POSTGRES = {
    "tallies_inserted": (f"AFTER INSERT ON deliveries {_AFTER} {_ALL}", [_tallied(_rows("after", 1))]),
    "tallies_deleted": (f"AFTER DELETE ON deliveries {_BEFORE} {_ALL}", [_tallied(_rows("before", -1))]),
    "tallies_updated": (
        f"AFTER UPDATE ON deliveries {_BEFORE} NEW TABLE AS after {_ALL}",
        [_tallied(_rows("before", -1), _rows("after", 1))],
    ),
    "tallies_compacted": (
        f"AFTER INSERT ON compacted {_EACH}",
        [_add("tallies", _COMPACT.format(row="NEW", sign=""), _TALLY)],
    ),
    "tallies_uncompacted": (
        f"AFTER DELETE ON compacted {_EACH}",
        [_add("tallies", _COMPACT.format(row="OLD", sign="-"), _TALLY)],
    ),
    "movements_inserted": (
        f"AFTER INSERT ON subscriptions {_AFTER} {_ALL}",
        [_moved("after", _DAY.format("created_at"), "")],
    ),
    "movements_deleted": (
        f"AFTER DELETE ON subscriptions {_BEFORE} {_ALL}",
        [_moved("before", _NOW, "-")],
    ),
    "movements_updated": (
        f"AFTER UPDATE OF newsletter, cadence, status ON subscriptions {_EACH} WHEN ((OLD.newsletter, "
        "OLD.cadence, OLD.status) IS DISTINCT FROM (NEW.newsletter, NEW.cadence, NEW.status))",
        [_moved_one("OLD", -1), _moved_one("NEW", 1)],
    ),
    "words_inserted": (f"AFTER INSERT ON articles {_EACH}", [_remember("postgresql", "NEW", "")]),
    "words_updated": (f"AFTER {_RETITLED} {_EACH}", [_remember("postgresql", "NEW", "")]),
    "words_deleted": (f"AFTER DELETE ON articles {_EACH}", [_FORGET]),
}


def make(tx: Connection) -> None:
    """Make the triggers of this database, and on PostgreSQL the functions that they call."""
    if tx.dialect.name == "sqlite":
        for name, (when, steps) in _SQLITE.items():
            _say(tx, f"CREATE TRIGGER {name} {when} BEGIN {'; '.join(steps)}; END")
        return
    for name, (when, steps) in _POSTGRES.items():
        body = f"BEGIN {'; '.join(steps)}; RETURN NULL; END"
        _say(tx, f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $${body}$$")
        _say(tx, f"CREATE TRIGGER {name} {when} EXECUTE FUNCTION {name}()")


def drop(tx: Connection) -> None:
    """Take the triggers away: nothing is counted until `make`."""
    if tx.dialect.name == "sqlite":
        for name in _SQLITE:
            _say(tx, f"DROP TRIGGER IF EXISTS {name}")
        return
    for name, (when, _) in _POSTGRES.items():
        table = when.partition(" ON ")[2].split()[0]
        _say(tx, f"DROP TRIGGER IF EXISTS {name} ON {table}")


@contextmanager
def stopped(tx: Connection) -> Iterator[None]:
    """What is written here is not counted: whoever copies rows copies their counts, too."""
    drop(tx)
    yield
    make(tx)


def count_anew(tx: Connection) -> None:
    """Count what is there, as if nothing had been counted before."""
    tx.exec_driver_sql("DELETE FROM tallies")
    tx.exec_driver_sql("DELETE FROM movements")
    _say(
        tx,
        f"INSERT INTO tallies ({_TALLY}) SELECT edition_id, status, 0, sum(n) FROM ("
        "SELECT edition_id, status, count(*) AS n FROM deliveries GROUP BY edition_id, status "
        "UNION ALL SELECT edition_id, 'sent', sum(deliveries) FROM compacted GROUP BY edition_id "
        "UNION ALL SELECT edition_id, 'unseen', count(*) FROM deliveries "
        f"WHERE {_unseen('deliveries')} GROUP BY edition_id) AS found GROUP BY edition_id, status",
    )
    made, ended = (_day_of(tx, name) for name in ("created_at", "ended_at"))
    # who left was there before
    left = f"status = 'unsubscribed' AND ended_at IS NOT NULL AND {ended} >= {made}"
    was = f"CASE WHEN {left} THEN 'confirmed' ELSE status END"
    parts = (
        f"{was} AS status, {made} AS day, 1 AS n, 1 AS c, 0 AS w FROM subscriptions",
        f"'confirmed', {ended}, -1, 0, 1 FROM subscriptions WHERE {left}",
        f"'unsubscribed', {ended}, 1, 1, 0 FROM subscriptions WHERE {left}",
    )
    rows = " UNION ALL ".join(f"SELECT newsletter, cadence, {part}" for part in parts)
    _say(
        tx,
        f"INSERT INTO movements ({_MOVE}) SELECT newsletter, cadence, status, day, 0, sum(n), sum(c), sum(w) "
        f"FROM ({rows}) AS found GROUP BY newsletter, cadence, status, day",
    )


def remember_anew(tx: Connection) -> None:
    """Keep the words of all articles that are there."""
    tx.exec_driver_sql("DELETE FROM article_words")
    _say(tx, _remember(tx.dialect.name, "articles", "FROM articles"))


def _day_of(tx: Connection, column: str) -> str:
    return f"substr({column}, 1, 10)" if tx.dialect.name == "sqlite" else _DAY.format(column)


def _say(tx: Connection, statement: str) -> None:
    tx.exec_driver_sql(statement.replace("%", "%%") if tx.dialect.name == "postgresql" else statement)
