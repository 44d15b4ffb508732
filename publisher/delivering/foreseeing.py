"""What the next mail of a subscription would hold if it were cut now, by the rules of the cut."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from publisher import articles
from publisher.config.schema import Config
from publisher.editions import slots, windows
from publisher.editions.slots import Timetable
from publisher.store import catalogue, editions, frozen, histories
from publisher.store.catalogue import Listing
from publisher.store.subscribers import Subscription


def coming(tx: Connection, config: Config, s: Subscription, now: datetime) -> list[Listing]:
    """What the next window would hold as things stand, by the rules of the cut."""
    newest = catalogue.newest_release(tx)
    if not newest:
        return []
    slot = _slot(s, now) if s.cadence != "instant" else ""
    first = bool(slot) and not editions.sent_outside(tx, s.newsletter, s.cadence, slot)
    candidates = catalogue.candidates(tx, 0 if first else s.mark, newest.number)
    carried = articles.carried(config.newsletters[s.newsletter].topics, config.topics)
    chosen = None if s.topics is None else frozenset(s.topics)
    if chosen is not None and config.topics:
        chosen &= frozenset(config.topics)
    seen = histories.named(tx, s.id)
    lo = windows.reach(candidates, s.mark, newest.number, carried, chosen) if first else s.mark
    found = windows.select(
        candidates,
        lo,
        newest.number,
        carried,
        chosen,
        since=s.since if first else s.mark,
        mark=s.mark,
        named={n.article_id for n in seen} if first else histories.named_by_hand(tx, s.id),
        corrections=_corrections(candidates, seen),
    )
    ids = [c.article_id for c in found]
    listed = {x.article.id: x for x in catalogue.listings(tx, ids=ids)}
    return [listed[a] for a in ids]


def _slot(s: Subscription, now: datetime) -> str:
    timetable = Timetable(s.cadence, s.hour, s.weekday, s.day, s.zone)
    return slots.newest(timetable, max(s.next_due_at or now, now))[0]


def _corrections(
    candidates: Sequence[windows.Candidate], seen: Sequence[histories.Named]
) -> set[tuple[str, int]]:
    """Corrections of what they got in an earlier revision, and were not told of yet (rule 6)."""
    got = {
        n.article_id: n.revision
        for n in seen
        if n.role not in ("", frozen.DROPPED) and n.status in ("sent", "unknown")
    }
    told = {(n.article_id, n.revision) for n in seen if n.role}
    return {
        (c.article_id, c.revision)
        for c in candidates
        if not c.first
        and got.get(c.article_id, c.revision) < c.revision
        and (c.article_id, c.revision) not in told
    }
