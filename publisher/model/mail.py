"""What passes between cutting, compiling and sending."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Literal, NamedTuple, Protocol

from publisher.errors import TransportError

Role = Literal["lead", "item", "headline", "letter"]
Status = Literal[
    "queued", "sending", "sent", "deferred", "bounced", "expired", "suppressed", "unknown", "cancelled"
]


@dataclass(frozen=True, slots=True)
class Piece:
    """Frozen HTML and the text that says the same; fields stand in both as marks (see `fields`)."""

    html: str
    text: str


@dataclass(frozen=True, slots=True)
class Variant:
    """The frozen stories of one distinct set of articles, joined: what every message of it is made from.

    `html` and `text` are the pieces in order; their concatenation is the part. `subject` may hold fields.
    """

    id: int
    subject: str
    language: str
    html: tuple[str, ...]
    text: tuple[str, ...]


class Recipient(NamedTuple):
    """One delivery row as the message needs it. `fields` maps names (`subscriber.name`, …) to plain text.

    `message_id` is without angle brackets; `dated_at` is aware and stands in the Date header.
    """

    address: str
    message_id: str
    dated_at: datetime
    fields: Mapping[str, str] = MappingProxyType({})


class Envelope(NamedTuple):
    """Who SMTP says it is from and for (RFC 5321 section 2.3.1)."""

    sender: str
    recipient: str


class Receipt(NamedTuple):
    """The server's final code and text."""

    code: int
    text: str


class Outgoing(NamedTuple):
    """One started attempt: its key in the ledger, the envelope, and the message's bytes (CRLF line ends).

    `plain`: whoever made the message knows that it is 7 bit, that CR and LF come together only, that no line
    begins with a dot, and that it ends with a line break. So nobody has to look through it again.
    """

    key: int
    envelope: Envelope
    message: bytes
    plain: bool = False


Outcome = Receipt | TransportError


class Work(Protocol):
    """What a transport drains over one connection: the ledger's side of the exchange (rule 17).

    For each message: `take`, then its envelope may leave; `may_leave`, and only then its body; `settle`. A
    pipelining transport takes the next one when it has settled the one before this one, so that at most two
    are taken and not settled, and their envelope travels behind this one's final dot.
    """

    def take(self, wait: bool = True) -> Outgoing | None:
        """The next message, its start asked for; None when there is no more, or the worker is stopping.

        With `wait` False it is None, too, where the pace holds the next one up: for a transport that holds
        another message whose turn has come.
        """

    def may_leave(self, outgoing: Outgoing) -> bool:
        """Wait until the start is durable. False where it was refused: its body must not leave, and it is
        not settled; a session on which its envelope has left already is closed without a dot."""

    def settle(self, outgoing: Outgoing, outcome: Outcome) -> None:
        """Say what became of it. Recorded with the next start."""


class Transport(Protocol):
    """Takes envelopes and messages, gives receipts or typed failures."""

    @property
    def connections(self) -> int:
        """How many connections may drain at once."""

    def drain(self, work: Work) -> None:
        """Send everything `work` has over one connection, reconnecting as the server wishes.

        Every message taken is settled. Raises Unavailable when no connection can be had; nothing is left
        taken then.
        """
