"""Keyed tokens: in links, in the envelope sender of every mail (VERP), and in Message-IDs.

A token carries numbers and a truncated HMAC-SHA256 over its purpose and them; it holds nothing secret. One
made for another purpose, or with a key that is not ours, reads as None, and so does anything malformed.
"""

from __future__ import annotations

import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from publisher.errors import Refused

_LONGEST = 200
_LINK_MAC, _MAIL_MAC = 16, 12
_LOCAL_PART = 64
_DELIVERY, _NOTICE, _LEAVE = "mail", "notice mail", "leave by mail"
_VERP_PLACE, _ID_PLACE = 0, _MAIL_MAC
_LINK = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
_MESSAGE_ID = re.compile(r"([0-9a-f]+)@[^@\s]+", re.ASCII | re.IGNORECASE)
_VERP = re.compile(r"[^@\s]*\+([0-9a-f]+)@[^@\s]+", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True, repr=False)
class Keys:
    """The secrets of tokens: the first makes new ones, the others are old and stay valid."""

    secrets: tuple[bytes, ...]

    def __post_init__(self) -> None:
        if not self.secrets or not all(self.secrets):
            raise ValueError("expected at least one key, none of them empty")

    @property
    def name(self) -> str:
        """What the first key is called. It says nothing of the key itself."""
        return _name(self.secrets[0])

    def led_by(self, name: str) -> Keys:
        """The same keys, the one of that name first; as they are, where there is none."""
        return Keys(tuple(sorted(self.secrets, key=lambda secret: _name(secret) != name)))


def token(keys: Keys, purpose: str, *numbers: int) -> str:
    """A short URL-safe text that carries `numbers` (not negative), valid for `purpose` only."""
    body = _pack(numbers)
    signed = body + _mac(keys.secrets[0], f"link {purpose}", body, _LINK_MAC)
    return urlsafe_b64encode(signed).rstrip(b"=").decode()


def read_token(keys: Keys, purpose: str, text: str) -> tuple[int, ...] | None:
    """The numbers in a token made for `purpose` with one of `keys`; None for anything else."""
    if len(text) > _LONGEST or not _LINK.fullmatch(text) or len(text) % 4 == 1:
        return None
    signed = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if urlsafe_b64encode(signed).rstrip(b"=").decode() != text:
        return None  # spare bits of the last character: one token has one spelling
    return _verified(keys, f"link {purpose}", signed, _LINK_MAC)


def verp(bounce_address: str, keys: Keys, delivery: int, generation: int) -> str:
    """The envelope sender of one delivery: `bounces+TOKEN@domain`, in letters that survive lower-casing.

    Raises Refused where the local part would pass 64 octets (RFC 5321 section 4.5.3.1.1).
    """
    return _tagged(bounce_address, _mail_token(keys, _DELIVERY, _VERP_PLACE, delivery, generation))


def read_verp(keys: Keys, address: str) -> tuple[int, int] | None:
    """Delivery and generation of an address that `verp` made, in any case; None for any other."""
    return _read_tagged(keys, _DELIVERY, address)


def notice_verp(bounce_address: str, keys: Keys, notice: int, generation: int) -> str:
    """The envelope sender of one notice, as `verp` makes that of a delivery. Raises Refused."""
    return _tagged(bounce_address, _mail_token(keys, _NOTICE, _VERP_PLACE, notice, generation))


def read_notice_verp(keys: Keys, address: str) -> tuple[int, int] | None:
    """Notice and generation of an address that `notice_verp` made; None for any other, a delivery's too."""
    return _read_tagged(keys, _NOTICE, address)


def message_id(keys: Keys, domain: str, delivery: int, generation: int) -> str:
    """The Message-ID of one generation of one delivery, without angle brackets; nobody can guess it."""
    return f"{_mail_token(keys, _DELIVERY, _ID_PLACE, delivery, generation)}@{domain}"


def notice_message_id(keys: Keys, domain: str, notice: int, generation: int) -> str:
    """The Message-ID of one generation of one notice; never that of a delivery."""
    return f"{_mail_token(keys, _NOTICE, _ID_PLACE, notice, generation)}@{domain}"


def read_message_id(keys: Keys, text: str) -> tuple[int, int] | None:
    """Delivery and generation of a Message-ID that `message_id` made, in any case; None for any other."""
    return _read_id(keys, _DELIVERY, text)


