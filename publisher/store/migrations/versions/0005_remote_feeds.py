"""Remote feeds, and who polls ours"""

import sqlalchemy as sa
from alembic import op

import publisher.store.columns

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """New tables alone: programs of version 0003 go on beside it."""
    op.create_table(
        "remote_feeds",
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("state", sa.JSON(), nullable=False),
        sa.Column("fetched_at", publisher.store.columns.Moment(timezone=True), nullable=True),
        sa.Column("next_at", publisher.store.columns.Moment(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("url", name=op.f("pk_remote_feeds")),
    )
    op.create_table(
        "feed_polls",
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("path", sa.String(length=400), nullable=False),
        sa.Column("program", sa.String(length=100), nullable=False),
        sa.Column("polls", sa.Integer(), nullable=False),
        sa.Column("subscribers", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("day", "path", "program", name=op.f("pk_feed_polls")),
    )
