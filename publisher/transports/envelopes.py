"""The last door before the wire: what envelope and message become as SMTP, and what no server may be told."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from io import IncrementalNewlineDecoder

from publisher.errors import PermanentFailure, Phase
from publisher.model.mail import Envelope, Outgoing

_PATH = re.compile(r"[!-;=?-~]{1,320}")
_WIDE_PATH = re.compile(r"(?:[!-;=?-~]|[^\s\x00-\xa0\ud800-\udfff\u200e\u200f\u202a-\u202e])+")
_LEADING_DOT = re.compile(rb"\n\.")  # searching takes a quarter of the time of `in`
_LONGEST_PATH = 320
_LONGEST_NUMBER = 20

Commands = tuple[bytes, bytes, bytes]


@dataclass(frozen=True, slots=True)
class Offers:
    """What a server said in EHLO that changes what it is sent; a number is 0 where it set no limit.

    `largest` is in bytes (RFC 1870); `messages` are those of one session (MAILMAX, RFC 9422).
    """

    pipelining: bool = False
    eight_bit: bool = False
    utf8: bool = False
    size: bool = False
    largest: int = 0
    messages: int = 0


def offers(extensions: Mapping[str, str]) -> Offers:
    """The offers among the keywords of EHLO, which are in small letters."""
    limits = dict(each.partition("=")[::2] for each in extensions.get("limits", "").upper().split())
    return Offers(
        pipelining="pipelining" in extensions,
        eight_bit="8bitmime" in extensions,
        utf8="smtputf8" in extensions,
        size="size" in extensions,
        largest=_number(extensions.get("size", "")),
        messages=_number(limits.get("MAILMAX", "")),
    )


def commands(outgoing: Outgoing, offered: Offers) -> Commands:
    """MAIL, RCPT and DATA for this server, the message's bytes checked.

    Raises PermanentFailure for what SMTP cannot carry, and for what this server has said it does not take.
    """
    sender, recipient = outgoing.envelope.sender, outgoing.envelope.recipient
    from_, wide_sender = _path(sender, "mail") if sender else (b"", False)
    to, wide_recipient = _path(recipient, "rcpt")
    if not outgoing.plain:
        check_message(outgoing.message)
    if (wide_sender or wide_recipient) and not offered.utf8:
        phase: Phase = "mail" if wide_sender else "rcpt"
        raise PermanentFailure(0, "the server takes no address beyond ASCII (no SMTPUTF8)", phase)
    options = _options(outgoing, offered, wide_sender or wide_recipient)
    return b"MAIL FROM:<%b>%b\r\n" % (from_, options), b"RCPT TO:<%b>\r\n" % to, b"DATA\r\n"


def check_envelope(envelope: Envelope) -> None:
    """Raises PermanentFailure for an address that could end its command or header; no sender is fine."""
    if envelope.sender:
        _path(envelope.sender, "mail")
    _path(envelope.recipient, "rcpt")


def check_message(message: bytes) -> None:
    """Raises PermanentFailure for a bare CR or LF, by which one message could smuggle a second one in."""
    # the one pass in the standard library that tells line ends apart: a fifth of what counting them takes
    seen = IncrementalNewlineDecoder(None, translate=False)
    seen.decode(message.decode("latin-1"), final=True)
    if seen.newlines not in ("\r\n", None):
        raise PermanentFailure(0, "the message holds a bare CR or LF", "body")


def stuffed(message: bytes) -> bytes:
    """Dots stuffed, the last line ended: the final dot may follow (RFC 5321 section 4.5.2)."""
    if _LEADING_DOT.search(message):
        message = message.replace(b"\r\n.", b"\r\n..")
    if message.startswith(b"."):
        message = b"." + message
    return message if message.endswith(b"\r\n") else message + b"\r\n"


def _options(outgoing: Outgoing, offered: Offers, wide: bool) -> bytes:
    message = outgoing.message
    if offered.largest and len(message) > offered.largest:
        reason = f"the message has {len(message)} bytes, and the server takes {offered.largest}"
        raise PermanentFailure(0, reason, "mail")
    options = b" SIZE=%d" % len(message) if offered.size else b""
    if (outgoing.plain or message.isascii()) and not wide:
        return options
    if not offered.eight_bit:
        raise PermanentFailure(0, "the message is 8-bit, and the server takes 7-bit only", "mail")
    if wide or not message[: message.find(b"\r\n\r\n")].isascii():
        if not offered.utf8:
            raise PermanentFailure(0, "the server takes no header beyond ASCII (no SMTPUTF8)", "mail")
        options += b" SMTPUTF8"
    return options + b" BODY=8BITMIME"


def _path(address: str, phase: Phase) -> tuple[bytes, bool]:
    """An address as a command carries it, its domain in punycode; whether it takes SMTPUTF8 (RFC 6531)."""
    if _PATH.fullmatch(address):
        return address.encode("ascii"), False
    local, _, domain = address.rpartition("@")
    if len(address) > _LONGEST_PATH or not local or not _WIDE_PATH.fullmatch(address):
        who = "sender" if phase == "mail" else "recipient"
        raise PermanentFailure(0, f"not a {who} that SMTP can carry: {address[:80]!r}", phase)
    return f"{local}@{domain if domain.isascii() else _punycode(domain, phase)}".encode(), not local.isascii()


def _punycode(domain: str, phase: Phase) -> str:
    import idna  # its tables take as long to load as a short command runs

    try:
        return idna.encode(domain, uts46=True).decode("ascii")
    except idna.IDNAError:
        raise PermanentFailure(0, f"not a domain by IDNA 2008: {domain[:80]!r}", phase) from None


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) <= _LONGEST_NUMBER else 0
