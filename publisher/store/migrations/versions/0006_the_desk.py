"""Editors, credentials, sign-ins, deeds, and files refused"""

import sqlalchemy as sa
from alembic import op

import publisher.store.columns

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """New tables alone: programs of version 0003 go on beside it."""
    op.create_table(
        "editors",
        sa.Column("id", publisher.store.columns.Id, nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("address", sa.String(length=320), nullable=False),
        sa.Column("address_key", sa.String(length=320), nullable=False),
        sa.Column("role", sa.String(length=12), nullable=False),
        sa.Column("password", sa.Text(), server_default="", nullable=False),
        sa.Column("totp", sa.String(length=64), server_default="", nullable=False),
        sa.Column("totp_step", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("created_at", publisher.store.columns.Moment(timezone=True), nullable=False),
        sa.Column("ended_at", publisher.store.columns.Moment(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_editors")),
        sa.UniqueConstraint("address_key", name=op.f("uq_editors_address_key")),
    )
    op.create_table(
        "credentials",
        sa.Column("id", publisher.store.columns.Id, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("editor_id", publisher.store.columns.Id, nullable=False),
        sa.Column("name", sa.String(length=200), server_default="", nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("created_at", publisher.store.columns.Moment(timezone=True), nullable=False),
        sa.Column("seen_at", publisher.store.columns.Moment(timezone=True), nullable=False),
        sa.Column("expires_at", publisher.store.columns.Moment(timezone=True), nullable=False),
        sa.Column("ended_at", publisher.store.columns.Moment(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["editor_id"], ["editors.id"], name=op.f("fk_credentials_editor_id_editors")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credentials")),
        sa.UniqueConstraint("digest", name=op.f("uq_credentials_digest")),
    )
    op.create_index(op.f("ix_credentials_editor_id"), "credentials", ["editor_id"], unique=False)
    op.create_index(op.f("ix_credentials_expires_at"), "credentials", ["expires_at"], unique=False)
    op.create_table(
        "sign_ins",
        sa.Column("id", publisher.store.columns.Id, nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("at", publisher.store.columns.Moment(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_ins")),
    )
    op.create_index(op.f("ix_sign_ins_at"), "sign_ins", ["at"], unique=False)
    op.create_index(op.f("ix_sign_ins_key_at"), "sign_ins", ["key", "at"], unique=False)
    op.create_table(
        "deeds",
        sa.Column("id", publisher.store.columns.Id, nullable=False),
        sa.Column("at", publisher.store.columns.Moment(timezone=True), nullable=False),
        sa.Column("editor_id", publisher.store.columns.Id, nullable=True),
        sa.Column("actor", sa.String(length=200), nullable=False),
        sa.Column("verb", sa.String(length=40), nullable=False),
        sa.Column("object", sa.String(length=200), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deeds")),
    )
    op.create_index(op.f("ix_deeds_at"), "deeds", ["at"], unique=False)
    op.create_index(op.f("ix_deeds_object_id"), "deeds", ["object", "id"], unique=False)
    op.create_table(
        "refusals",
        sa.Column("id", publisher.store.columns.Id, nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("since", publisher.store.columns.Moment(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refusals")),
    )
