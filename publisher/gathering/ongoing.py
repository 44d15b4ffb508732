"""One gather under way: what it works on, and what became of every file so far."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection

from publisher.config.schema import Config
from publisher.crew import Crew
from publisher.gathering.report import COUNTS, Gathered
from publisher.store import Store, catalogue, clock
from publisher.store.traces import Key, Stamped

Progress = Callable[[int, int], None]

_NAMED = 5000


@dataclass
class Ongoing:
    """`outcomes` are names of counts in the report, by file; of those `unchanged` only where it is another.

    `known` are all files as they were before, `stamps` those that are there, and `read` those looked into.
    """

    store: Store
    config: Config
    now: datetime
    crew: Crew
    progress: Progress
    report: Gathered = field(default_factory=Gathered)
    outcomes: dict[Key, str] = field(default_factory=dict)
    stamps: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    read: Set[Key] = frozenset()
    known: Mapping[str, Mapping[str, Stamped]] = field(default_factory=dict)

    def changed(self, tx: Connection, ids: Iterable[str]) -> None:
        """These articles are not what they were: in the same transaction that the public files are stale."""
        clock.set_stale(tx, clock.PUBLIC_FILES, self.now)
        catalogue.changed(tx, self.now)
        self.report.touched.update(ids)

    def outcome_of(self, key: Key) -> str:
        """The count for a file as it stands; empty for one that is not there, or is refused."""
        source, path = key
        left = key not in self.read and path in self.stamps.get(source, ())
        otherwise = outcome(self.known[source][path].status, "unchanged") if left else ""
        return self.outcomes.get(key, otherwise)

    def ended(self) -> Gathered:
        """The report, with its counts."""
        left = ((source, path) for source, paths in self.stamps.items() for path in paths)
        counts = Counter(self.outcome_of(key) for key in left if key not in self.outcomes)
        counts.update(self.outcomes.values())
        for name in COUNTS:
            setattr(self.report, name, counts[name])
        with self.store.read() as tx:
            self.report.after = catalogue.state(tx)
        if len(self.report.touched) > _NAMED:
            # whoever is told so looks at everything, and nobody holds a hundred thousand names meanwhile
            self.report.before, self.report.touched = "", set()
        return self.report


def outcome(status: str, otherwise: str) -> str:
    """The count for an article: by its status if it is kept back, else as said."""
    return {"draft": "drafts", "waiting": "waiting"}.get(status, otherwise)
