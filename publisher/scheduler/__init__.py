"""The clock: one idempotent tick that looks at what is due and does it. It holds no state of its own."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

from publisher import cutting, gathering, publishing
from publisher.app import Publisher
from publisher.cutting import Result
from publisher.delivering import opening
from publisher.gathering import Gathered
from publisher.store import clock, ledger
from publisher.store import editions as edition_rows
from publisher.store.editions import Edition

log = logging.getLogger("publisher")


@dataclass
class Ticked:
    """What one tick did: the gather if it was time for one, the cuts, and the editions that it opened.

    `held` is how many deliveries have come due in editions that a person has not sent yet.
    """

    gathered: Gathered | None = None
    cut: list[Result] = field(default_factory=list)
    opened: list[Edition] = field(default_factory=list)
    held: dict[str, int] = field(default_factory=dict)


def tick(publisher: Publisher, *, gather_always: bool = False) -> Ticked:
    """Gather, build, cut what is due, open what is scheduled. Twice, late, or on two machines at once: harmless."""
    store, config, templates, now = publisher.store, publisher.config, publisher.templates, publisher.clock()
    done = Ticked()
    with store.write() as tx:
        time_to_gather = clock.due(tx, "gather", config.schedule.gather, now)
    if time_to_gather or gather_always:
        done.gathered = gathering.gather(store, config, now)
        for problem in gathering.problems(done.gathered):
            log.warning("%s", problem)
    done.cut = cutting.cut_due(store, config, templates, now)
    done.opened = opening.open_due(store, now)
    if (done.gathered and done.gathered.changed) or done.opened or gather_always:
        publishing.publish(store, config, templates)
    done.held = _held(publisher)
    return done


def _held(publisher: Publisher) -> dict[str, int]:
    with publisher.store.read() as tx:
        due = ledger.due_in_held(tx, publisher.clock())
        return {edition_rows.get(tx, id_).name: count for id_, count in due.items()}
