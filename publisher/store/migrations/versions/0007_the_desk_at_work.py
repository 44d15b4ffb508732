"""Counters and figures, hand editions, imports, and the API's own tables"""

import sqlalchemy as sa
from alembic import op

import publisher.store.columns
from publisher.store.schema import triggers

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """New tables, columns with a default, and triggers: programs of version 0003 go on beside it."""
    _counters()
    _editing()
    _imports()
    _needs()
    _api()


def _counters() -> None:
    """How many deliveries of each edition have each status, and the figures of each day."""
    op.create_table(
        "tallies",
        sa.Column("edition_id", publisher.store.columns.Id, nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("shard", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("deliveries", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("edition_id", "status", "shard", name=op.f("pk_tallies")),
        postgresql_with={"fillfactor": 50},
        sqlite_with_rowid=False,
    )
    op.create_table(
        "movements",
        sa.Column("newsletter", sa.String(length=63), nullable=False),
        sa.Column("cadence", sa.String(length=10), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("shard", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("subscriptions", sa.BigInteger(), nullable=False),
        sa.Column("came", sa.BigInteger(), nullable=False),
        sa.Column("went", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("newsletter", "cadence", "status", "day", "shard", name=op.f("pk_movements")),
        postgresql_with={"fillfactor": 50},
        sqlite_with_rowid=False,
    )
    op.create_table(
        "figures",
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "day", "name", name=op.f("pk_figures")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "article_words",
        sa.Column("article_id", sa.String(length=400), nullable=False),
        sa.Column("published_at", publisher.store.columns.Moment(timezone=True), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("topics", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("article_id", name=op.f("pk_article_words")),
    )
    op.create_index(
        op.f("ix_article_words_published_at_article_id"), "article_words", ["published_at", "article_id"]
    )
    op.create_index(op.f("ix_articles_published_at"), "articles", ["published_at"])
    if op.get_bind().dialect.name == "postgresql":
        from publisher.store.postgres import sort_by_bytes

        # a column that a trigger names cannot be given another order any more
        sort_by_bytes(op.get_bind())
    _searched("strpos" if op.get_bind().dialect.name == "postgresql" else "instr")
    triggers.make(op.get_bind())
    triggers.count_anew(op.get_bind())
    triggers.remember_anew(op.get_bind())


def _searched(position: str) -> None:
    """By what editors find subscribers: the name, the domain."""
    there = sa.text("name <> ''")
    op.create_index(
        "ix_subscribers_named",
        "subscribers",
        [sa.text("lower(name)"), "id"],
        sqlite_where=there,
        postgresql_where=there,
    )
    domain = sa.text(f"substr(address_key, {position}(address_key, '@') + 1)")
    op.create_index("ix_subscribers_domain", "subscribers", [domain, "id"])
    paused = sa.text("paused_until IS NOT NULL")
    op.create_index(
        "ix_subscriptions_paused",
        "subscriptions",
        ["newsletter", "paused_until"],
        sqlite_where=paused,
        postgresql_where=paused,
    )


def _editing() -> None:
    """What editors make of an edition before it starts, and what it holds."""
    text, number = sa.Text(), sa.Integer()
    for name, kind, default in (
        ("subject", text, ""),
        ("preheader", text, ""),
        ("arrangement", sa.JSON(), "{}"),
        ("edits", number, "0"),
        ("changing", sa.String(length=10), ""),
        ("fingerprint", sa.String(length=64), ""),
        ("findings", sa.JSON(), "[]"),
    ):
        op.add_column("editions", sa.Column(name, kind, server_default=default, nullable=False))
    op.add_column("variants", sa.Column("edit", number, server_default="0", nullable=False))
    op.add_column("variants", sa.Column("replaced_by", publisher.store.columns.Id, nullable=True))
    op.add_column("variants", sa.Column("recipients", number, server_default="0", nullable=False))
    op.create_table(
        "contents",
        sa.Column("edition_id", publisher.store.columns.Id, nullable=False),
        sa.Column("article_id", sa.String(length=400), nullable=False),
        sa.Column("revision", number, nullable=False),
        sa.Column("place", number, nullable=False),
        sa.Column("dropped", sa.Boolean(), nullable=False),
        sa.Column("variants", number, nullable=False),
        sa.Column("people", number, nullable=False),
        sa.ForeignKeyConstraint(
            ["article_id"], ["articles.id"], name=op.f("fk_contents_article_id_articles")
        ),
        sa.ForeignKeyConstraint(
            ["edition_id"], ["editions.id"], name=op.f("fk_contents_edition_id_editions")
        ),
        sa.PrimaryKeyConstraint("edition_id", "article_id", name=op.f("pk_contents")),
    )
    op.create_index(op.f("ix_contents_article_id"), "contents", ["article_id"], unique=False)


def _imports() -> None:
    """Imports under way, what they refused; and who gets a newsletter, by status."""
    op.create_table(
        "imports",
        sa.Column("id", publisher.store.columns.Id, nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("file", sa.String(length=80), nullable=False),
        sa.Column("host", sa.String(length=255), nullable=False),
        sa.Column("newsletter", sa.String(length=63), server_default="", nullable=False),
        sa.Column("status", sa.String(length=12), server_default="", nullable=False),
        sa.Column("preview", sa.JSON(), nullable=False),
        sa.Column("total", sa.Integer(), server_default="0", nullable=False),
        sa.Column("done", sa.Integer(), server_default="0", nullable=False),
        sa.Column("upto", sa.String(length=320), server_default="", nullable=False),
        sa.Column("added", sa.Integer(), server_default="0", nullable=False),
        sa.Column("updated", sa.Integer(), server_default="0", nullable=False),
        sa.Column("unchanged", sa.Integer(), server_default="0", nullable=False),
        sa.Column("suppressed", sa.Integer(), server_default="0", nullable=False),
        sa.Column("refused", sa.Integer(), server_default="0", nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("editor_id", publisher.store.columns.Id, nullable=True),
        sa.Column("actor", sa.String(length=200), nullable=False),
        sa.Column("created_at", publisher.store.columns.Moment(timezone=True), nullable=False),
        sa.Column("begun_at", publisher.store.columns.Moment(timezone=True), nullable=True),
        sa.Column("moved_at", publisher.store.columns.Moment(timezone=True), nullable=True),
        sa.Column("ended_at", publisher.store.columns.Moment(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imports")),
    )
    op.create_index(op.f("ix_imports_created_at"), "imports", ["created_at"], unique=False)
    waits = sa.text("state IN ('waiting', 'running')")
    op.create_index("ix_imports_open", "imports", ["id"], sqlite_where=waits, postgresql_where=waits)
    op.create_table(
        "import_refusals",
        sa.Column("import_id", publisher.store.columns.Id, nullable=False),
        sa.Column("nth", sa.Integer(), nullable=False),
        sa.Column("place", sa.String(length=200), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["import_id"], ["imports.id"], name=op.f("fk_import_refusals_import_id_imports")
        ),
        sa.PrimaryKeyConstraint("import_id", "nth", name=op.f("pk_import_refusals")),
    )
    some = ["newsletter", "status", "subscriber_id"]
    op.create_index(op.f("ix_subscriptions_newsletter_status_subscriber_id"), "subscriptions", some)


def _needs() -> None:
    """What keeps mail from leaving, and which editors want to hear what needs a person."""
    op.create_table(
        "troubles",
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("said", sa.Text(), nullable=False),
        sa.Column("since", publisher.store.columns.Moment(timezone=True), nullable=False),
        sa.Column("at", publisher.store.columns.Moment(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_troubles")),
    )
    op.add_column("editors", sa.Column("notices", sa.Boolean(), server_default=sa.false(), nullable=False))


def _api() -> None:
    """Requests that are not done twice, and what is told to other programs."""
    op.create_table(
        "api_requests",
        sa.Column("id", publisher.store.columns.Id, nullable=False),
        sa.Column("token_id", publisher.store.columns.Id, nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("began_at", publisher.store.columns.Moment(timezone=True), nullable=False),
        sa.Column("status", sa.Integer(), server_default="0", nullable=False),
        sa.Column("answer", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_requests")),
        sa.UniqueConstraint("token_id", "key", name=op.f("uq_api_requests_token_id_key")),
    )
    op.create_index(op.f("ix_api_requests_began_at"), "api_requests", ["began_at"], unique=False)
    op.create_table(
        "webhook_events",
        sa.Column("id", publisher.store.columns.Id, nullable=False),
        sa.Column("number", publisher.store.columns.Id, nullable=True),
        sa.Column("type", sa.String(length=40), nullable=False),
        sa.Column("object_id", publisher.store.columns.Id, nullable=False),
        sa.Column("newsletter", sa.String(length=63), server_default="", nullable=False),
        sa.Column("at", publisher.store.columns.Moment(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_events")),
        sa.UniqueConstraint("number", name=op.f("uq_webhook_events_number")),
    )
    unnumbered = sa.text("number IS NULL")
    op.create_index(
        "ix_webhook_events_unnumbered",
        "webhook_events",
        ["id"],
        unique=False,
        sqlite_where=unnumbered,
        postgresql_where=unnumbered,
    )
    op.create_table(
        "webhook_endpoints",
        sa.Column("id", publisher.store.columns.Id, nullable=False),
        sa.Column("url", sa.String(length=2000), nullable=False),
        sa.Column("told", publisher.store.columns.Id, server_default="0", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("failing_since", publisher.store.columns.Moment(timezone=True), nullable=True),
        sa.Column("next_at", publisher.store.columns.Moment(timezone=True), nullable=True),
        sa.Column("disabled_at", publisher.store.columns.Moment(timezone=True), nullable=True),
        sa.Column("delivered_at", publisher.store.columns.Moment(timezone=True), nullable=True),
        sa.Column("said", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_endpoints")),
        sa.UniqueConstraint("url", name=op.f("uq_webhook_endpoints_url")),
    )
