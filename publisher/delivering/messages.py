"""From a started delivery to the bytes that leave: a variant is compiled once, and spliced per recipient."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field

from publisher import links, messages
from publisher.config.schema import Config
from publisher.errors import NotFound, PermanentFailure, Refused
from publisher.freezing.variants import thawed
from publisher.links import Keys
from publisher.messages import Compiled, Letterhead
from publisher.model.mail import Envelope, Outgoing, Recipient
from publisher.store import Store
from publisher.store.attempts import Started
from publisher.store.editions import Edition

_KEPT = 500
_ANY_DELIVERY = 1 << 40


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

    def ready(self, variant_id: int) -> None:
        """Compile a variant ahead of its first message.

        Raises NotFound, Refused or StoreError for what keeps all its messages from being made: a newsletter
        that left the configuration, a title that no header holds, bytes that are not what was frozen.
        """
        self._variant(variant_id)

    def compose(self, started: Started) -> Outgoing:
        """Envelope and message of an attempt: the same bytes at every try of one generation (invariant 6).

        Raises PermanentFailure for a recipient whose address no message can hold.
        """
        edition, compiled = self._variant(started.variant_id)
        sender = self.config.newsletters[edition.newsletter].sender
        recipient = Recipient(
            address=started.address,
            message_id=self.message_id(sender.domain, started.id, started.generation),
            dated_at=started.dated_at,
            fields=started.fields,
        )
        envelope = Envelope(self._sender(edition, started.id, started.generation), started.address)
        addresses = self.addresses(started.subscription_id, started.variant_id)
        try:
            return Outgoing(started.id, envelope, compiled.splice(recipient, addresses))
        except Refused as error:
            raise PermanentFailure(0, str(error), "mail") from None

    def addresses(self, subscription_id: int, variant_id: int) -> dict[str, str]:
        """The per-recipient addresses of a message."""
        site = self.config.publication.url
        leave = links.token(self.keys, "unsubscribe", subscription_id)
        view = links.token(self.keys, "view", variant_id)
        return {"unsubscribe": f"{site}/unsubscribe/{leave}", "view": f"{site}/view/{view}"}

    def message_id(self, domain: str, delivery: int, generation: int) -> str:
        """The Message-ID of a delivery, the same at every try of one generation."""
        return links.message_id(self.keys, domain, delivery, generation)

    def _sender(self, edition: Edition, delivery: int, generation: int) -> str:
        bounce = self.config.mail.bounce_address
        if not bounce:
            bounce = self.config.newsletters[edition.newsletter].sender.addr_spec
        return links.verp(bounce, self.keys, delivery, generation)

    def _variant(self, variant_id: int) -> tuple[Edition, Compiled]:
        with self._turn:
            if variant_id not in self._compiled:
                edition, variant = thawed(self.store, variant_id)
                if edition.newsletter not in self.config.newsletters:
                    raise NotFound(
                        f"the newsletter {edition.newsletter} is not in the configuration any more"
                    )
                self._sender(edition, _ANY_DELIVERY, 1)  # raises where it leaves no room for a token
                compiled = messages.compile_message(variant, letterhead(self.config, edition))
                self._compiled[variant_id] = (edition, compiled)
                while len(self._compiled) > _KEPT:
                    self._compiled.popitem(last=False)
            self._compiled.move_to_end(variant_id)
            return self._compiled[variant_id]
