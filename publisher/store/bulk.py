"""Many rows at once: named by a list that is one value, and times as a driver takes them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, any_, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY


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
