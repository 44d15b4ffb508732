"""Rows as any database gives them: read in the order of their keys, hashed, and written elsewhere."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from sqlalchemy import JSON, ColumnElement, Connection, Table, Text, cast, func, select, text, true

from publisher.errors import StoreError
from publisher.store.bulk import moment

Values = tuple[Any, ...]
# a frozen page may have a megabyte
_CHUNK = 200


@dataclass(frozen=True, slots=True)
class Transcript:
    """How many rows a table holds, and the SHA-256 of all of them in the order of their keys."""

    rows: int
    sha256: str


def transcribed(
    table: Table, given: Iterable[Values], step: Callable[[], None]
) -> tuple[Iterator[Values], Callable[[], Transcript]]:
    """The same rows, counted and hashed on their way; and what came out of that, once they have passed.

    Two databases give the same when every value is the same. Raises StoreError for JSON that is none.
    """
    digest, passed = hashlib.sha256(), 0
    places = [n for n, column in enumerate(table.columns) if isinstance(column.type, JSON)]

    def passing() -> Iterator[Values]:
        nonlocal passed
        for row in given:
            digest.update(_canonical(table, row, places))
            passed += 1
            step()
            yield row

    return passing(), lambda: Transcript(passed, digest.hexdigest())


def _canonical(table: Table, row: Values, places: list[int]) -> bytes:
    values = list(row)
    try:
        for n in places:
            if values[n] is not None:
                # in a list: JSON's null is a value, and the database's is none
                values[n] = [json.loads(values[n])]
    except ValueError as error:
        raise _unreadable(table, error) from None
    return _encode(values).encode() + b"\n"


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    return bytes(value).hex()


_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), default=_plain).encode


def count(tx: Connection, table: Table) -> int:
    """How many rows there are."""
    return int(tx.scalar(select(func.count()).select_from(table)) or 0)


def rows(tx: Connection, table: Table, which: ColumnElement[bool] | None = None) -> Iterator[Values]:
    """Every row in the order of its key; JSON as the text that it is stored as. Raises StoreError."""
    columns = [cast(c, Text) if isinstance(c.type, JSON) else c for c in table.columns]
    query = select(*columns).where(true() if which is None else which).order_by(*table.primary_key.columns)
    try:
        for row in tx.execute(query, execution_options={"yield_per": _CHUNK}):
            yield tuple(row)
    except ValueError as error:
        raise _unreadable(table, error) from None


def _unreadable(table: Table, error: Exception) -> StoreError:
    return StoreError(f"{table.name}: a row cannot be read: {error}")


def write(tx: Connection, table: Table, given: Iterable[Values]) -> None:
    """Insert rows in the form of `rows`. Raises StoreError for what this database does not take."""
    (_write_sqlite if tx.dialect.name == "sqlite" else _write_postgres)(tx, table, given)


def _write_sqlite(tx: Connection, table: Table, given: Iterable[Values]) -> None:
    names = _names(tx, table)
    query = f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"
    coming = iter(given)
    with closing(tx.connection.cursor()) as cursor:
        while chunk := list(islice(coming, _CHUNK)):
            try:
                cursor.executemany(query, [[_bound(tx, value) for value in row] for row in chunk])
            except _errors(tx) as error:
                raise _not_taken(table, str(error)) from None


def _bound(tx: Connection, value: Any) -> Any:
    return moment(tx, value) if isinstance(value, datetime) else value


def _write_postgres(tx: Connection, table: Table, given: Iterable[Values]) -> None:
    driver: Any = tx.connection.driver_connection
    with driver.cursor() as cursor:
        try:
            with cursor.copy(f"COPY {table.name} ({', '.join(_names(tx, table))}) FROM STDIN") as copying:
                for row in given:
                    copying.write_row(row)
        except _errors(tx) as error:
            # only the first line: what follows quotes the row
            raise _not_taken(table, str(error).partition("\n")[0]) from None


def _errors(tx: Connection) -> tuple[type[Exception], ...]:
    # what the driver raises when a row is not one for its table; a lost connection is none of them
    dbapi: Any = tx.dialect.loaded_dbapi
    return (dbapi.DataError, dbapi.IntegrityError, OverflowError)


def _not_taken(table: Table, said: str) -> StoreError:
    return StoreError(f"{table.name}: a row is not taken there: {said}")


def _names(tx: Connection, table: Table) -> Sequence[str]:
    return [tx.dialect.identifier_preparer.format_column(c) for c in table.columns]


def go_on_behind(tx: Connection, table: Table) -> None:
    """Let new rows get the ids behind the highest one; SQLite does by itself."""
    if tx.dialect.name != "postgresql" or "id" not in table.columns:
        return
    sequence = tx.scalar(text("SELECT pg_get_serial_sequence(:name, 'id')"), {"name": table.name})
    if sequence and (highest := tx.scalar(select(func.max(table.columns["id"])))):
        tx.execute(text("SELECT setval(CAST(:name AS regclass), :id)"), {"name": sequence, "id": highest})
