"""How Alembic reaches the store: over the connection, and inside the transaction, of whoever migrates."""

from alembic import context

from publisher.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True
)
context.run_migrations()
