"""The mails that ask: whoever reads an address says whether what was asked for holds (RFC 3834 marked)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from gettext import NullTranslations

from sqlalchemy import Connection

from publisher import links
from publisher.config.schema import Config
from publisher.delivering.messages import Composer
from publisher.delivering.notices import Desk
from publisher.errors import Refused
from publisher.rendering import notices as rendered
from publisher.rendering.environment import Templates
from publisher.rendering.notices import Words
from publisher.store import confirmations, subscribers
from publisher.store.confirmations import Confirmation, Kind

_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class _Asking:
    """What a mail about one kind says; `door` is the first part of its link."""

    door: str
    words: Callable[[Config, NullTranslations, Confirmation], Words]


def queue_confirmations(composer: Composer, templates: Templates, now: datetime) -> int:
    """Queue a mail for each thing that was asked for and has none yet; how many. Raises StoreError.

    An address that must not be mailed gets none, and nobody learns of it.
    """
    store = composer.store
    with store.read() as tx:
        found = confirmations.unqueued(tx, _AT_ONCE)
    for one in found:
        _queue(composer, templates, one, now)
    return len(found)


def _queue(composer: Composer, templates: Templates, one: Confirmation, now: datetime) -> None:
    config, asking = composer.config, _KINDS[one.kind]
    language = str(one.data.get("language") or config.publication.language)
    words = asking.words(config, templates.words(language), one)
    with composer.store.read() as tx:
        link = _link(tx, composer, one)
    if not link:
        # who was to be welcomed has left already
        with composer.store.write() as tx:
            confirmations.set_queued(tx, one.id, now)
        return
    piece = rendered.notice(templates, config, words, link, language)
    names = one.data.get("newsletters") or [""]
    with composer.store.write() as tx:
        if not confirmations.set_queued(tx, one.id, now):
            return
        # suppressed, or no message can hold it: the page has said the same as to everybody
        with suppress(Refused):
            desk = Desk.of(composer, str(names[0]))
            asked = one.kind in ("signup", "erase")
            desk.queue_words(tx, one.kind, one.address, words.subject, piece, now, asked_for=asked)


def _link(tx: Connection, composer: Composer, one: Confirmation) -> str:
    """Where the mail's one link leads; empty where it would lead nowhere."""
    site, keys = composer.config.publication.url, composer.keys
    if one.kind != "welcome":
        return f"{site}/{_KINDS[one.kind].door}/{links.token(keys, f'confirm {one.kind}', one.id)}"
    person = subscribers.find(tx, one.address)
    theirs = subscribers.subscriptions_of(tx, person.id) if person else []
    mine = [s.id for s in theirs if s.newsletter in one.data["newsletters"] and s.status == "confirmed"]
    return f"{site}/preferences/{links.token(keys, 'preferences', mine[0])}" if mine else ""


def _welcome(config: Config, words: NullTranslations, one: Confirmation) -> Words:
    _ = words.gettext
    known = {n: config.newsletters[n] for n in one.data["newsletters"] if n in config.newsletters}
    listed = ", ".join(newsletter.title for newsletter in known.values())
    archives = [
        f"{config.publication.url}/archive/{n}/" for n, letter in known.items() if letter.archive == "public"
    ]
    newest = _("The newest editions are here: %(addresses)s") % {"addresses": ", ".join(archives)}
    return Words(
        subject=_("Welcome to %(newsletters)s") % {"newsletters": listed},
        heading=_("You get %(newsletters)s") % {"newsletters": listed},
        paragraphs=(
            *(letter.description for letter in known.values() if letter.description),
            *([newest] if archives else []),
            _("Topics, days and the hour are yours to choose:"),
        ),
        action=_("Choose what you get"),
        after=(_("Every mail has the same link, and one to stop it."),),
        why=_("You get this one mail because you have just confirmed your address."),
    )


def _signup(config: Config, words: NullTranslations, one: Confirmation) -> Words:
    _ = words.gettext
    titles = [config.newsletters[n].title for n in one.data["newsletters"] if n in config.newsletters]
    listed = ", ".join(titles)
    title = config.publication.title
    return Words(
        subject=_("Please confirm: %(newsletters)s") % {"newsletters": listed},
        heading=_("Do you want %(newsletters)s?") % {"newsletters": listed},
        paragraphs=(
            _("Somebody, probably you, asked %(publication)s to send it to this address.")
            % {"publication": title},
            _("Nothing is sent until you say yes:"),
        ),
        action=_("Yes, send it to me"),
        after=(_("If it was not you, do nothing: nothing more is sent."),),
        why=_("You get this one mail because your address was entered on our sign-up page."),
    )


def _move(config: Config, words: NullTranslations, one: Confirmation) -> Words:
    del one
    _ = words.gettext
    title = config.publication.title
    return Words(
        subject=_("Please confirm your change of address"),
        heading=_("Shall mail from %(publication)s go to another address?") % {"publication": title},
        paragraphs=(
            _("A subscriber of %(publication)s asked to move to another address. Both the old and the new "
              "address are asked, and this is one of them.") % {"publication": title},
            _("Nothing changes until both have said yes:"),
        ),
        action=_("Yes, change the address"),
        after=(_("If it was not you, do nothing: everything stays as it is."),),
        why=_("You get this one mail because this address was named in a change of address."),
    )  # fmt: skip


def _download(config: Config, words: NullTranslations, one: Confirmation) -> Words:
    del one
    _ = words.gettext
    title = config.publication.title
    return Words(
        subject=_("What we keep of you"),
        heading=_("Everything that %(publication)s keeps of you") % {"publication": title},
        paragraphs=(_("You asked for a copy. Behind this link you can save it:"),),
        action=_("Show what is kept"),
        after=(_("If it was not you, do nothing: nobody else gets it."),),
        why=_("You get this one mail because it was asked for on your preferences page."),
    )


def _erase(config: Config, words: NullTranslations, one: Confirmation) -> Words:
    del one
    _ = words.gettext
    title = config.publication.title
    return Words(
        subject=_("Delete everything that we keep of you?"),
        heading=_("Shall %(publication)s delete everything that it keeps of you?") % {"publication": title},
        paragraphs=(
            _("You asked for it. It ends every newsletter, and it cannot be undone."),
            _("Nothing is deleted until you say so:"),
        ),
        action=_("Go on to deleting"),
        after=(_("If it was not you, do nothing: everything stays as it is."),),
        why=_("You get this one mail because it was asked for on your preferences page."),
    )


_KINDS: dict[Kind, _Asking] = {
    "signup": _Asking("confirm", _signup),
    "move": _Asking("confirm-address", _move),
    "download": _Asking("download", _download),
    "erase": _Asking("erase", _erase),
    "welcome": _Asking("preferences", _welcome),
}
