"""From a delivery row to the bytes that leave: a variant is compiled once, and spliced per recipient."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from time import thread_time_ns
from typing import Protocol

from publisher import links, messages
from publisher.config import values
from publisher.config.schema import Config
from publisher.delivering.metering import Meter
from publisher.errors import NotFound, PermanentFailure, Refused
from publisher.freezing.letterheads import Stationery, letterhead, stationery
from publisher.freezing.variants import thawed
from publisher.links import Keys
from publisher.messages import Compiled, Signed, Signer
from publisher.model.mail import Envelope, Outgoing, Recipient, Variant
from publisher.store import Store
from publisher.store.editions import Edition

__all__ = ["Addressee", "Composer", "Prepared", "letterhead"]
_KEPT = 500
_ANY_DELIVERY = 1 << 40


class Addressee(Protocol):
    """What of a delivery row a message is made from."""

    @property
    def id(self) -> int: ...
    @property
    def generation(self) -> int: ...
    @property
    def subscription_id(self) -> int: ...
    @property
    def address(self) -> str: ...
    @property
    def fields(self) -> Mapping[str, str]: ...


class Claimed(Addressee, Protocol):
    """A delivery row that names its variant."""

    @property
    def variant_id(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Prepared:
    """A variant compiled on its edition's stationery: all that messages of it have in common."""

    message: Compiled | Signed
    stationery: Stationery
    keys: Keys
    view: str
    plain: bool

    def outgoing(self, row: Addressee, dated_at: datetime) -> Outgoing:
        """Envelope and message. Raises Refused for a recipient whose address no message can hold."""
        paper, keys, key, generation = self.stationery, self.keys, row.id, row.generation
        recipient = Recipient(
            row.address,
            links.message_id(keys, paper.domain, key, generation),
            dated_at,
            row.fields,
        )
        leave = links.token(keys, "unsubscribe", row.subscription_id)
        own = links.token(keys, "preferences", row.subscription_id)
        addresses = {"unsubscribe": f"{paper.site}/unsubscribe/{leave}", "view": self.view}
        addresses["preferences"] = f"{paper.site}/preferences/{own}"
        addresses["leave"] = links.leave_token(keys, row.subscription_id)
        message = self.message.splice(recipient, addresses)
        sender = links.verp(paper.bounce_address, keys, key, generation)
        plain = self.plain and row.address.isascii()
        return Outgoing(key, Envelope(sender, values.wire_address(row.address)), message, plain)


@dataclass
class Composer:
    """Makes messages; keeps the compiled variants that were used last."""

    store: Store
    config: Config
    keys: Keys
    meter: Meter = field(default_factory=Meter)
    _prepared: OrderedDict[int, Prepared] = field(default_factory=OrderedDict)
    _signer: Signer | None = None

    def ready(self, variant_id: int) -> None:
        """Compile a variant ahead of its first message.

        Raises NotFound, Refused, ConfigError or StoreError for what keeps all its messages from being made:
        a newsletter that left the configuration, a title that no header holds, a DKIM key that cannot be
        read, bytes that are not what was frozen.
        """
        self._variant(variant_id)

    def compose(self, row: Claimed, dated_at: datetime) -> Outgoing:
        """Envelope and message of an attempt: the same bytes at every try of one generation (invariant 6).

        Raises PermanentFailure for a recipient whose address no message can hold.
        """
        prepared = self._variant(row.variant_id)
        try:
            return prepared.outgoing(row, dated_at)
        except Refused as error:
            raise PermanentFailure(0, str(error), "mail") from None

    def prepare(self, edition: Edition, variant: Variant) -> Prepared:
        """Compile a variant that need not be stored. Raises as `ready` does."""
        if edition.newsletter not in self.config.newsletters:
            raise NotFound(f"the newsletter {edition.newsletter} is not in the configuration any more")
        paper = stationery(self.config, edition, self.keys)
        keys = self.keys.led_by(paper.key)
        links.verp(paper.bounce_address, keys, _ANY_DELIVERY, 1)  # raises where it leaves no room for a token
        compiled = messages.compile_message(variant, paper.letterhead)
        view = f"{paper.site}/view/{links.token(keys, 'view', variant.id)}"
        # an edition that was cut unsigned stays so: a retry is byte-identical
        signer = self.signer() if paper.dkim else None
        message = messages.signed(compiled, signer) if signer else compiled
        return Prepared(message, paper, keys, view, compiled.plain)

    def signer(self) -> Signer | None:
        """The DKIM signer of today's configuration, its key read once; None: nobody. Raises ConfigError."""
        if self._signer is None and self.config.mail.dkim:
            from publisher import dkim  # its library takes time to load, and many need no signature

            signer = dkim.load(self.config.mail.dkim).signer
            self._signer = replace(signer, sign=partial(self._timed, signer.sign))
        return self._signer

    def signed(self, message: bytes, dated_at: datetime) -> bytes:
        """A complete message (a notice), signed if anybody signs: the same bytes for the same arguments.

        Raises ConfigError.
        """
        signer = self.signer()
        return messages.sign(message, signer, dated_at) if signer else message

    def _timed(self, sign: Callable[[bytes], bytes], content: bytes) -> bytes:
        begun = thread_time_ns()
        try:
            return sign(content)
        finally:
            self.meter.sign += thread_time_ns() - begun

    def _variant(self, variant_id: int) -> Prepared:
        if (found := self._prepared.get(variant_id)) is not None:
            self._prepared.move_to_end(variant_id)
            return found
        found = self._prepared[variant_id] = self.prepare(*thawed(self.store, variant_id))
        while len(self._prepared) > _KEPT:
            self._prepared.popitem(last=False)
        return found
