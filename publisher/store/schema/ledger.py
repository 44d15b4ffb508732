"""Tables of what is sent: the ledger, notices, who sends, and how fast."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    true,
)

from publisher.store.columns import Id, Moment, changed, key, standing, under_way
from publisher.store.schema.metadata import metadata

deliveries = Table(
    "deliveries",
    metadata,
    key(),
    Column("edition_id", ForeignKey("editions.id"), nullable=False),
    # Somebody's rows are found by edition and subscriber. An index over all editions would be changed in a
    # million places by a cut, where that key grows at one. A foreign key would make PostgreSQL lock, and
    # write, two more rows for each delivery; SQLite's, which cost little, are left from the first tables.
    Column("subscriber_id", Id, nullable=False),
    Column("subscription_id", Id, nullable=False),
    Column("variant_id", ForeignKey("variants.id"), nullable=False),
    Column("address", String(320), nullable=False),
    Column("fields", JSON, nullable=False),
    Column("lo", Integer, nullable=False),
    Column("hi", Integer, nullable=False),
    *standing(),
    UniqueConstraint("edition_id", "subscriber_id"),
    Index(None, "edition_id", "status", "due_at"),
    under_way("deliveries"),
    # room for the new state of a row beside the old one, so that a claim touches no index
    postgresql_with={"fillfactor": 60},
)

events = Table(
    "events",
    metadata,
    key(),
    # PostgreSQL would look at the delivery for each, and lock it; SQLite's foreign key costs little
    Column("delivery_id", Id, nullable=False, index=True),
    *changed(),
)

# Rule 27: what was sent long ago, the deliveries of neighbouring subscribers in one value.
compacted = Table(
    "compacted",
    metadata,
    key(),
    Column("edition_id", ForeignKey("editions.id"), nullable=False),
    Column("bucket", Id, nullable=False),
    Column("deliveries", Integer, nullable=False),
    Column("data", LargeBinary, nullable=False),
    Index(None, "edition_id", "bucket"),
)

# Rule 18: who sends, and until when that is taken for granted where no lock of the system can be asked.
workers = Table(
    "workers",
    metadata,
    Column("name", String(60), primary_key=True),
    Column("host", String(255), nullable=False),
    Column("pid", Integer, nullable=False),
    Column("begun_at", Moment, nullable=False),
    Column("lease_until", Moment, nullable=False),
    # false: it is there, and sends when there is something to send
    Column("sends", Boolean, nullable=False, server_default=true()),
)

# Rule 22: mails to one address outside any edition; sent as deliveries are, and before them.
notices = Table(
    "notices",
    metadata,
    key(),
    Column("kind", String(20), nullable=False),
    Column("address", String(320), nullable=False),
    Column("sender", String(320), nullable=False),
    Column("subject", Text, nullable=False),
    Column("message", LargeBinary, nullable=False),
    *standing(),
    Index(None, "status", "due_at"),
    under_way("notices"),
)

notice_events = Table(
    "notice_events",
    metadata,
    key(),
    Column("notice_id", ForeignKey("notices.id"), nullable=False, index=True),
    *changed(),
)

# What was learnt about how fast a server or a mailbox provider wants its mail.
pacing = Table(
    "pacing",
    metadata,
    Column("name", String(300), primary_key=True),
    Column("state", JSON, nullable=False),
    Column("at", Moment, nullable=False),
)

# What keeps mail from leaving now, so that others than the process that met it can tell.
troubles = Table(
    "troubles",
    metadata,
    Column("name", String(100), primary_key=True),
    Column("said", Text, nullable=False),
    Column("since", Moment, nullable=False),
    Column("at", Moment, nullable=False),
)
