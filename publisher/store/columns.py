"""Columns that several tables have, and types that are the same in every database."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Dialect,
    Index,
    Integer,
    String,
    Text,
    TypeDecorator,
    text,
)


class Moment(TypeDecorator[datetime]):
    """An aware datetime; a naive one is a fault of the caller. Comes back in UTC from every database."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """UTC on the way in; without a zone where the database keeps none."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a zone")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """Aware again."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


# a daily newsletter to a million people passes two thousand million events within three years
Id = BigInteger().with_variant(Integer, "sqlite")


def key() -> Column[Any]:
    """The number of a row."""
    return Column("id", Id, primary_key=True)


def standing() -> list[Column[Any]]:
    """How a mail stands, in an edition or outside (rule 16)."""
    return [
        Column("due_at", Moment, nullable=False),
        Column("status", String(10), nullable=False),
        Column("attempt", Integer, nullable=False, server_default="0"),
        Column("generation", Integer, nullable=False, server_default="1"),
        Column("worker", String(60), nullable=False, server_default=""),
        Column("first_due_at", Moment, nullable=False),
        Column("dated_at", Moment),
        Column("started_at", Moment),
        Column("finished_at", Moment),
        Column("acknowledged_at", Moment),
        Column("code", Integer, nullable=False, server_default="0"),
        Column("reply", Text, nullable=False, server_default=""),
    ]


def changed() -> list[Column[Any]]:
    """One change of a status."""
    return [
        Column("at", Moment, nullable=False),
        Column("old", String(10), nullable=False),
        Column("new", String(10), nullable=False),
        Column("attempt", Integer, nullable=False),
        Column("worker", String(60), nullable=False, server_default=""),
        Column("code", Integer, nullable=False, server_default="0"),
        Column("reply", Text, nullable=False, server_default=""),
    ]


def under_way(table: str) -> Index:
    """What a worker has started: few rows at any time, so that looking for them costs nothing."""
    sending = text("status = 'sending'")
    # not by worker: a claim would change an index then, and PostgreSQL with it all others of the row
    return Index(f"ix_{table}_under_way", "id", sqlite_where=sending, postgresql_where=sending)
