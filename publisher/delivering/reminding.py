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
from publisher.languages import Phrasebook
from publisher.model.mail import Piece
from publisher.rendering import notices as rendered
from publisher.rendering.environment import Templates
from publisher.rendering.notices import Words
from publisher.store import clock, editions, ledger
from publisher.store.editions import Edition

log = logging.getLogger("publisher")
_MATTER, _BY_HAND = "notice ", "by hand"


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
        book = templates.words(config.publication.language)
        found = {matter.name: matter for matter in _matters(tx, config, held, book)}
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


def _matters(tx: Connection, config: Config, held: Mapping[str, int], book: Phrasebook) -> Iterator[Matter]:
    for name, count in held.items():
        yield _held(config, name, count, book)
    for id_, count in ledger.unseen(tx).items():
        yield _unknown(editions.get(tx, id_), count, book)
    for edition in editions.listed(tx, states=("paused",)):
        # a person who pauses needs no reminder
        if edition.reason not in ("", _BY_HAND):
            yield _paused(edition, book)


def _why(book: Phrasebook) -> str:
    return book.gettext(
        "You get this because your address stands under notices.to in the publication's configuration."
    )


def _held(config: Config, name: str, count: int, book: Phrasebook) -> Matter:
    newsletter = name.rpartition("/")[0]
    if newsletter in config.newsletters and config.newsletters[newsletter].approval:
        do, heading = "approve", book.gettext("%(edition)s waits for approval") % {"edition": name}
        due = book.ngettext(
            "%(count)s of its deliveries has come due. Nothing leaves until somebody says so: "
            "look at it, then approve it.",
            "%(count)s of its deliveries have come due. Nothing leaves until somebody says so: "
            "look at it, then approve it.",
            count,
        )
    else:
        do, heading = "send", book.gettext("%(edition)s is held") % {"edition": name}
        due = book.ngettext(
            "%(count)s of its deliveries has come due. Nothing leaves until somebody says so: "
            "look at it, then send it.",
            "%(count)s of its deliveries have come due. Nothing leaves until somebody says so: "
            "look at it, then send it.",
            count,
        )
    commands = (f"publisher preview {name}", f"publisher {do} {name}")
    words = Words(heading, heading, (due % {"count": count},), _why(book), commands)
    return Matter(f"{_MATTER}held {name}", newsletter, words)


def _unknown(edition: Edition, count: int, book: Phrasebook) -> Matter:
    name, gettext = edition.name, book.gettext
    given = {"edition": name, "count": count}
    words = Words(
        gettext("%(edition)s: nobody knows whether %(count)s arrived") % given,
        gettext("Nobody knows whether %(count)s of %(edition)s arrived") % given,
        (
            gettext(
                "The connection or the process ended between the last line of a message and the server's "
                "answer. Nothing of that is sent again by itself. Look into the mail server's log, then send "
                "those again that did not arrive, or acknowledge them:"
            ),
        ),
        _why(book),
        (
            f"publisher deliveries {name} --status unknown",
            f"publisher retry {name} --status unknown",
            f"publisher acknowledge {name}",
        ),
    )
    return Matter(f"{_MATTER}unknown {name}", edition.newsletter, words)


def _paused(edition: Edition, book: Phrasebook) -> Matter:
    heading = book.gettext("%(edition)s has paused by itself") % {"edition": edition.name}
    reason = book.gettext("The reason: %(reason)s.") % {"reason": edition.reason.strip().rstrip(".")}
    words = Words(
        heading,
        heading,
        (reason, book.gettext("What waits is kept. When the cause is gone, let it go on:")),
        _why(book),
        (f"publisher status {edition.name}", f"publisher resume {edition.name}"),
    )
    return Matter(f"{_MATTER}paused {edition.name}", edition.newsletter, words)
