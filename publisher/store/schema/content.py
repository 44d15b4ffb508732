"""Tables of what is published: articles, their releases, remote feeds, who polls; keys and the clock."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
)

from publisher.store.columns import Moment, key
from publisher.store.schema.metadata import metadata

keys = Table("keys", metadata, key(), Column("secret", LargeBinary, nullable=False))

# What the clock did last, by name: the newest slot of a schedule, or when a thing was done.
schedule = Table(
    "schedule",
    metadata,
    Column("name", String(100), primary_key=True),
    Column("slot", String(40), nullable=False, server_default=""),
    Column("at", Moment, nullable=False),
)

articles = Table(
    "articles",
    metadata,
    Column("id", String(400), primary_key=True),
    Column("source", String(200), nullable=False),
    Column("path", Text, nullable=False),
    Column("stamp", String(60), nullable=False),
    Column("explicit_id", Text, nullable=False),
    Column("body_hash", String(64), nullable=False),
    Column("slug", String(200), nullable=False, unique=True),
    Column("status", String(10), nullable=False),
    Column("published_at", Moment, nullable=False),
    Column("expires_at", Moment),
    Column("revision", Integer, nullable=False),
    Column("topics", JSON, nullable=False),
    Column("release", Integer, unique=True),
    Column("released_at", Moment),
    Column("data", JSON, nullable=False),
    Index(None, "source", "path"),
    # the newest ones, without looking at all
    Index(None, "published_at"),
)

# What is most of an article: few ask for it, and what changes beside it does not write it again.
article_texts = Table(
    "article_texts",
    metadata,
    Column("article_id", String(400), ForeignKey("articles.id"), primary_key=True),
    Column("html", Text, nullable=False),
)

# What editors look for, kept by triggers: the words of title, authors and topics, without the text.
article_words = Table(
    "article_words",
    metadata,
    Column("article_id", String(400), primary_key=True),
    Column("published_at", Moment, nullable=False),
    Column("status", String(10), nullable=False),
    Column("source", String(200), nullable=False),
    Column("topics", Text, nullable=False),
    Column("words", Text, nullable=False),
    Index(None, "published_at", "article_id"),
)

# Rule 1 and 6: an article's first release, and one more for each correction.
releases = Table(
    "releases",
    metadata,
    Column("release", Integer, primary_key=True, autoincrement=False),
    Column("article_id", ForeignKey("articles.id"), nullable=False, index=True),
    Column("revision", Integer, nullable=False),
    Column("released_at", Moment, nullable=False, index=True),
)

# What is remembered of a remote feed between two fetches: validators, where it moved to, when to ask again.
remote_feeds = Table(
    "remote_feeds",
    metadata,
    Column("url", Text, primary_key=True),
    Column("state", JSON, nullable=False),
    Column("fetched_at", Moment),
    Column("next_at", Moment),
)

# Who polls our feeds, a day and program each: how many asked, and how many subscribers they said they have.
feed_polls = Table(
    "feed_polls",
    metadata,
    Column("day", String(10), primary_key=True),
    Column("path", String(400), primary_key=True),
    Column("program", String(100), primary_key=True),
    Column("polls", Integer, nullable=False),
    Column("subscribers", Integer, nullable=False),
)
