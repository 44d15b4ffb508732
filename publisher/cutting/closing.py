"""When everything of an edition is frozen: what it holds is written down, so that no page has to count."""

from __future__ import annotations

from dataclasses import replace

from publisher.config.schema import Config
from publisher.freezing import inspecting
from publisher.store import Store, contents, editions
from publisher.store.chunking import Chunks
from publisher.store.editions import Edition

_CHUNK = 2000


def weigh(store: Store, edition: Edition) -> None:
    """Write down for how many people each variant is."""
    with store.read() as tx:
        counted = contents.weights(tx, edition.id)
    left, chunks = list(counted.items()), Chunks(store, _CHUNK)
    while left:
        some, left = left[: chunks.size], left[chunks.size :]
        with chunks.write(len(some)) as tx:
            contents.weigh(tx, dict(some))


def describe(store: Store, config: Config, edition: Edition) -> str:
    """Write down which articles an edition holds, for how many people, and what is wrong with it.

    What keeps it from leaving is said; empty where nothing does.
    """
    order = {a: n for n, a in enumerate(edition.arrangement.get("order", ()))}
    with store.read() as tx:
        found = contents.found(tx, edition.id, order)
    findings = [(one.rule, one.message, one.level) for one in inspecting.inspect(store, config, edition)]
    with store.write() as tx:
        contents.keep(tx, edition.id, found)
        editions.change(tx, edition.id, findings=findings)
    return replace(edition, findings=findings).fault
