"""What has come in lately, and what is due next: a few rows, found by index, however much there is."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Connection, func, select

from publisher.store.schema import articles, releases, subscriptions
from publisher.store.subscribers import receiving

_A, _S = articles.c, subscriptions.c
# counting further would take longer than a page may
COUNTED = 10_000
# Who left keeps the hour that was due then: looking past all of these would take long, too. Who gets mail is
# later than this only while no clock runs.
_LATEST = timedelta(days=2)


class Arrival(NamedTuple):
    """An article that became public."""

    id: str
    title: str
    url: str
    source: str
    released_at: datetime
    status: str


class Due(NamedTuple):
    """When the next mail of a newsletter and cadence is due (None: as soon as something appears), and for
    how many: more than COUNTED where `people` is greater."""

    cadence: str
    at: datetime | None
    people: int


def arrivals(tx: Connection, most: int) -> list[Arrival]:
    """What became public last, the newest first."""
    title, url = _A.data["title"].as_string(), _A.data["url"].as_string()
    query = select(_A.id, title, url, _A.source, _A.released_at, _A.status)
    newest = query.where(_A.release.is_not(None)).order_by(_A.release.desc()).limit(most)
    return [Arrival(*row) for row in tx.execute(newest)]


def arrived_since(tx: Connection, moment: datetime) -> int:
    """How many articles became public, or were corrected, since then."""
    query = select(func.count()).select_from(releases).where(releases.c.released_at > moment)
    return int(tx.scalar(query) or 0)


def next_due(tx: Connection, newsletter: str, cadence: str, now: datetime) -> Due | None:
    """The next moment at which somebody is due, and for how many; None where nobody gets it so."""
    mine = (_S.newsletter == newsletter, _S.cadence == cadence)
    if cadence == "instant":
        people = _count(tx, now, *mine)
        return Due(cadence, None, people) if people else None
    first = select(_S.next_due_at).where(*mine, receiving(now), _S.next_due_at > now - _LATEST)
    at = tx.scalar(first.order_by(_S.next_due_at).limit(1))
    return Due(cadence, at, _count(tx, now, *mine, _S.next_due_at == at)) if at else None


def receivers(tx: Connection, newsletter: str, cadence: str, now: datetime) -> int:
    """How many get a newsletter in this cadence; COUNTED + 1 stands for more."""
    return _count(tx, now, _S.newsletter == newsletter, _S.cadence == cadence)


def _count(tx: Connection, now: datetime, *which: object) -> int:
    some = select(_S.id).where(*which, receiving(now)).limit(COUNTED + 1).subquery()  # type: ignore[arg-type]
    return int(tx.scalar(select(func.count()).select_from(some)) or 0)
