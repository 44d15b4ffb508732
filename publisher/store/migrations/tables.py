"""Writes down which tables the migrations make: `make tables`, after one was added."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from publisher.store import anew, connect
from publisher.store.migrating import upgrade


def main() -> None:
    """From a store that has run all of them."""
    with TemporaryDirectory() as folder:
        store = connect(Path(folder, "store.db"))
        upgrade(store)
        with store.read() as tx:
            anew.FILE.write_text(anew.statements(tx), encoding="utf-8")
        store.close()


if __name__ == "__main__":
    main()
