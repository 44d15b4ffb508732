"""Tables of what is frozen: editions, cuts, pieces and variants."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
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

editions = Table(
    "editions",
    metadata,
    key(),
    Column("newsletter", String(63), nullable=False),
    Column("number", Integer, nullable=False),
    Column("cadence", String(10), nullable=False),
    Column("slot", String(40), nullable=False),
    Column("day", String(10), nullable=False),
    Column("state", String(10), nullable=False),
    Column("reason", Text, nullable=False, server_default=""),
    Column("by_hand", Boolean, nullable=False),
    Column("needs_approval", Boolean, nullable=False),
    Column("approved_hash", String(64), nullable=False, server_default=""),
    Column("everybody", Boolean, nullable=False),
    Column("intro", Text, nullable=False, server_default=""),
    # The pieces of the archive page: the union of all variants (rule 14).
    Column("archive", JSON, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("opens_at", Moment),
    Column("opened_at", Moment),
    Column("closes_at", Moment),
    Column("paused_at", Moment),
    Column("done_at", Moment),
    # What every message of it carries, as it was configured at the cut (rule 20).
    Column("letterhead", JSON(none_as_null=True)),
    # What editors made of it (rule 13): lines in place of the newsletter's own, {order, dropped}, how often,
    # and while variants are being made anew, the state that it will be in.
    Column("subject", Text, nullable=False, server_default=""),
    Column("preheader", Text, nullable=False, server_default=""),
    Column("arrangement", JSON, nullable=False, server_default="{}"),
    Column("edits", Integer, nullable=False, server_default="0"),
    Column("changing", String(10), nullable=False, server_default=""),
    # Of all that an approval binds, as it was when it was frozen.
    Column("fingerprint", String(64), nullable=False, server_default=""),
    # What is wrong with what is frozen, as [rule, message, level].
    Column("findings", JSON, nullable=False, server_default="[]"),
    UniqueConstraint("newsletter", "number"),
    # A cancelled slot may be cut again; nothing else shares a slot (rule 8).
    Index(
        "uq_editions_slot",
        "newsletter",
        "cadence",
        "slot",
        unique=True,
        sqlite_where=text("state != 'cancelled'"),
        postgresql_where=text("state != 'cancelled'"),
    ),
)

cuts = Table(
    "cuts",
    metadata,
    key(),
    Column("newsletter", String(63), nullable=False),
    Column("cadence", String(10), nullable=False),
    Column("slot", String(40), nullable=False),
    Column("request", JSON, nullable=False),
    Column("edition_id", ForeignKey("editions.id")),
    Column("at", Moment, nullable=False),
    Column("hi", Integer, nullable=False),
    Column("cursor", Integer, nullable=False),
    Column("finished_at", Moment),
)

# Frozen HTML and text: the frame of an edition and its stories, each rendered and inlined once (rule 14).
pieces = Table(
    "pieces",
    metadata,
    key(),
    Column("edition_id", ForeignKey("editions.id"), nullable=False),
    Column("name", String(500), nullable=False),
    Column("html", Text, nullable=False),
    Column("text", Text, nullable=False),
    UniqueConstraint("edition_id", "name"),
)

variants = Table(
    "variants",
    metadata,
    key(),
    Column("edition_id", ForeignKey("editions.id"), nullable=False),
    Column("key", String(64), nullable=False),
    Column("language", String(35), nullable=False),
    Column("subject", Text, nullable=False),
    Column("preheader", Text, nullable=False),
    Column("pieces", JSON, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("size", Integer, nullable=False),
    # how many of its deliveries are in `compacted`
    Column("compacted", Integer, nullable=False, server_default="0"),
    # after which change of the edition it was made, what took its place since, and for how many it is
    Column("edit", Integer, nullable=False, server_default="0"),
    Column("replaced_by", Id),
    Column("recipients", Integer, nullable=False, server_default="0"),
    UniqueConstraint("edition_id", "key"),
)

# What a variant names, in order; an empty role is an article that is only counted in "and 40 more", and
# `dropped` one that an editor took out (it counts as covered).
variant_articles = Table(
    "variant_articles",
    metadata,
    Column("variant_id", ForeignKey("variants.id"), primary_key=True),
    Column("article_id", ForeignKey("articles.id"), primary_key=True),
    Column("revision", Integer, nullable=False),
    Column("place", Integer, nullable=False),
    Column("role", String(10), nullable=False),
    Index(None, "article_id"),
)

# What an edition holds over all its variants, in its order: in how many of them, and for how many people.
contents = Table(
    "contents",
    metadata,
    Column("edition_id", ForeignKey("editions.id"), primary_key=True),
    Column("article_id", ForeignKey("articles.id"), primary_key=True),
    Column("revision", Integer, nullable=False),
    Column("place", Integer, nullable=False),
    Column("dropped", Boolean, nullable=False),
    Column("variants", Integer, nullable=False),
    Column("people", Integer, nullable=False),
    Index(None, "article_id"),
)
