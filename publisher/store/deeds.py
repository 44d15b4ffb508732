"""Who did what and when: rows are added here, and never changed or deleted."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from publisher.model.editors import Actor
from publisher.store.schema import deeds

_D = deeds.c
# what makes an edition somebody's work (rule 13)
_BY_HAND = ("cut", "change")


class Deed(NamedTuple):
    """One deed: by whom, what (`verb`), to what (`object`, such as `edition daily/12`), and more."""

    id: int
    at: datetime
    editor_id: int | None
    actor: str
    verb: str
    object: str
    data: dict[str, Any]


def add(tx: Connection, actor: Actor, verb: str, object_: str, now: datetime, /, **data: Any) -> None:
    """Write down a deed, in the transaction that does it."""
    row = {"at": now, "editor_id": actor.id, "actor": actor.name, "verb": verb, "object": object_}
    tx.execute(deeds.insert().values(row | {"data": data}))


def listed(tx: Connection, most: int, before: int | None = None, object_: str = "") -> list[Deed]:
    """Deeds, the newest first; those before a number, or those done to one thing."""
    query = select(deeds).order_by(_D.id.desc()).limit(most)
    if before is not None:
        query = query.where(_D.id < before)
    if object_:
        query = query.where(_D.object == object_)
    return [Deed(*row) for row in tx.execute(query)]


def last_hand(tx: Connection, edition: str) -> int | None:
    """Which editor last cut or changed an edition, by its name; None: the clock or the command line."""
    mine = (_D.object == f"edition {edition}", _D.verb.in_(_BY_HAND))
    return tx.scalar(select(_D.editor_id).where(*mine).order_by(_D.id.desc()).limit(1))