def read_notice_message_id(keys: Keys, text: str) -> tuple[int, int] | None:
    """Notice and generation of a Message-ID that `notice_message_id` made; None for any other."""
    return _read_id(keys, _NOTICE, text)


def leave_token(keys: Keys, subscription: int) -> str:
    """What stands behind the `+` of an address to which one writes to end this subscription."""
    return _mail_token(keys, _LEAVE, _VERP_PLACE, subscription)


def read_leave(keys: Keys, address: str) -> int | None:
    """The subscription that mail to this address ends; None for any other address."""
    numbers = _read_address(keys, _LEAVE, address)
    return numbers[0] if numbers and len(numbers) == 1 else None


def _tagged(bounce_address: str, token: str) -> str:
    local, _, domain = bounce_address.rpartition("@")
    tagged = f"{local}+{token}"
    if len(tagged) > _LOCAL_PART:
        raise Refused(f"bounce address {bounce_address}: its local part leaves no room for a token")
    return f"{tagged}@{domain}"


def _read_tagged(keys: Keys, label: str, address: str) -> tuple[int, int] | None:
    return _pair(_read_address(keys, label, address))


def _read_address(keys: Keys, label: str, address: str) -> tuple[int, ...] | None:
    found = _VERP.fullmatch(address) if len(address) <= 2 * _LONGEST else None
    return _read_mail_token(keys, label, _VERP_PLACE, found[1]) if found else None


def _read_id(keys: Keys, label: str, text: str) -> tuple[int, int] | None:
    found = _MESSAGE_ID.fullmatch(text) if len(text) <= 2 * _LONGEST else None
    return _pair(_read_mail_token(keys, label, _ID_PLACE, found[1]) if found else None)


def _pair(numbers: tuple[int, ...] | None) -> tuple[int, int] | None:
    return (numbers[0], numbers[1]) if numbers and len(numbers) == 2 else None


def _mail_token(keys: Keys, label: str, place: int, *numbers: int) -> str:
    """In hexadecimal digits: they survive lower-casing, and are made in no time."""
    body, mac = _signed(keys.secrets[0], label, numbers)
    return (body + mac[place : place + _MAIL_MAC]).hex()


def _read_mail_token(keys: Keys, label: str, place: int, text: str) -> tuple[int, ...] | None:
    signed = bytes.fromhex(text) if len(text) <= _LONGEST and len(text) % 2 == 0 else b""
    return _verified(keys, label, signed, _MAIL_MAC, place)


@lru_cache(maxsize=4)
def _signed(secret: bytes, label: str, numbers: tuple[int, ...]) -> tuple[bytes, bytes]:
    # two tokens of a mail are two parts of one MAC
    body = _pack(numbers)
    return body, _mac(secret, label, body, 2 * _MAIL_MAC)


def _verified(keys: Keys, label: str, signed: bytes, size: int, place: int = 0) -> tuple[int, ...] | None:
    body, mac = signed[:-size], signed[-size:]
    macs = [_mac(secret, label, body, place + size)[place:] for secret in keys.secrets]
    ours = [hmac.compare_digest(each, mac) for each in macs]
    return _unpack(body) if any(ours) else None


def _mac(secret: bytes, label: str, body: bytes, size: int) -> bytes:
    mac = _begun(secret, label).copy()
    mac.update(body)
    return mac.digest()[:size]


@lru_cache(maxsize=64)
def _begun(secret: bytes, label: str) -> hmac.HMAC:
    # three tokens a message: what they share is hashed once
    return hmac.new(secret, label.encode() + b"\0", "sha256")


def _name(secret: bytes) -> str:
    return _mac(secret, "name", b"", 6).hex()


def _pack(numbers: Sequence[int]) -> bytes:
    """Seven bits a byte, the lowest first; the top bit says that more follow."""
    packed = bytearray()
    for number in numbers:
        if not 0 <= number < 1 << 64:
            raise ValueError(f"expected a number from 0 to 2^64, got {number}")
        while number > 0x7F:
            packed.append(number & 0x7F | 0x80)
            number >>= 7
        packed.append(number)
    return bytes(packed)


def _unpack(packed: bytes) -> tuple[int, ...]:
    numbers, number, shift = [], 0, 0
    for byte in packed:
        number |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            numbers.append(number)
            number = shift = 0
    return tuple(numbers)
