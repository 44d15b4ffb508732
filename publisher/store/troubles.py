"""What keeps mail from leaving, as whoever met it last wrote it down: the desk is another process."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, delete, select, update

from publisher.store.database import insert_new
from publisher.store.schema import troubles

MAIL_SERVER = "mail server"
_T = troubles.c


class Noted(NamedTuple):
    """What was met, in a sentence; since when, and when it was met last."""

    said: str
    since: datetime
    at: datetime


def noted(tx: Connection, name: str) -> Noted | None:
    """What hinders now; None where nothing does."""
    row = tx.execute(select(_T.said, _T.since, _T.at).where(_T.name == name)).first()
    return Noted(*row) if row else None


def note(tx: Connection, name: str, said: str, now: datetime) -> None:
    """It hinders now; `since` stays what it was."""
    if not insert_new(tx, troubles, {"name": name, "said": said, "since": now, "at": now}):
        tx.execute(update(troubles).where(_T.name == name).values(said=said, at=now))


def forget(tx: Connection, name: str) -> None:
    """It hinders no more."""
    tx.execute(delete(troubles).where(_T.name == name))
