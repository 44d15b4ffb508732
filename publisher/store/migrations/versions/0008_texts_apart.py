"""The texts of articles in a table of their own"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

# neither half a character nor a NUL, which PostgreSQL makes no text of, was ever written there
_HTML = {"sqlite": "json_extract(data, '$.html')", "postgresql": "data ->> 'html'"}
_REST = {"sqlite": "json_remove(data, '$.html')", "postgresql": "(data::jsonb - 'html')::json"}


def upgrade() -> None:
    """Programs of version 0007 and before must be stopped: they look for a text where it was."""
    op.create_table(
        "article_texts",
        sa.Column("article_id", sa.String(length=400), nullable=False),
        sa.Column("html", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["articles.id"], name=op.f("fk_article_texts_article_id")),
        sa.PrimaryKeyConstraint("article_id", name=op.f("pk_article_texts")),
    )
    kind = op.get_bind().dialect.name
    op.execute(f"INSERT INTO article_texts (article_id, html) SELECT id, {_HTML[kind]} FROM articles")
    op.execute(f"UPDATE articles SET data = {_REST[kind]}")
