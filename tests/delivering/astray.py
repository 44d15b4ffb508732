"""What goes wrong with a worker's sense of time, done in its process before it begins."""

from __future__ import annotations

from datetime import timedelta
from typing import Any


def short_lease(seconds: float) -> None:
    """It is taken for dead after so many seconds without a sign of life."""
    from publisher.store.database import Store

    hold: Any = Store.hold
    hold.__wrapped__.__defaults__ = (timedelta(seconds=seconds),)


def wrong_clock(seconds: float) -> None:
    """Its machine's clock is wrong by so much; its lease is short."""
    from publisher import app

    usual = app.utc_now
    # what a function takes by default was looked up when it was made
    app.open_publisher.__defaults__ = (lambda: usual() + timedelta(seconds=seconds),)
    short_lease(2.0)
