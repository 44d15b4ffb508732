"""An empty store of the database that the test is for, and its address."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from publisher.store import Store, open_store


@pytest.fixture
def url(new_store: Callable[[Path], str], tmp_path: Path) -> str:
    return new_store(tmp_path)


@pytest.fixture
def store(url: str, tmp_path: Path) -> Iterator[Store]:
    store = open_store(url, tmp_path)
    yield store
    store.close()
