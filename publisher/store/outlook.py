"""What has come in lately, and what is due next: a few rows, found by index, however much there is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Connection, func, select

from publisher.store import tallies
from publisher.store.schema import articles, releases, subscriptions
from publisher.store.subscribers import receiving

_A, _S = articles.c, subscriptions.c
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
    how many in all: an edition is for everybody of its slot, whatever their hour and zone."""

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


def next_due(
    tx: Connection, newsletter: str, cadence: str, receiving_it: Mapping[str, int], now: datetime
) -> Due | None:
    """The next moment at which somebody is due; `receiving_it` are its `receivers`. None where nobody is."""
    people = receiving_it.get(cadence, 0)
    if cadence == "instant" or not people:
        return Due(cadence, None, people) if people else None
    mine = (_S.newsletter == newsletter, _S.cadence == cadence, receiving(now))
    first = select(_S.next_due_at).where(*mine, _S.next_due_at > now - _LATEST)
    at = tx.scalar(first.order_by(_S.next_due_at).limit(1))
    return Due(cadence, at, people) if at else None


def receivers(tx: Connection, newsletter: str, now: datetime) -> dict[str, int]:
    """Cadence to how many get a newsletter in it: who has confirmed, and has not paused it now."""
    found = {
        cadence: number
        for (name, cadence, status), number in tallies.subscriptions(tx).items()
        if (name, status) == (newsletter, "confirmed")
    }
    # few pause, and an index has these alone
    paused = (_S.newsletter == newsletter, _S.status == "confirmed", _S.paused_until > now)
    query = select(_S.cadence, func.count()).where(*paused).group_by(_S.cadence)
    for cadence, number in tx.execute(query):
        found[cadence] = found.get(cadence, 0) - int(number)
    return {cadence: number for cadence, number in found.items() if number}
