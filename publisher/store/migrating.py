"""The store's shape over time: Alembic migrations, run when the store is older than the program."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import column as col
from sqlalchemy import insert, inspect, select, table, update

from publisher.errors import StoreError
from publisher.store import Store, anew

HEAD = "0008"
# The oldest program that works on these tables beside this one. A migration that takes away or changes what
# an older program uses raises it; one that only adds leaves it, and workers are replaced one by one.
OLDEST = "0008"
_VERSIONS = table("alembic_version", col("version_num"), col("oldest"))


def version(store: Store) -> str:
    """The version of the store's tables; empty for a new store. Raises StoreError."""
    with store.read() as tx:
        if not inspect(tx).has_table("alembic_version"):
            return ""
        return str(tx.scalar(select(_VERSIONS.c.version_num)) or "")


def migrate(store: Store) -> bool:
    """Bring the tables up to date; False when they were. Raises StoreError for a newer store.

    A store that a newer program migrated is left as it is, where it says that this program works on it.
    """
    found = version(store)
    if found >= HEAD:
        if not fits(store, found):
            raise StoreError(
                f"the store is newer than this program ({found}, this program knows {HEAD}): "
                "upgrade the program"
            )
        return False
    with store.alone("migrate"):
        found = version(store)
        if not found and store.dialect == "sqlite":
            _begin(store)
        elif found < HEAD:
            if found and found < OLDEST:
                _refuse_workers(store)
            upgrade(store)
    return True


def _refuse_workers(store: Store) -> None:
    """Programs that cannot work on the new tables must be stopped first; these are known to run."""
    names = select(table("workers", col("name")).c.name)
    with store.read() as tx:
        known = list(tx.scalars(names)) if inspect(tx).has_table("workers") else []
    if alive := [name for name in known if not store.dead(name)]:
        raise StoreError(
            f"a program of an earlier version is running (worker {alive[0]}), and cannot work beside this "
            "one: stop it first"
        )


def fits(store: Store, found: str) -> bool:
    """Whether this program works on a store of this version. Raises StoreError."""
    if found <= HEAD:
        return found == HEAD
    with store.read() as tx:
        oldest = tx.scalar(select(_VERSIONS.c.oldest)) or found
    return bool(oldest <= HEAD)


def _begin(store: Store) -> None:
    with store.write() as tx:
        anew.make(tx)
        tx.execute(insert(_VERSIONS).values(version_num=HEAD, oldest=OLDEST))


def upgrade(store: Store, to: str = "head") -> None:
    """Run the migrations that the store has not seen, in one transaction."""
    # loaded only when there is something to do: it takes longer than most commands
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    with store.write() as tx:
        config.attributes["connection"] = tx
        command.upgrade(config, to)
        tx.execute(update(_VERSIONS).values(oldest=OLDEST))
        if store.dialect == "postgresql":
            from publisher.store.postgres import sort_by_bytes

            sort_by_bytes(tx)
