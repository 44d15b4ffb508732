"""Tables of the desk: editors, what they sign in with, who tried to, what they did; and files refused."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    false,
)

from publisher.store.columns import Id, Moment, key
from publisher.store.schema.metadata import metadata

# `password` is what argon2 made of it; `totp` the secret of the codes, and `totp_step` the last one used.
# Empty: none yet. Whoever has left stays, for the log names them.
editors = Table(
    "editors",
    metadata,
    key(),
    Column("name", String(200), nullable=False),
    Column("address", String(320), nullable=False),
    Column("address_key", String(320), nullable=False, unique=True),
    Column("role", String(12), nullable=False),
    Column("password", Text, nullable=False, server_default=""),
    Column("totp", String(64), nullable=False, server_default=""),
    Column("totp_step", BigInteger, nullable=False, server_default="0"),
    Column("created_at", Moment, nullable=False),
    Column("ended_at", Moment),
    # whether they want a mail when something needs a person
    Column("notices", Boolean, nullable=False, server_default=false()),
)

# Sessions, one-time links and API tokens: the SHA-256 of a secret that is nowhere kept.
credentials = Table(
    "credentials",
    metadata,
    key(),
    Column("digest", String(64), nullable=False, unique=True),
    Column("kind", String(10), nullable=False),
    Column("editor_id", ForeignKey("editors.id"), nullable=False, index=True),
    Column("name", String(200), nullable=False, server_default=""),
    Column("scopes", JSON, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False, index=True),
    Column("ended_at", Moment),
)

# Who tried to sign in: the keyed hash of an address or of a network. Kept for a day.
sign_ins = Table(
    "sign_ins",
    metadata,
    key(),
    Column("key", String(64), nullable=False),
    Column("at", Moment, nullable=False, index=True),
    Index(None, "key", "at"),
)

# Who did what and when. Nothing here is ever changed or deleted.
deeds = Table(
    "deeds",
    metadata,
    key(),
    Column("at", Moment, nullable=False, index=True),
    Column("editor_id", Id),
    Column("actor", String(200), nullable=False),
    Column("verb", String(40), nullable=False),
    Column("object", String(200), nullable=False),
    Column("data", JSON, nullable=False),
    Index(None, "object", "id"),
)

# What the last gather could not use, file by file.
refusals = Table(
    "refusals",
    metadata,
    key(),
    Column("path", Text, nullable=False),
    Column("line", Integer, nullable=False),
    Column("field", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("since", Moment, nullable=False),
)
