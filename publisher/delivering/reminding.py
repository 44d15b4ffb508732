"""A word to the editors when something newly needs a person: one mail of all that is new, and not too often.

However long a matter waits, it is told once. Who is told: the addresses of the configuration, and every
editor who asked for it at the desk.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from urllib.parse import urlsplit

from sqlalchemy import Connection

from publisher.config.schema import Config
from publisher.delivering.messages import Composer
from publisher.delivering.notices import Desk
from publisher.delivering.progress import plain
from publisher.errors import Refused
from publisher.languages import Phrasebook
from publisher.permissions import N_
from publisher.rendering import notices as rendered
from publisher.rendering.environment import Templates
from publisher.rendering.notices import Words
from publisher.store import clock, editions, editors, gauges, ledger, refusals
from publisher.store.editions import Edition
from publisher.store.refusals import Refusal
from publisher.store.subscribers import address_key

log = logging.getLogger("publisher")
EVERY = timedelta(minutes=15)
_MATTER, _TOLD, _BY_HAND = "notice ", "editors told", "by hand"
_MOST_FILES, _MOST_TOLD = 100, 20


@dataclass(frozen=True, slots=True)
class Matter:
    """Something that waits for a person; its name is the same as long as it does. `place` is where at the
    desk it is seen to, `commands` how without it."""

    name: str
    newsletter: str
    heading: str
    paragraphs: tuple[str, ...]
    commands: tuple[str, ...]
    place: str = "/desk/"


def remind(
    composer: Composer,
    templates: Templates,
    held: Mapping[str, int],
    now: datetime,
    feeds: Mapping[str, str] | None = None,
    endpoints: Mapping[str, str] | None = None,
) -> list[str]:
    """Queue a mail about the matters that nobody was told of yet; the names of these matters.

    `held` is how many deliveries have come due in each edition that a person has not sent, `feeds` what is
    wrong with each feed in trouble, `endpoints` what each one that is told nothing more answered. A matter
    that was settled and comes up again is a new one. What is new less than EVERY after the last mail waits
    for the next one.
    """
    store, config = composer.store, composer.config
    with store.read() as tx:
        book = templates.words(config.publication.language)
        found = {matter.name: matter for matter in _matters(tx, config, held, book)}
        found |= {matter.name: matter for matter in _elsewhere(feeds or {}, endpoints or {}, book)}
        told, last = set(clock.names(tx, _MATTER)), gauges.last_done(tx, _TOLD)
        people = recipients(tx, config)
    new = [found[name] for name in sorted(found.keys() - told)]
    if not people or not config.newsletters or (last and last <= now < last + EVERY):
        new = []
    if not new and told <= found.keys():
        return []
    pieces = {why: _worded(config, new, why, book) for why in dict.fromkeys(people.values()) if new}
    letters = {
        why: rendered.notice(templates, config, w, link=_link(config, new)) for why, w in pieces.items()
    }
    with store.write() as tx:
        clock.forget(tx, told - found.keys())
        # another tick may have told them meanwhile
        if not new or {matter.name for matter in new} & set(clock.names(tx, _MATTER)):
            return []
        clock.remember(tx, _TOLD, "", now)
        for matter in new:
            clock.remember(tx, matter.name, "said", now)
        desk = Desk.of(composer, new[0].newsletter)
        for to, why in people.items():
            try:
                desk.queue_words(tx, "editor", to, pieces[why].subject, letters[why], now)
            except Refused as error:
                # one address that cannot be mailed keeps no other from being told
                log.warning("%s", error)
    return [matter.name.removeprefix(_MATTER) for matter in new]


def recipients(tx: Connection, config: Config) -> dict[str, str]:
    """Address to why it is told, each once."""
    named = [(to, _NAMED) for to in config.notices.to]
    asked = [(one.address, _ASKED) for one in editors.wanting_notices(tx)]
    found = {address_key(to): (to, why) for to, why in reversed([*named, *asked])}
    return dict(reversed(found.values()))


def _worded(config: Config, new: Sequence[Matter], why: str, book: Phrasebook) -> Words:
    """One matter as it is, several as a list."""
    action, because = book.gettext("Look at it at the desk"), book.gettext(why)
    if len(new) == 1:
        one = new[0]
        return Words(one.heading, one.heading, one.paragraphs, because, one.commands, action)
    given = {"count": len(new), "title": config.publication.title}
    heading = book.ngettext(
        "%(count)s matter waits for a person at %(title)s",
        "%(count)s matters wait for a person at %(title)s",
        len(new),
    )
    lines = [f"{one.heading}. {one.paragraphs[0]}" for one in new[:_MOST_TOLD]]
    if more := len(new) - len(lines):
        lines.append(book.ngettext("And %(count)s more.", "And %(count)s more.", more) % {"count": more})
    return Words(heading % given, heading % given, tuple(lines), because, action=action)


def _link(config: Config, new: Sequence[Matter]) -> str:
    return f"{config.publication.url}{new[0].place if len(new) == 1 else '/desk/'}"


def _matters(tx: Connection, config: Config, held: Mapping[str, int], book: Phrasebook) -> Iterator[Matter]:
    for name, count in held.items():
        yield _held(config, name, count, book)
    for id_, count in ledger.unseen(tx).items():
        yield _unknown(editions.get(tx, id_), count, book)
    for edition in editions.listed(tx, states=("paused",)):
        # a person who pauses needs no reminder
        if edition.reason not in ("", _BY_HAND):
            yield _paused(edition, book)
    for refusal in refusals.listed(tx, _MOST_FILES):
        yield _refused(refusal, book)


def _elsewhere(feeds: Mapping[str, str], endpoints: Mapping[str, str], book: Phrasebook) -> Iterator[Matter]:
    for feed, error in feeds.items():
        heading = book.gettext("The feed %(feed)s cannot be read") % {"feed": _line(feed)}
        yield Matter(_name("feed", feed), "", heading, (f"{_line(error).rstrip('.')}.",), ())
    for url, said in endpoints.items():
        yield _off(url, said, book)


def _off(url: str, said: str, book: Phrasebook) -> Matter:
    """By its host: whoever has the whole address may post there, and not every editor may see it."""
    heading = book.gettext("%(endpoint)s is told nothing more") % {
        "endpoint": _line(urlsplit(url).hostname or "")
    }
    kept = book.gettext("What happens is kept for a week. When the cause is gone, begin again:")
    commands = ("publisher webhooks", "publisher webhooks --enable URL")
    return Matter(_name("endpoint", url), "", heading, (f"{_line(said).rstrip('.')}.", kept), commands)


def _name(kind: str, what: str) -> str:
    """Of whatever length it is, what it is remembered by is short."""
    return f"{_MATTER}{kind} {sha256(what.encode()).hexdigest()[:24]}"


def _line(text: str) -> str:
    """Whatever a file is called or holds, as a subject can say it: no control character, no encoded word."""
    return "".join(c if c.isprintable() else " " for c in text).replace("=?", "= ?")


def _refused(one: Refusal, book: Phrasebook) -> Matter:
    place = _line(f"{one.path}:{one.line}" if one.line else one.path)
    heading = book.gettext("%(path)s cannot be used") % {"path": place}
    why = f"{one.field}: {one.reason}" if one.field else one.reason
    said = book.gettext("%(reason)s. It is not published as it stands.") % {"reason": _line(why).rstrip(".")}
    return Matter(_name("file", repr(one[:4])), "", heading, (said,), ("publisher check",))


_NAMED = N_("You get this because your address stands under notices.to in the publication's configuration.")
_ASKED = N_(
    "You get this because you asked for it at the desk, under your account; there you can end it, too."
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
    said = (due % {"count": count},)
    return Matter(f"{_MATTER}held {name}", newsletter, heading, said, commands, f"/desk/editions/{name}")


def _unknown(edition: Edition, count: int, book: Phrasebook) -> Matter:
    name, gettext = edition.name, book.gettext
    given = {"edition": name, "count": count}
    return Matter(
        f"{_MATTER}unknown {name}",
        edition.newsletter,
        gettext("%(edition)s: nobody knows whether %(count)s arrived") % given,
        (
            gettext(
                "The connection or the process ended between the last line of a message and the server's "
                "answer. Nothing of that is sent again by itself. Look into the mail server's log, then send "
                "those again that did not arrive, or acknowledge them:"
            ),
        ),
        (
            f"publisher deliveries {name} --status unknown",
            f"publisher retry {name} --status unknown",
            f"publisher acknowledge {name}",
        ),
        f"/desk/editions/{name}/deliveries?status=unknown",
    )


def _paused(edition: Edition, book: Phrasebook) -> Matter:
    heading = book.gettext("%(edition)s has paused by itself") % {"edition": edition.name}
    reason = book.gettext("The reason: %(reason)s.") % {"reason": plain(edition.reason).rstrip(".")}
    return Matter(
        f"{_MATTER}paused {edition.name}",
        edition.newsletter,
        heading,
        (reason, book.gettext("What waits is kept. When the cause is gone, let it go on:")),
        (f"publisher status {edition.name}", f"publisher resume {edition.name}"),
        f"/desk/editions/{edition.name}/watch",
    )
