"""Notices: one mail to one address, outside any edition (rule 22). Queued here, sent as deliveries are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from publisher import links, messages
from publisher.config import values
from publisher.config.newsletters import Newsletter
from publisher.delivering.messages import Composer
from publisher.errors import Refused
from publisher.messages import Letterhead
from publisher.model.mail import Piece, Recipient
from publisher.store import erased, notices, subscribers

_FIRST = 1


@dataclass(frozen=True, slots=True)
class Desk:
    """Where notices are written: in whose name, and by whom they are signed."""

    composer: Composer
    newsletter: Newsletter

    @staticmethod
    def of(composer: Composer, newsletter: str = "") -> Desk:
        """In the name of this newsletter, or of the first there is. Raises Refused where there is none."""
        known = composer.config.newsletters
        if not known:
            raise Refused("no newsletter is configured, so there is no address to write from")
        return Desk(composer, known.get(newsletter) or next(iter(known.values())))

    def queue(
        self,
        tx: Connection,
        kind: str,
        address: str,
        subject: str,
        now: datetime,
        message: Callable[[Recipient], bytes],
        *,
        asked_for: bool = False,
    ) -> int:
        """Queue what `message` makes, with date and Message-ID fixed here; the notice's id.

        `asked_for`: who reads the address may have signed up, even if it was erased. Raises Refused for an
        address that is suppressed, or that no message can hold.
        """
        reason = subscribers.suppression(tx, address)
        if reason and not (asked_for and reason == erased.REASON):
            raise Refused(f"{address} is suppressed ({reason}): nothing is mailed to it")
        sender, keys = self.newsletter.sender, self.composer.keys
        bounce = self.composer.config.mail.bounce_address or sender.addr_spec

        def composed(key: int) -> tuple[str, bytes]:
            message_id = links.notice_message_id(keys, sender.domain, key, _FIRST)
            verp = links.notice_verp(bounce, keys, key, _FIRST)
            return verp, message(Recipient(address, message_id, now))

        return notices.add(tx, kind, _wire(address), subject, now, composed)

    def queue_words(
        self,
        tx: Connection,
        kind: str,
        address: str,
        subject: str,
        piece: Piece,
        now: datetime,
        *,
        asked_for: bool = False,
    ) -> int:
        """Queue a notice that says `piece`, marked as written by a machine, and signed if anybody signs.

        Raises Refused or ConfigError.
        """
        letterhead = Letterhead(from_=self.newsletter.from_, reply_to=self.newsletter.reply_to or "")

        def message(recipient: Recipient) -> bytes:
            written = messages.notice_message(letterhead, subject, piece, recipient)
            return self.composer.signed(written, recipient.dated_at)

        return self.queue(tx, kind, address, subject, now, message, asked_for=asked_for)


def _wire(address: str) -> str:
    try:
        return values.wire_address(address)
    except ValueError as error:
        raise Refused(str(error)) from None
