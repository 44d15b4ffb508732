"""Invariant 5 over a simulated season: no subscription gets an article twice, and none misses one."""

from __future__ import annotations

from typing import Any

import pytest
from newsroom import Ice, Newsroom


@pytest.mark.parametrize(("begins", "seed"), [("2026-03-14T00:00", 1), ("2026-10-10T00:00", 2)])
def test_a_season(
    publication: Any, clock: Any, monkeypatch: pytest.MonkeyPatch, database: str, begins: str, seed: int
) -> None:
    """Both clock changes, every cadence, six zones, and everything that people do."""
    monkeypatch.setattr("publisher.cutting.chunks.Freezer", Ice)
    monkeypatch.setattr("publisher.cutting.chunks.CHUNK", 7)
    clock.set(begins)
    p = publication()
    room = Newsroom(p, clock, seed)
    # the same statements on both: a shorter one shows what PostgreSQL would do otherwise
    room.live(9 if database == "sqlite" else 3)
    assert room.verify() > (50 if database == "sqlite" else 10)
