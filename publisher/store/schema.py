"""The tables. Times are stored in UTC; JSON holds what is never searched by."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
    true,
)

from publisher.store.columns import Id, Moment, changed, key, standing, under_way

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


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
    UniqueConstraint("edition_id", "key"),
)

# What a variant names, in order; an empty role is an article that is only counted in "and 40 more".
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
