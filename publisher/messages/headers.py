"""The headers that are the same for a whole edition, and the grammar of those that are not."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, time
from datetime import date as calendar_date
from email.utils import format_datetime
from functools import lru_cache
from typing import Never

from publisher.config import values
from publisher.errors import Refused
from publisher.messages.words import checked, folded, phrase

_LONGEST_ADDRESS, _LONGEST_URL = 254, 900
_NAMED = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"|([^"<>]*?))\s*<([^<>]+)>\s*')
_LIST = re.compile(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", re.ASCII)
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[!-;=?-~]+")
_MESSAGE_ID = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+@[A-Za-z0-9.-]+")
_TOKEN = re.compile(r"[A-Za-z0-9]+", re.ASCII)
LEAVE_TOKEN = b"{leave}"
_FEEDBACK = re.compile(r"[!-9;-~]*(:[!-9;-~]*){2}:[!-9;-~]+")


@dataclass(frozen=True, slots=True)
class Letterhead:
    """What is the same in every message of an edition; an empty text leaves its header out.

    `from_` and `reply_to` are `Name <address>` or `address`; `list_id` is `Title <name.domain>` (RFC 2919);
    `feedback_id` is four parts joined by colons, with nothing per recipient in them; the others are URLs
    (RFC 2369, RFC 5064). `{leave}` in `unsubscribe_mailto` is where each message has a token of its own.
    """

    from_: str
    reply_to: str = ""
    list_id: str = ""
    list_archive: str = ""
    list_owner: str = ""
    list_help: str = ""
    archived_at: str = ""
    feedback_id: str = ""
    unsubscribe_mailto: str = ""


def sender_lines(letterhead: Letterhead) -> bytes:
    """From and Reply-To, each with exactly one address. Raises Refused."""
    lines = _named("From", letterhead.from_, address)
    return lines + (_named("Reply-To", letterhead.reply_to, address) if letterhead.reply_to else b"")


def list_lines(letterhead: Letterhead) -> bytes:
    """The headers of a mailing list, without List-Unsubscribe. Raises Refused."""
    lines = [_named("List-Id", letterhead.list_id, _list_name)] if letterhead.list_id else []
    links = {
        "List-Archive": letterhead.list_archive,
        "List-Owner": letterhead.list_owner,
        "List-Help": letterhead.list_help,
        "Archived-At": letterhead.archived_at,
    }
    lines += [b"%b: <%b>\r\n" % (name.encode(), url(name, link)) for name, link in links.items() if link]
    if letterhead.feedback_id:
        lines.append(b"Feedback-ID: %b\r\n" % _matched(_FEEDBACK, "Feedback-ID", letterhead.feedback_id))
    return b"".join([*lines, b"Precedence: bulk\r\n"])


def address(text: str) -> bytes:
    """An addr-spec of our own for a header, in ASCII. Raises Refused."""
    try:
        return values.sender_address(text).encode()
    except ValueError as error:
        raise Refused(str(error)) from None


def recipient(text: str) -> bytes:
    """An addr-spec for To: a domain beyond ASCII as A-labels, what is before the @ as UTF-8 (RFC 6532).

    Raises Refused.
    """
    try:
        return values.wire_address(text).encode()
    except ValueError as error:
        raise Refused(str(error)) from None


def url(name: str, text: str) -> bytes:
    """An absolute URL that may stand between angle brackets in the header called `name`. Raises Refused."""
    return _matched(_URL, name, text) if len(text) <= _LONGEST_URL else _refuse(name, text)


def token(name: str, text: str) -> bytes:
    """A token that may stand in an address in the header called `name`. Raises Refused."""
    return _matched(_TOKEN, name, text)


def message_id(text: str) -> bytes:
    """A Message-ID, without its angle brackets. Raises Refused."""
    return (
        _matched(_MESSAGE_ID, "Message-ID", text)
        if len(text) <= _LONGEST_ADDRESS
        else _refuse("Message-ID", text)
    )


@lru_cache(maxsize=16)  # very many mails have the same second
def date(moment: datetime) -> bytes:
    """The Date header's text, in UTC whatever the zone of `moment`. Raises Refused for one without a zone."""
    if moment.tzinfo is None:
        raise Refused(f"Date: expected a time with its zone, got {moment}")
    utc = moment.astimezone(UTC)
    return b"%b %02d:%02d:%02d +0000" % (_day(utc.date()), utc.hour, utc.minute, utc.second)


@lru_cache(maxsize=16)
def _day(day: calendar_date) -> bytes:
    # the standard library's English names, whatever the locale
    return format_datetime(datetime.combine(day, time())).rsplit(" ", 2)[0].encode()


def _named(header: str, value: str, spec: Callable[[str], bytes]) -> bytes:
    found = _NAMED.fullmatch(checked(header, value))
    name = (re.sub(r"\\(.)", r"\1", found[1]) if found[1] is not None else found[2]) if found else ""
    inner = spec((found[3] if found else value).strip())
    return header.encode() + b":" + folded([*phrase(name), b"<%b>" % inner], len(header) + 1) + b"\r\n"


def _list_name(text: str) -> bytes:
    return _matched(_LIST, "List-Id", text)


def _matched(grammar: re.Pattern[str], name: str, text: str) -> bytes:
    return text.encode() if grammar.fullmatch(text) else _refuse(name, text)


def _refuse(name: str, text: str) -> Never:
    raise Refused(f"{name}: not allowed in this mail header: {text[:200]!r}")
