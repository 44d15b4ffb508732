"""The log: who did what and when, for whoever may read it."""

from __future__ import annotations

from publisher import permissions
from publisher.model.editors import Actor
from publisher.store import Store, deeds
from publisher.store.deeds import Deed


def read(store: Store, actor: Actor, most: int, before: int | None = None) -> list[Deed]:
    """Deeds, the newest first; those before a number. Raises NotAllowed."""
    permissions.check(actor, "see log")
    with store.read() as tx:
        return deeds.listed(tx, most, before)
