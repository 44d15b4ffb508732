"""When everything of an edition is frozen: what it holds is written down, so that no page has to count."""

from __future__ import annotations

from publisher.store import Store, contents
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


def describe(store: Store, edition: Edition) -> None:
    """Write down which articles an edition holds, in its order, and for how many people."""
    order = {a: n for n, a in enumerate(edition.arrangement.get("order", ()))}
    with store.read() as tx:
        found = contents.found(tx, edition.id, order)
    with store.write() as tx:
        contents.keep(tx, edition.id, found)
