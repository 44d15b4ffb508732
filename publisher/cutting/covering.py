"""After a restore: what was mailed since the backup counts as covered, and the store may send (rule 26)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from publisher.config.schema import Config
from publisher.cutting.planning import recent
from publisher.editions import slots
from publisher.editions.slots import Timetable
from publisher.errors import Refused
from publisher.store import Store, attempts, audience, catalogue, editions, restores
from publisher.store.schema import notices
from publisher.store.subscribers import Subscription

_CHUNK = 500
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """How many subscriptions were raised to a later mark, and how many waiting deliveries were cancelled."""

    covered: int = 0
    cancelled: int = 0


def acknowledge_restore(
    store: Store,
    config: Config,
    now: datetime,
    covered_until: datetime | None = None,
    progress: Progress = lambda _done, _total: None,
) -> Acknowledged:
    """Let a restored store cut and send again; what was released or due by `covered_until` counts as mailed.

    Without it everything goes on as it stands. Killed on its way, it is asked again with the same moment.
    Raises Refused before the first gather, and where nothing was restored.
    """
    with store.alone("cut"):
        with store.write() as tx:
            _begin(tx, now, covered_until)
        done = _cover(store, config, covered_until, now, progress) if covered_until else Acknowledged()
        with store.write() as tx:
            restores.set_acknowledged(tx)
    return done


def _begin(tx: Connection, now: datetime, until: datetime | None) -> None:
    found = restores.restored(tx)
    if not found:
        raise Refused("this store was not restored, or that was acknowledged already")
    if not found.gathered:
        raise Refused(
            "what is in the sources must be known first: run `publisher gather`, and mend or accept "
            "(--accept-gone) what it reports as kept"
        )
    if until and until > now:
        raise Refused(f"--covered-until: expected a moment that has passed, got {until.isoformat()}")
    if until and (newest := restores.last_known(tx)) and until < newest:
        raise Refused(
            f"--covered-until: the backup itself knows of mail at {newest.isoformat()}; "
            f"expected a later moment, got {until.isoformat()}"
        )
    if found.covering and found.covering != until:
        raise Refused(f"this began with --covered-until {found.covering.isoformat()}: say it with the same")
    if until and not found.covering:
        restores.set_covering(tx, until)


def _cover(store: Store, config: Config, until: datetime, now: datetime, progress: Progress) -> Acknowledged:
    with store.read() as tx:
        hi = catalogue.release_before(tx, until)
        # of what has sent nothing yet the first window would reach back behind every mark (rule 4)
        unsent = {n for n in config.newsletters if not editions.sent_outside(tx, n, "", "")}
        total = restores.count_subscriptions(tx)
    after, done, covered, cancelled = 0, 0, 0, 0
    while True:
        with store.write() as tx:
            people = restores.subscriptions_after(tx, after, _CHUNK)
            _raise(tx, people, hi, until, unsent)
        if not people:
            break
        after, done = people[-1].id, done + len(people)
        covered += sum(s.mark < hi for s in people)
        progress(done, total)
    while True:
        with store.write() as tx:
            rows = restores.waiting_until(tx, until, _CHUNK)
            for row in rows:
                attempts.move(tx, row, "cancelled", now, reply="restored", finished_at=now)
            for row in restores.notices_until(tx, until, _CHUNK):
                attempts.move(tx, row, "cancelled", now, rows=notices, reply="restored", finished_at=now)
        if not rows:
            return Acknowledged(covered, cancelled)
        cancelled += len(rows)


def _raise(
    tx: Connection, people: Sequence[Subscription], hi: int, until: datetime, unsent: set[str]
) -> None:
    served = _served(tx, people, until)
    restores.cover(
        tx,
        [
            (
                s.id,
                0 if s.newsletter in unsent else s.since,
                max(s.mark, hi),
                _next_due(s, until, served.get(s.id, frozenset())),
            )
            for s in people
        ],
    )


def _served(tx: Connection, people: Sequence[Subscription], until: datetime) -> Mapping[int, frozenset[str]]:
    """Subscription to the slots of its cadence, from about then on, in which it has a delivery."""
    found: dict[int, frozenset[str]] = {}
    for newsletter, cadence in {(s.newsletter, s.cadence) for s in people if s.cadence != "instant"}:
        mine = [s for s in people if (s.newsletter, s.cadence) == (newsletter, cadence)]
        around = audience.around(tx, newsletter, cadence, recent(cadence, until))
        served = audience.in_slots(tx, around, [s.subscriber_id for s in mine])
        found |= {s.id: served.get(s.subscriber_id, frozenset()) for s in mine}
    return found


def _next_due(s: Subscription, until: datetime, served: frozenset[str]) -> datetime | None:
    if s.cadence == "instant":
        return None
    return slots.next_due(Timetable(s.cadence, s.hour, s.weekday, s.day, s.zone), until, served)
