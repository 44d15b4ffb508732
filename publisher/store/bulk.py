"""Many rows at once: named by a list that is one value, and times as a driver takes them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime
from itertools import chain
from operator import itemgetter
from typing import Any

from sqlalchemy import (
    JSON,
    ColumnElement,
    Connection,
    Table,
    any_,
    func,
    literal,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY

from publisher.store.columns import Moment

# rows as the driver takes them, by the identity of what they were made of, which is kept beside them
Converted = dict[int, tuple[Mapping[str, Any], tuple[Any, ...]]]
Row = tuple[Any, ...]
# that any SQLite takes in one statement
_MOST_VALUES = 999


def among(tx: Connection, column: ColumnElement[Any], ids: Iterable[int | str]) -> ColumnElement[bool]:
    """Whether a column is one of thousands of ids; unlike with `in_`, the statement is always the same."""
    if tx.dialect.name == "postgresql":
        return column == any_(literal(list(ids), ARRAY(column.type)))
    return column.in_(select(func.json_each(json.dumps(list(ids))).table_valued("value").c.value))


def moment(tx: Connection, value: datetime | None) -> Any:
    """A time as the driver takes it: UTC, and text without a zone where the database keeps none."""
    if value is None or tx.dialect.name == "postgresql":
        return value
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


def new_ids(tx: Connection, table: Table, count: int) -> list[int]:
    """Numbers for so many new rows, which nobody else gets; on SQLite because a writer is alone."""
    if tx.dialect.name == "postgresql":
        sequence = func.pg_get_serial_sequence(table.name, "id")
        some = func.generate_series(1, count).table_valued("n")
        return list(tx.scalars(select(func.nextval(sequence)).select_from(some)))
    first = int(tx.scalar(select(func.coalesce(func.max(table.c.id), 0))) or 0) + 1
    return list(range(first, first + count))


def insert_all(tx: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows of the same columns by the driver itself: a third of the time for thousands of them."""
    if not rows:
        return
    names = list(rows[0])
    columns: list[Iterable[Any]] = list(zip(*map(itemgetter(*names), rows), strict=True))
    for place, name in enumerate(names):
        if convert := _conversion(tx, table, name):
            columns[place] = map(convert, columns[place])
    _insert(tx, table, names, zip(*columns, strict=True))


def insert_alike(
    tx: Connection,
    table: Table,
    own: str,
    rows: Sequence[tuple[Any, Mapping[str, Any]]],
    written: Converted | None = None,
) -> None:
    """Insert rows that share all but the column `own`: each a value of it, and the rest, converted once.

    `written` keeps what was converted for the next time, and the rests themselves, so that no other gets
    the place in memory by which they are known.
    """
    if not rows:
        return
    names = list(rows[0][1])
    conversions = [_conversion(tx, table, name) for name in names]
    made: Converted = {} if written is None else written
    for _, rest in rows:
        if id(rest) not in made:
            values = (rest[name] for name in names)
            converted = tuple(c(v) if c else v for c, v in zip(conversions, values, strict=True))
            made[id(rest)] = rest, converted
    _insert(tx, table, [own, *names], ((mine, *made[id(rest)][1]) for mine, rest in rows))


def replace_all(tx: Connection, table: Table, own: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """As `insert_all`, into a table with the key `own`: where a row is there, its named columns change.

    A text for a column of JSON is JSON already.
    """
    if not rows:
        return
    names = list(rows[0])
    conversions = [_conversion(tx, table, name) or _as_it_is for name in names]
    values = [
        tuple(
            value if isinstance(value := row[name], str) else convert(value)
            for convert, name in zip(conversions, names, strict=True)
        )
        for row in rows
    ]
    changes = ", ".join(f"{name} = excluded.{name}" for name in names if name != own)
    driver: Any = tx.connection.driver_connection
    with closing(driver.cursor()) as cursor:
        for statement, held in _statements(tx, len(names), values):
            into = f"INSERT INTO {table.name} ({', '.join(names)}) VALUES {statement}"
            cursor.executemany(f"{into} ON CONFLICT ({own}) DO UPDATE SET {changes}", held)


def _statements(tx: Connection, width: int, rows: Sequence[Row]) -> Iterator[tuple[str, Sequence[Row]]]:
    """The places for rows, and what goes there.

    SQLite keeps a journal of each statement that a trigger or a conflict may undo: many rows share one.
    """
    if tx.dialect.name == "postgresql":
        yield f"({', '.join(['%s'] * width)})", rows
        return
    one, most = f"({', '.join('?' * width)})", max(_MOST_VALUES // width, 1)
    for start in range(0, len(rows), most):
        some = rows[start : start + most]
        yield ", ".join([one] * len(some)), [tuple(chain.from_iterable(some))]


def change_all(tx: Connection, table: Table, own: str, column: str, values: Mapping[str, str]) -> None:
    """Give a column new text in the rows with these keys (`own`). For a column of JSON it is JSON already."""
    place = "%s" if tx.dialect.name == "postgresql" else "?"
    statement = f"UPDATE {table.name} SET {column} = {place} WHERE {own} = {place}"
    driver: Any = tx.connection.driver_connection
    with closing(driver.cursor()) as cursor:
        cursor.executemany(statement, [(text, key) for key, text in values.items()])


def _as_it_is(value: Any) -> Any:
    return value


def _insert(tx: Connection, table: Table, names: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> None:
    driver: Any = tx.connection.driver_connection
    listed = ", ".join(names)
    if tx.dialect.name == "postgresql":
        with driver.cursor() as cursor, cursor.copy(f"COPY {table.name} ({listed}) FROM STDIN") as copy:
            for values in rows:
                copy.write_row(values)
    else:
        places = ", ".join("?" * len(names))
        driver.executemany(f"INSERT INTO {table.name} ({listed}) VALUES ({places})", rows)


def _conversion(tx: Connection, table: Table, name: str) -> Callable[[Any], Any] | None:
    """How the driver wants the values of a column, if not as they are; what comes again is done once."""
    kind = table.c[name].type
    if isinstance(kind, Moment):
        seen: dict[datetime | None, Any] = {}
        return lambda value: seen[value] if value in seen else seen.setdefault(value, moment(tx, value))
    return _as_json() if isinstance(kind, JSON) else None


def _as_json() -> Callable[[Any], str]:
    """What is the same for many (attributes mostly are) is written once."""
    seen: dict[tuple[tuple[str, Any], ...], str] = {(): "{}"}

    def written(value: Any) -> str:
        if not isinstance(value, dict):
            return json.dumps(value)  # JSON's null, as SQLAlchemy has it, and not that of SQL
        pairs = tuple(value.items())
        try:
            return seen.get(pairs) or seen.setdefault(pairs, json.dumps(value))
        except TypeError:  # it holds a list, say
            return json.dumps(value)

    return written
