"""An edition as it will be, before its first row is written (rule 8)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from publisher.config.schema import Config
from publisher.editions import slots
from publisher.freezing import letterheads
from publisher.store import editions
from publisher.store.cuts import Cut
from publisher.store.editions import Edition


def draft(tx: Connection, config: Config, cut: Cut, now: datetime) -> Edition:
    """The edition that a cut would make, with its number; the slot of one by hand is its number (rule 11)."""
    newsletter = config.newsletters[cut.newsletter]
    everybody = cut.kind != "due" or newsletter.approval or cut.cadence == "instant"
    today = cut.at.astimezone(config.publication.zone).date()
    number = editions.next_number(tx, cut.newsletter)
    edition = Edition(
        newsletter=cut.newsletter,
        number=number,
        cadence=cut.cadence,
        slot=cut.slot or str(number),
        day=cut.slot if cut.cadence == "daily" else today.isoformat(),
        created_at=now,
        by_hand=cut.request["by_person"],
        needs_approval=newsletter.approval,
        everybody=everybody,
        intro=cut.request["intro"],
        closes_at=None if everybody else slots.closes_at(cut.cadence, cut.slot),
    )
    return replace(edition, letterhead=letterheads.freeze(tx, config, edition))
