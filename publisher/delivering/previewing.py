"""The exact bytes of a message before it leaves: of an edition that was cut, or of what is new now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from publisher import articles, permissions
from publisher.config.schema import Config
from publisher.delivering.messages import Addressee, Composer
from publisher.delivering.opening import named
from publisher.editions import choice, slots, windows
from publisher.errors import NotFound, Refused
from publisher.freezing.freezer import Freezer
from publisher.freezing.variants import thaw, thawed
from publisher.links import Keys
from publisher.model.editors import COMMAND_LINE, Actor
from publisher.model.mail import Variant
from publisher.rendering.environment import Templates
from publisher.store import Store, catalogue, editions, frozen, histories, ledger, subscribers
from publisher.store.editions import Edition

_SOMEBODY = "reader@example.org"


@dataclass(frozen=True, slots=True)
class Preview:
    """A message whole (`eml`), its two parts as a client decodes them, its subject, and of
    which variant it is (0: of none that is stored)."""

    subject: str
    html: bytes
    text: bytes
    eml: bytes
    variant: int = 0


@dataclass(frozen=True, slots=True)
class _Reader:
    """Somebody who has no delivery."""

    address: str
    fields: Mapping[str, str]
    subscription_id: int = 0
    id: int = 0
    generation: int = 1


@dataclass
class _Previewer:
    store: Store
    config: Config
    templates: Templates
    keys: Keys
    now: datetime
    actor: Actor

    def edition(self, edition: Edition, address: str, variant_id: int | None) -> Preview:
        if address:
            permissions.check(self.actor, "see people")
            with self.store.read() as tx:
                row = ledger.addressed(tx, edition.id, address)
                past = None if row else histories.delivered(tx, edition.id, address)
            if past:
                raise NotFound(f"{edition.name} was sent to {address} long ago, and only that is kept of it")
            if not row:
                raise NotFound(f"{edition.name} has no delivery for {address}")
            _, variant = thawed(self.store, row.variant_id)
            return self._of(edition, variant, self._safe(row), row.dated_at)
        if variant_id is None:
            with self.store.read() as tx:
                variants = frozen.variants_of(tx, edition.id, 1)
            if not variants:
                raise NotFound(f"{edition.name} has no variant")
            variant_id = variants[0][0]
        of, variant = thawed(self.store, variant_id)
        if of.id != edition.id:
            raise NotFound(f"{edition.name} has no such variant")
        return self._of(
            edition, variant, _Reader(_SOMEBODY, self._fields(None, _SOMEBODY, "", variant.language))
        )

    def _safe(self, row: Addressee) -> Addressee:
        """Whoever may not change subscribers gets none of their links: each opens somebody's choices."""
        if not permissions.may(self.actor, "change people"):
            return row
        return _Reader(row.address, row.fields, 0, row.id, row.generation)

    def newsletter(self, name: str, address: str) -> Preview:
        """What an edition cut now would be, for this subscriber or for one who chose everything."""
        permissions.check(self.actor, "see people" if address else "look")
        with self.store.read() as tx:
            person = subscribers.find(tx, address) if address else None
            mine = subscribers.subscriptions_of(tx, person.id) if person else []
            subscription = next((s for s in mine if s.newsletter == name), None)
            candidates = catalogue.candidates(tx, 0, 1 << 30)
            found = {x.article.id: x.article for x in catalogue.listings(tx, status="published")}
            number = max((e.number for e in editions.listed(tx, name)), default=0) + 1
        if address and not subscription:
            raise NotFound(f"{address} does not subscribe to {name}")
        chosen = subscription.topics if subscription else None
        shown = self._shown(name, candidates, None if chosen is None else frozenset(chosen), subscription)
        if not shown:
            raise Refused(f"nothing is new for {address or name}: there is nothing to preview")
        edition = self._unborn(name, number, subscription)
        freezer = Freezer(self.config, self.templates, edition, found, {})
        language = subscription.language if subscription else self.config.publication.language
        variant = thaw(0, freezer.variant(shown, language), freezer.frozen)
        fields = self._fields(subscription, address or _SOMEBODY, person.name if person else "", language)
        return self._of(
            edition, variant, _Reader(address or _SOMEBODY, fields, subscription.id if subscription else 0)
        )

    def _shown(
        self,
        name: str,
        candidates: Any,
        chosen: windows.Topics,
        subscription: subscribers.Subscription | None,
    ) -> tuple[tuple[str, int], ...]:
        newsletter = self.config.newsletters[name]
        carried = articles.carried(newsletter.topics, self.config.topics)
        hi = max((c.release for c in candidates), default=0)
        with self.store.read() as tx:
            first = not editions.sent_outside(tx, name, "", "")
        lo = subscription.mark if subscription else hi
        if first or not subscription:
            lo = windows.reach(candidates, lo, hi, carried, chosen)
        found = windows.select(candidates, lo, hi, carried, chosen)
        return tuple((c.article_id, c.revision) for c in found)

    def _unborn(self, name: str, number: int, subscription: subscribers.Subscription | None) -> Edition:
        default = self.config.newsletters[name].default
        cadence = subscription.cadence if subscription else default.cadence
        day = self.now.astimezone(self.config.publication.zone).date()
        return Edition(name, number, cadence, slots.slot_of(cadence, day), day.isoformat(), self.now)

    def _fields(
        self, s: subscribers.Subscription | None, address: str, name: str, language: str
    ) -> dict[str, str]:
        said = (language, self.templates.phrasebooks)
        words = choice.all_topics(*said)
        if s:
            words = choice.words(s.topics, s.cadence, s.hour, s.weekday, s.day, *said)
        return {"subscriber.name": name, "subscriber.address": address, "subscription.choice": words}

    def _of(
        self, edition: Edition, variant: Variant, reader: Addressee, dated_at: datetime | None = None
    ) -> Preview:
        prepared = Composer(self.store, self.config, self.keys).prepare(edition, variant)
        eml = prepared.outgoing(reader, dated_at or self.now).message
        return replace(_taken_apart(eml), variant=variant.id)


def _taken_apart(eml: bytes) -> Preview:
    import email
    from email import policy

    message: Any = email.message_from_bytes(eml, policy=policy.SMTP)
    text, html = (message.get_body((kind,)).get_content().encode() for kind in ("plain", "html"))
    return Preview(str(message["subject"]), html, text, eml)


def preview(
    store: Store,
    config: Config,
    templates: Templates,
    keys: Keys,
    what: str,
    address: str,
    now: datetime,
    *,
    variant: int | None = None,
    actor: Actor = COMMAND_LINE,
) -> Preview:
    """The message of an edition (`daily/12`) or newsletter (`daily`), as `address` or somebody gets it.

    Of an edition somebody gets its most common variant, or `variant`. Raises NotFound, Refused, NotAllowed,
    or ContentError for a fault in a template.
    """
    permissions.check(actor, "look")
    previewer = _Previewer(store, config, templates, keys, now, actor)
    if "/" in what:
        return previewer.edition(named(store, what), address, variant)
    if what not in config.newsletters:
        raise NotFound(f"no newsletter {what!r}; there is: {', '.join(config.newsletters) or 'none'}")
    return previewer.newsletter(what, address)
