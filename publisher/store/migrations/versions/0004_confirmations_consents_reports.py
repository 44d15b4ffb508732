"""Confirmations, consents, private feeds and reports"""

import sqlalchemy as sa
from alembic import op

import publisher.store.columns

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """New tables alone: programs of version 0003 go on beside it."""
    op.create_table(
        "confirmations",
        sa.Column("id", publisher.store.columns.Id, nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("address", sa.String(length=320), nullable=False),
        sa.Column("address_key", sa.String(length=320), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("network", sa.String(length=64), server_default="", nullable=False),
        sa.Column("created_at", publisher.store.columns.Moment(timezone=True), nullable=False),
        sa.Column("queued_at", publisher.store.columns.Moment(timezone=True), nullable=True),
        sa.Column("used_at", publisher.store.columns.Moment(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_confirmations")),
    )
    op.create_index(op.f("ix_confirmations_address_key"), "confirmations", ["address_key"], unique=False)
    op.create_index(op.f("ix_confirmations_created_at"), "confirmations", ["created_at"], unique=False)
    op.create_index(
        op.f("ix_confirmations_network_created_at"), "confirmations", ["network", "created_at"], unique=False
    )
    op.create_index(
        "ix_confirmations_unqueued",
        "confirmations",
        ["id"],
        sqlite_where=sa.text("queued_at IS NULL"),
        postgresql_where=sa.text("queued_at IS NULL"),
    )
    op.create_table(
        "consent_texts",
        sa.Column("version", sa.String(length=64), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_consent_texts")),
    )
    op.create_table(
        "consents",
        sa.Column("id", publisher.store.columns.Id, nullable=False),
        sa.Column("subscriber_id", publisher.store.columns.Id, nullable=False),
        sa.Column("newsletter", sa.String(length=63), nullable=False),
        sa.Column("what", sa.String(length=20), nullable=False),
        sa.Column("source", sa.String(length=60), nullable=False),
        sa.Column("version", sa.String(length=64), server_default="", nullable=False),
        sa.Column("at", publisher.store.columns.Moment(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consents")),
    )
    op.create_index(op.f("ix_consents_subscriber_id"), "consents", ["subscriber_id"], unique=False)
    op.create_table(
        "private_feeds",
        sa.Column("id", publisher.store.columns.Id, nullable=False),
        sa.Column("subscription_id", publisher.store.columns.Id, nullable=False),
        sa.Column("created_at", publisher.store.columns.Moment(timezone=True), nullable=False),
        sa.Column("revoked_at", publisher.store.columns.Moment(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_private_feeds")),
    )
    op.create_index(
        op.f("ix_private_feeds_subscription_id"), "private_feeds", ["subscription_id"], unique=False
    )
    op.create_table(
        "reports",
        sa.Column("id", publisher.store.columns.Id, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("delivery_id", publisher.store.columns.Id, nullable=True),
        sa.Column("notice_id", publisher.store.columns.Id, nullable=True),
        sa.Column("address_key", sa.String(length=320), nullable=False),
        sa.Column("status", sa.String(length=20), server_default="", nullable=False),
        sa.Column("text", sa.Text(), server_default="", nullable=False),
        sa.Column("source", sa.String(length=20), nullable=False),
        sa.Column("at", publisher.store.columns.Moment(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reports")),
        sa.UniqueConstraint("digest", name=op.f("uq_reports_digest")),
    )
    op.create_index(op.f("ix_reports_address_key"), "reports", ["address_key"], unique=False)
