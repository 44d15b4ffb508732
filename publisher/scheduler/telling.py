"""A process that keeps running is told of edited files: what they change is published at once."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from publisher import gathering
from publisher.app import Publisher
from publisher.gathering import Gathered
from publisher.publishing import Changed


def tell(publisher: Publisher, paths: Collection[Path]) -> Gathered:
    """Read these files, and make what they change; no other file is looked at, as long as that is enough.

    What was gathered, as by `gathering.gather`. Raises as that and `Press.refresh` do.
    """
    store = publisher.store
    with store.alone("tick"):
        done = gathering.gather(store, publisher.config, publisher.clock(), crew=publisher.crew, only=paths)
        publisher.press.refresh(Changed(done.before, done.after, frozenset(done.touched)))
    return done
