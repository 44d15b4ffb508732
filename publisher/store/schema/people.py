"""Tables of people: subscribers, what they chose, agreed to and asked for, and what came back from them."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from publisher.store.columns import Id, Moment, key
from publisher.store.schema.metadata import metadata

subscribers = Table(
    "subscribers",
    metadata,
    key(),
    Column("address", String(320), nullable=False),
    Column("address_key", String(320), nullable=False, unique=True),
    Column("name", Text, nullable=False, server_default=""),
    Column("attributes", JSON, nullable=False),
    Column("created_at", Moment, nullable=False),
)

# By beginning of the name or of the domain; that of the address is the key's. `lower` knows ASCII alone.
Index(
    "ix_subscribers_named",
    text("lower(name)"),
    subscribers.c.id,
    sqlite_where=text("name <> ''"),
    postgresql_where=text("name <> ''"),
)
for _dialect, _at in (("sqlite", "instr"), ("postgresql", "strpos")):
    _domain = text(f"substr(address_key, {_at}(address_key, '@') + 1)")
    Index("ix_subscribers_domain", _domain, subscribers.c.id).ddl_if(dialect=_dialect)

subscriptions = Table(
    "subscriptions",
    metadata,
    key(),
    Column("subscriber_id", ForeignKey("subscribers.id"), nullable=False),
    Column("newsletter", String(63), nullable=False),
    Column("status", String(12), nullable=False),
    Column("topics", JSON),
    Column("cadence", String(10), nullable=False),
    Column("weekday", Integer, nullable=False),
    Column("day", Integer, nullable=False),
    Column("hour", Integer, nullable=False),
    Column("zone", String(64), nullable=False),
    Column("language", String(35), nullable=False),
    Column("paused_until", Moment),
    Column("mark", Integer, nullable=False),
    Column("since", Integer, nullable=False),
    Column("next_due_at", Moment),
    Column("revision", Integer, nullable=False, server_default="1"),
    Column("created_at", Moment, nullable=False),
    Column("ended_at", Moment),
    UniqueConstraint("subscriber_id", "newsletter"),
    Index(None, "newsletter", "cadence", "next_due_at"),
    # a chunk by id, and who has not seen the newest release
    Index(None, "newsletter", "cadence", "id"),
    Index(
        "ix_subscriptions_instant",
        "newsletter",
        "mark",
        sqlite_where=text("cadence = 'instant'"),
        postgresql_where=text("cadence = 'instant'"),
    ),
    # who is listed at the desk
    Index(None, "newsletter", "status", "subscriber_id"),
    Index(
        "ix_subscriptions_paused",
        "newsletter",
        "paused_until",
        sqlite_where=text("paused_until IS NOT NULL"),
        postgresql_where=text("paused_until IS NOT NULL"),
    ),
)

suppressions = Table(
    "suppressions",
    metadata,
    Column("address_key", String(320), primary_key=True),
    Column("reason", String(60), nullable=False),
    Column("created_at", Moment, nullable=False),
)

# What somebody asked for and has not confirmed: nothing of it holds until then. `network` is a keyed hash.
confirmations = Table(
    "confirmations",
    metadata,
    key(),
    Column("kind", String(20), nullable=False),
    Column("address", String(320), nullable=False),
    Column("address_key", String(320), nullable=False, index=True),
    Column("data", JSON, nullable=False),
    Column("network", String(64), nullable=False, server_default=""),
    Column("created_at", Moment, nullable=False, index=True),
    Column("queued_at", Moment),
    Column("used_at", Moment),
    Index(None, "network", "created_at"),
    Index(
        "ix_confirmations_unqueued",
        "id",
        sqlite_where=text("queued_at IS NULL"),
        postgresql_where=text("queued_at IS NULL"),
    ),
)

# Who agreed to what, when, and where: the text as it stood there, once for each wording.
consent_texts = Table(
    "consent_texts",
    metadata,
    Column("version", String(64), primary_key=True),
    Column("text", Text, nullable=False),
)

consents = Table(
    "consents",
    metadata,
    key(),
    Column("subscriber_id", Id, nullable=False, index=True),
    Column("newsletter", String(63), nullable=False),
    Column("what", String(20), nullable=False),
    Column("source", String(60), nullable=False),
    Column("version", String(64), nullable=False, server_default=""),
    Column("at", Moment, nullable=False),
)

# A subscription as a feed of its own; a revoked one stays, so that its address is known to be gone.
private_feeds = Table(
    "private_feeds",
    metadata,
    key(),
    Column("subscription_id", Id, nullable=False, index=True),
    Column("created_at", Moment, nullable=False),
    Column("revoked_at", Moment),
)

# What mail servers and providers told us later of mail that had left; `digest` keeps one from counting twice.
reports = Table(
    "reports",
    metadata,
    key(),
    Column("digest", String(64), nullable=False, unique=True),
    Column("kind", String(20), nullable=False),
    Column("delivery_id", Id),
    Column("notice_id", Id),
    Column("address_key", String(320), nullable=False, index=True),
    Column("status", String(20), nullable=False, server_default=""),
    Column("text", Text, nullable=False, server_default=""),
    Column("source", String(20), nullable=False),
    Column("at", Moment, nullable=False),
)
