"""From a started delivery to the bytes that leave: thaw the variant once, compile it once, splice per recipient."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field

from publisher import links, messages
from publisher.config.schema import Config
from publisher.errors import NotFound
from publisher.freezing.variants import thawed
from publisher.links import Keys
from publisher.messages import Compiled, Letterhead
from publisher.model.mail import Envelope, Outgoing, Recipient
from publisher.store import Store
from publisher.store.editions import Edition
from publisher.store.ledger import Started

_KEPT = 500


def letterhead(config: Config, edition: Edition) -> Letterhead:
    """What every message of an edition carries in its headers (RFC 2919, RFC 2369, RFC 5064)."""
    newsletter = config.newsletters[edition.newsletter]
    sender = newsletter.sender
    site = config.publication.url
    archive = f"{site}/archive/{edition.newsletter}/" if newsletter.archive == "public" else ""
    leave = config.mail.bounce_address or sender.addr_spec
    return Letterhead(
        from_=newsletter.from_,
        reply_to=newsletter.reply_to or "",
        list_id=f"{newsletter.title} <{edition.newsletter}.{sender.domain}>",
        list_archive=archive,
        list_owner=f"mailto:{sender.addr_spec}",
        list_help=f"{site}/",
        archived_at=f"{archive}{edition.number}/" if archive else "",
        feedback_id=f"{edition.number}:{edition.cadence}:{edition.newsletter}:{sender.domain.split('.')[0]}",
        unsubscribe_mailto=f"mailto:{leave}?subject=unsubscribe",
    )


@dataclass
class Composer:
    """Makes messages; keeps the compiled variants that were used last. Serves many threads."""

    store: Store
    config: Config
    keys: Keys
    _compiled: OrderedDict[int, tuple[Edition, Compiled]] = field(default_factory=OrderedDict)
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def compose(self, started: Started) -> Outgoing:
        """The envelope and message of an attempt: the same bytes at every try of one generation (invariant 6).

        Raises Refused for what cannot stand in a message, NotFound for a newsletter that left the configuration.
        """
        edition, compiled = self._variant(started.variant_id)
        newsletter = self.config.newsletters[edition.newsletter]
        domain = newsletter.sender.domain
        recipient = Recipient(
            address=started.address,
            message_id=self.message_id(domain, started.id, started.generation),
            dated_at=started.dated_at,
            fields=started.fields,
        )
        bounce = self.config.mail.bounce_address or newsletter.sender.addr_spec
        sender = links.verp(bounce, self.keys, started.id, started.generation)
        message = compiled.splice(recipient, self.addresses(started.subscription_id, started.variant_id))
        return Outgoing(started.id, Envelope(sender, started.address), message)

    def addresses(self, subscription_id: int, variant_id: int) -> dict[str, str]:
        """The per-recipient addresses of a message."""
        site = self.config.publication.url
        leave = links.token(self.keys, "unsubscribe", subscription_id)
        view = links.token(self.keys, "view", variant_id)
        return {"unsubscribe": f"{site}/unsubscribe/{leave}", "view": f"{site}/view/{view}"}

    def message_id(self, domain: str, delivery: int, generation: int) -> str:
        """The Message-ID of a delivery, the same at every try of one generation."""
        return links.message_id(self.keys, domain, delivery, generation)

    def _variant(self, variant_id: int) -> tuple[Edition, Compiled]:
        with self._turn:
            if variant_id not in self._compiled:
                edition, variant = thawed(self.store, variant_id)
                if edition.newsletter not in self.config.newsletters:
                    raise NotFound(f"the newsletter {edition.newsletter} is not in the configuration any more")
                compiled = messages.compile_message(variant, letterhead(self.config, edition))
                self._compiled[variant_id] = (edition, compiled)
                while len(self._compiled) > _KEPT:
                    self._compiled.popitem(last=False)
            return self._compiled[variant_id]

