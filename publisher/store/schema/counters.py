"""Tables of what was counted while it happened, so that nobody counts rows later.

`tallies` and `movements` are kept by triggers, in the transaction of whatever changes a row: no way of
writing can forget them. On PostgreSQL each session counts in rows of its own (`shard` is its process), so
that no two wait for each other; the clock puts together what sessions left (`shard` 0).
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, String, Table

from publisher.store.columns import Id
from publisher.store.schema.metadata import metadata

# Deliveries of an edition by status, the compacted ones too. `unseen` are those of the unknown ones that
# nobody has acknowledged, which `unknown` counts as well.
tallies = Table(
    "tallies",
    metadata,
    Column("edition_id", Id, primary_key=True, autoincrement=False),
    Column("status", String(10), primary_key=True),
    Column("shard", Integer, primary_key=True, autoincrement=False),
    Column("deliveries", BigInteger, nullable=False),
    # room for the new state of a row beside the old one
    postgresql_with={"fillfactor": 50},
    sqlite_with_rowid=False,
)

# How many subscriptions more or fewer have a status since a day (UTC) began; `came` and `went` are those of
# them that had another status before, or have one now. The sum over all days is how many there are.
movements = Table(
    "movements",
    metadata,
    Column("newsletter", String(63), primary_key=True),
    Column("cadence", String(10), primary_key=True),
    Column("status", String(12), primary_key=True),
    Column("day", String(10), primary_key=True),
    Column("shard", Integer, primary_key=True, autoincrement=False),
    Column("subscriptions", BigInteger, nullable=False),
    Column("came", BigInteger, nullable=False),
    Column("went", BigInteger, nullable=False),
    postgresql_with={"fillfactor": 50},
    sqlite_with_rowid=False,
)

# What pictures are drawn of: a number of some kind for each day (UTC) and name, written by the clock.
figures = Table(
    "figures",
    metadata,
    Column("kind", String(20), primary_key=True),
    Column("day", String(10), primary_key=True),
    Column("name", String(200), primary_key=True),
    Column("count", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
