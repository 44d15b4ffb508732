"""Tables of imports that editors began: how far each is, and the lines that were refused."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Column, ForeignKey, Index, Integer, String, Table, Text, text

from publisher.store.columns import Id, Moment, key
from publisher.store.schema.metadata import metadata

_OPEN = text("state IN ('waiting', 'running')")

# `file` is what it is called in the folder of uploads of the machine `host`; empty once it is deleted.
# `done` lines of whole windows are settled, and of the window after them those up to the address `upto`.
imports = Table(
    "imports",
    metadata,
    key(),
    Column("state", String(10), nullable=False),
    Column("name", String(200), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("file", String(80), nullable=False),
    Column("host", String(255), nullable=False),
    Column("newsletter", String(63), nullable=False, server_default=""),
    Column("status", String(12), nullable=False, server_default=""),
    Column("preview", JSON, nullable=False),
    Column("total", Integer, nullable=False, server_default="0"),
    Column("done", Integer, nullable=False, server_default="0"),
    Column("upto", String(320), nullable=False, server_default=""),
    Column("added", Integer, nullable=False, server_default="0"),
    Column("updated", Integer, nullable=False, server_default="0"),
    Column("unchanged", Integer, nullable=False, server_default="0"),
    Column("suppressed", Integer, nullable=False, server_default="0"),
    Column("refused", Integer, nullable=False, server_default="0"),
    Column("reason", Text, nullable=False, server_default=""),
    Column("editor_id", Id),
    Column("actor", String(200), nullable=False),
    Column("created_at", Moment, nullable=False, index=True),
    Column("begun_at", Moment),
    Column("moved_at", Moment),
    Column("ended_at", Moment),
    Index("ix_imports_open", "id", sqlite_where=_OPEN, postgresql_where=_OPEN),
)

# `nth` counts the lines of all sheets of a file, `line` those of its own sheet, as an editor sees them.
import_refusals = Table(
    "import_refusals",
    metadata,
    Column("import_id", ForeignKey("imports.id"), primary_key=True),
    Column("nth", Integer, primary_key=True),
    Column("place", String(200), nullable=False),
    Column("line", Integer, nullable=False),
    Column("address", Text, nullable=False),
    Column("reason", Text, nullable=False),
)
