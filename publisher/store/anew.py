"""A new SQLite store: its tables as the migrations leave them, without running these one after the other.

Loading Alembic and running them is half of what a first command on a small publication takes. The file is
written by `make tables`, and a test holds it against the migrations.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import Connection

FILE = Path(__file__).parent / "schema" / "sqlite.sql"
_BETWEEN = ";\n\n"
_MADE = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid"


def make(tx: Connection) -> None:
    """Make all tables, indexes and triggers in a store that has none."""
    driver: Any = tx.connection.driver_connection
    for statement in FILE.read_text(encoding="utf-8").split(_BETWEEN):
        driver.execute(statement)


def statements(tx: Connection) -> str:
    """What made the tables that a store has, as it is kept in the file."""
    made = tx.exec_driver_sql(_MADE).scalars()
    lines = ([line.rstrip() for line in one.expandtabs(4).splitlines()] for one in made)
    return _BETWEEN.join("\n".join(each).strip() for each in lines) + "\n"
