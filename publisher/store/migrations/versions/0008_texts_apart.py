"""The text of an article in a column of its own"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

# neither half a character nor a NUL, which PostgreSQL makes no text of, was ever written there
_APART = {
    "sqlite": "UPDATE articles SET html = data ->> '$.html', data = json_remove(data, '$.html')",
    "postgresql": "UPDATE articles SET html = data ->> 'html', data = (data::jsonb - 'html')::json",
}


def upgrade() -> None:
    """Programs of version 0007 and before must be stopped: they look for the text where it was."""
    op.add_column("articles", sa.Column("html", sa.Text(), server_default="", nullable=False))
    op.execute(_APART[op.get_bind().dialect.name])
