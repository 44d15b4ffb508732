"""Test copies: an edition as somebody will get it, marked, and outside its ledger (rule 22)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from publisher import links, permissions
from publisher.config import values
from publisher.delivering.messages import Composer, Prepared
from publisher.delivering.notices import Desk
from publisher.editions import choice
from publisher.errors import NotFound, Refused
from publisher.freezing.variants import thawed
from publisher.languages import Phrasebooks
from publisher.model.editors import COMMAND_LINE, Actor
from publisher.model.mail import Recipient
from publisher.rendering import joining
from publisher.store import Store, deeds, frozen, notices, restores, subscribers
from publisher.store.editions import Edition

KIND = "test copy"
_NOBODY = 0


def queue_copies(
    composer: Composer,
    edition: Edition,
    addresses: Sequence[str],
    now: datetime,
    *,
    actor: Actor = COMMAND_LINE,
) -> list[int]:
    """Queue a copy of the edition's most common variant for each address; the notices' ids.

    All of them or none. Raises NotAllowed, Refused, NotFound, or what `Composer.prepare` raises.
    """
    permissions.check(actor, "test")
    people = {subscribers.address_key(a): _checked(a) for a in addresses}
    subject, everything, prepared = _marked(composer, edition)
    # of another purpose than a subscriber's: whoever follows it unsubscribes nobody
    leave = links.token(composer.keys, KIND, edition.id)
    unsubscribe = f"{prepared.stationery.site}/unsubscribe/{leave}"
    shared = {"unsubscribe": unsubscribe, "view": prepared.view}
    shared["preferences"] = f"{prepared.stationery.site}/preferences/{leave}"
    shared["leave"] = links.leave_token(composer.keys, _NOBODY)

    def message(recipient: Recipient) -> bytes:
        return prepared.message.splice(_neutral(recipient, everything), shared)

    desk = Desk.of(composer, edition.newsletter)
    with composer.store.write() as tx:
        restores.check(tx)
        deeds.add(tx, actor, "test", f"edition {edition.name}", now, addresses=list(people.values()))
        return [desk.queue(tx, KIND, to, subject, now, message) for to in people.values()]


def outcomes(store: Store, ids: Sequence[int]) -> list[Row[Any]]:
    """What became of them, in the order in which they were queued."""
    with store.read() as tx:
        return sorted(notices.listed(tx, ids=ids), key=lambda row: int(row.id))


def _checked(address: str) -> str:
    try:
        return values.address(address)
    except ValueError as error:
        raise Refused(str(error)) from None


def _marked(composer: Composer, edition: Edition) -> tuple[str, str, Prepared]:
    """Its subject, what somebody chose who chose everything, and the message, all in its language."""
    with composer.store.read() as tx:
        variants = frozen.variants_of(tx, edition.id)
    if not variants:
        raise NotFound(f"{edition.name} has no variant")
    _, variant = thawed(composer.store, variants[0][0])
    phrasebooks, language = Phrasebooks.of_publication(composer.config.templates), variant.language
    mark = phrasebooks.of(language).gettext("[Test] %(subject)s")
    marked = replace(variant, subject=mark % {"subject": variant.subject})
    subject = joining.without_fields(marked.subject, html=False)
    return subject, choice.all_topics(language, phrasebooks), composer.prepare(edition, marked)


def _neutral(recipient: Recipient, everything: str) -> Recipient:
    """Somebody without a name who chose everything."""
    fields = {"subscriber.address": recipient.address, "subscription.choice": everything}
    return recipient._replace(fields=fields)
