"""The store's shape over time: Alembic migrations, run when the store is older than the program."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import column as col
from sqlalchemy import inspect, select, table

from publisher.errors import StoreError
from publisher.store import Store

HEAD = "0003"
_VERSIONS = table("alembic_version", col("version_num"))


def version(store: Store) -> str:
    """The version of the store's tables; empty for a new store. Raises StoreError."""
    with store.read() as tx:
        if not inspect(tx).has_table("alembic_version"):
            return ""
        return str(tx.scalar(select(_VERSIONS.c.version_num)) or "")


def migrate(store: Store) -> bool:
    """Bring the tables up to date; False when they were. Raises StoreError for a newer store."""
    found = version(store)
    if found == HEAD:
        return False
    if found > HEAD:
        raise StoreError(
            f"the store is newer than this program ({found}, this program knows {HEAD}): upgrade the program"
        )
    with store.alone("migrate"):
        if version(store) != HEAD:
            _upgrade(store)
    return True


def _upgrade(store: Store) -> None:
    # loaded only when there is something to do: it takes longer than most commands
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    with store.write() as tx:
        config.attributes["connection"] = tx
        command.upgrade(config, "head")
        if store.dialect == "postgresql":
            from publisher.store.postgres import sort_by_bytes

            sort_by_bytes(tx)
