"""A word to the editors when something waits for a person: one mail a matter, however long it waits."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from publisher.config.schema import Config
from publisher.delivering.messages import Composer
from publisher.delivering.notices import Desk
from publisher.errors import Refused
from publisher.model.mail import Piece
from publisher.rendering import notices as rendered
from publisher.rendering.environment import Templates
from publisher.rendering.notices import Words
from publisher.store import clock, editions, ledger
from publisher.store.editions import Edition

log = logging.getLogger("publisher")
_MATTER, _BY_HAND = "notice ", "by hand"
_WHY = "You get this because your address stands under notices.to in the publication's configuration."


@dataclass(frozen=True, slots=True)
class Matter:
    """Something that waits for a person; its name is the same as long as it does."""

    name: str
    newsletter: str
    words: Words


def remind(composer: Composer, templates: Templates, held: Mapping[str, int], now: datetime) -> list[str]:
    """Queue a mail about each matter that nobody was told of yet; the names of these matters.

    `held` is how many deliveries have come due in each edition that a person has not sent. A matter that was
    settled and comes up again is a new one.
    """
    store, config = composer.store, composer.config
    if not config.notices.to or not config.newsletters:
        return []
    with store.read() as tx:
        found = {matter.name: matter for matter in _matters(tx, config, held)}
        told = set(clock.names(tx, _MATTER))
    if found.keys() == told:
        return []
    new = [found[name] for name in sorted(found.keys() - told)]
    pieces = {matter.name: rendered.notice(templates, config, matter.words) for matter in new}
    with store.write() as tx:
        clock.forget(tx, told - found.keys())
        # another tick may have told them meanwhile
        there = set(clock.names(tx, _MATTER))
        new = [matter for matter in new if matter.name not in there]
        for matter in new:
            clock.remember(tx, matter.name, "said", now)
            desk = Desk.of(composer, matter.newsletter)
            for to in config.notices.to:
                _queue(tx, desk, to, matter, pieces[matter.name], now)
    return [matter.name.removeprefix(_MATTER) for matter in new]


def _queue(tx: Connection, desk: Desk, to: str, matter: Matter, piece: Piece, now: datetime) -> None:
    """One editor's address that cannot be mailed keeps no other from being told."""
    try:
        desk.queue_words(tx, "reminder", to, matter.words.subject, piece, now)
    except Refused as error:
        log.warning("%s", error)


def _matters(tx: Connection, config: Config, held: Mapping[str, int]) -> Iterator[Matter]:
    for name, count in held.items():
        yield _held(config, name, count)
    for id_, count in ledger.unseen(tx).items():
        yield _unknown(editions.get(tx, id_), count)
    for edition in editions.listed(tx, states=("paused",)):
        # a person who pauses needs no reminder
        if edition.reason not in ("", _BY_HAND):
            yield _paused(edition)


def _held(config: Config, name: str, count: int) -> Matter:
    newsletter = name.rpartition("/")[0]
    approval = newsletter in config.newsletters and config.newsletters[newsletter].approval
    do = "approve" if approval else "send"
    heading = f"{name} waits for approval" if approval else f"{name} is held"
    words = Words(
        heading,
        heading,
        (f"{_deliveries(count)} come due. Nothing leaves until somebody says so: look at it, then {do} it.",),
        _WHY,
        (f"publisher preview {name}", f"publisher {do} {name}"),
    )
    return Matter(f"{_MATTER}held {name}", newsletter, words)


def _unknown(edition: Edition, count: int) -> Matter:
    name = edition.name
    words = Words(
        f"{name}: nobody knows whether {count} arrived",
        f"Nobody knows whether {count} of {name} arrived",
        (
            "The connection or the process ended between the last line of a message and the server's answer. "
            "Nothing of that is sent again by itself. Look into the mail server's log, then send those again "
            "that did not arrive, or acknowledge them:",
        ),
        _WHY,
        (
            f"publisher deliveries {name} --status unknown",
            f"publisher retry {name} --status unknown",
            f"publisher acknowledge {name}",
        ),
    )
    return Matter(f"{_MATTER}unknown {name}", edition.newsletter, words)


def _paused(edition: Edition) -> Matter:
    heading = f"{edition.name} has paused by itself"
    reason = edition.reason.strip().rstrip(".")
    words = Words(
        heading,
        heading,
        (f"The reason: {reason}.", "What waits is kept. When the cause is gone, let it go on:"),
        _WHY,
        (f"publisher status {edition.name}", f"publisher resume {edition.name}"),
    )
    return Matter(f"{_MATTER}paused {edition.name}", edition.newsletter, words)


def _deliveries(count: int) -> str:
    return "1 of its deliveries has" if count == 1 else f"{count} of its deliveries have"
