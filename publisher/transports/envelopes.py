"""The last door before the wire: what no envelope and no message may hold, whoever made it."""

from __future__ import annotations

import re

from publisher.errors import PermanentFailure
from publisher.model.mail import Envelope

_PATH = re.compile(r"[!-;=?-~]{1,320}")


def check_envelope(envelope: Envelope) -> None:
    """Raises PermanentFailure for an address that could end its command or header; no sender is fine."""
    if envelope.sender and not _PATH.fullmatch(envelope.sender):
        raise PermanentFailure(0, f"not a sender that SMTP can carry: {envelope.sender[:80]!r}", "mail")
    if not _PATH.fullmatch(envelope.recipient):
        raise PermanentFailure(0, f"not a recipient that SMTP can carry: {envelope.recipient[:80]!r}", "rcpt")


def check_message(message: bytes) -> None:
    """Raises PermanentFailure for a bare CR or LF, by which one message could smuggle a second one in."""
    breaks = message.count(b"\r\n")
    if message.count(b"\n") != breaks or message.count(b"\r") != breaks:
        raise PermanentFailure(0, "the message holds a bare CR or LF", "body")
