"""Tables of the API: requests that must not be done twice, and what other programs are told."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, String, Table, Text, UniqueConstraint, text

from publisher.store.columns import Id, Moment, key
from publisher.store.schema.metadata import metadata

# An Idempotency-Key of a token, what was asked for under it, and the answer once there is one (status 0: not
# yet). Kept for a day.
api_requests = Table(
    "api_requests",
    metadata,
    key(),
    Column("token_id", Id, nullable=False),
    Column("key", String(200), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("began_at", Moment, nullable=False, index=True),
    Column("status", Integer, nullable=False, server_default="0"),
    Column("answer", Text, nullable=False, server_default=""),
    UniqueConstraint("token_id", "key"),
)

# What happened, for the endpoints that want to know: written in the transaction that does it, numbered later,
# for PostgreSQL's ids are not in the order of their commits. It names nobody: `object_id` is the number of an
# edition, a subscriber or a delivery.
webhook_events = Table(
    "webhook_events",
    metadata,
    key(),
    Column("number", Id, unique=True),
    Column("type", String(40), nullable=False),
    Column("object_id", Id, nullable=False),
    Column("newsletter", String(63), nullable=False, server_default=""),
    Column("at", Moment, nullable=False),
    Index(
        "ix_webhook_events_unnumbered",
        "id",
        sqlite_where=text("number IS NULL"),
        postgresql_where=text("number IS NULL"),
    ),
)

# How far each endpoint of the configuration has been told (`told`, a number of an event), and how it fares.
webhook_endpoints = Table(
    "webhook_endpoints",
    metadata,
    key(),
    Column("url", String(2000), nullable=False, unique=True),
    Column("told", Id, nullable=False, server_default="0"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("failing_since", Moment),
    Column("next_at", Moment),
    Column("disabled_at", Moment),
    Column("delivered_at", Moment),
    Column("said", Text, nullable=False, server_default=""),
)
