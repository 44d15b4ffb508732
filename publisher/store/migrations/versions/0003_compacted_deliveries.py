"""Compacted deliveries, workers that wait, and fewer indexes on what changes often"""

import sqlalchemy as sa
from alembic import op

import publisher.store.columns

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

SENDING = sa.text("status = 'sending'")


def upgrade() -> None:
    """Programs of version 0002 must be stopped: they know nothing of what is compacted."""
    # the oldest program that works on these tables
    op.add_column("alembic_version", sa.Column("oldest", sa.String(length=32)))
    op.create_table(
        "compacted",
        sa.Column("id", publisher.store.columns.Id, nullable=False),
        sa.Column("edition_id", publisher.store.columns.Id, nullable=False),
        sa.Column("bucket", publisher.store.columns.Id, nullable=False),
        sa.Column("deliveries", sa.Integer(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["edition_id"], ["editions.id"], name=op.f("fk_compacted_edition_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_compacted")),
    )
    op.create_index(op.f("ix_compacted_edition_id_bucket"), "compacted", ["edition_id", "bucket"])
    op.add_column("variants", sa.Column("compacted", sa.Integer(), server_default="0", nullable=False))

    op.drop_index(op.f("ix_deliveries_variant_id"), "deliveries")
    for table in ("deliveries", "notices"):
        op.drop_index(f"ix_{table}_under_way", table)
        op.create_index(
            f"ix_{table}_under_way", table, ["id"], sqlite_where=SENDING, postgresql_where=SENDING
        )
    if op.get_bind().dialect.name == "postgresql":
        # SQLite would have to copy the ledger
        op.drop_constraint(op.f("fk_events_delivery_id"), "events", type_="foreignkey")
        op.execute("ALTER TABLE deliveries SET (fillfactor = 60)")
    # last: leases are renewed in this table, and building an index over the ledger takes long
    op.add_column("workers", sa.Column("sends", sa.Boolean(), server_default=sa.true(), nullable=False))
