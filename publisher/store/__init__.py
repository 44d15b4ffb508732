"""The store: one database, short transactions. What must survive a kill is in it, and nothing else."""

from __future__ import annotations

from pathlib import Path

from publisher.errors import ConfigError, Problem
from publisher.store.database import Held, Store, after_writers, in_turn
from publisher.store.sqlite import connect, sqlite_file

__all__ = ["Held", "Store", "after_writers", "connect", "exists", "in_turn", "open_store", "sqlite_file"]
_POSTGRES = "postgresql://"
_FOLDER = "var"


def open_store(url: str, folder: Path) -> Store:
    """The store at an address of the configuration, without looking at what is in it.

    Paths count from `folder`. Raises StoreError, and ConfigError for an address that cannot be used.
    """
    if not url.startswith(_POSTGRES):
        return connect(sqlite_file(url, folder))
    try:
        # loaded only where it is asked for: SQLite needs nothing of it
        from publisher.store import postgres
    except ImportError:
        needed = "postgresql:// needs the driver psycopg: pip install 'publisher[postgres]'"
        raise ConfigError([Problem("store", needed)]) from None
    return postgres.connect(url, folder / _FOLDER)


def exists(url: str, folder: Path) -> bool:
    """Whether there may be a store at this address already; a server is not asked."""
    return url.startswith(_POSTGRES) or sqlite_file(url, folder).is_file()
