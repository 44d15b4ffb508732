"""The small types that configuration keys are made of, each with a message that says what was expected."""

from __future__ import annotations

import re
from datetime import timedelta
from email.headerregistry import Address
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote, urlsplit, urlunsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, ValidationInfo

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_LONGEST = timedelta(days=3653)
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_PATH = "!$%&'()*+,/:;=~"
_URL = re.compile(r"https?://[0-9A-Za-z\[][0-9A-Za-z.:\[\]_-]*(/[!$%&'()*+,./0-9:;=A-Z_a-z~-]*)?")
_LONGEST_LOCAL, _LONGEST_LABEL, _LONGEST_ADDRESS = 64, 63, 254
_LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_DOMAIN = rf"(?:{_LABEL}\.)+(?=.*[A-Za-z]){_LABEL}"
_ADDRESS = re.compile(rf"[A-Za-z0-9.!#$%&'*+/=?^_`{{|}}~-]+@{_DOMAIN}")


def duration(value: Any) -> timedelta:
    """`90s`, `5m`, `48h` or `7d`."""
    if isinstance(value, timedelta):
        return value
    found = re.fullmatch(r"([0-9]{1,9})\s*([smhd])", str(value).strip())
    if not found or (span := timedelta(**{_UNITS[found[2]]: int(found[1])})) > _LONGEST:
        raise ValueError(f"expected a duration such as 30s, 5m, 48h or 7d, ten years at most, got {value!r}")
    return span


def url(value: str) -> str:
    """An absolute http or https address, in ASCII (RFC 3987 section 3.1); a trailing slash is dropped."""
    try:
        parts = urlsplit(value)
        host = (parts.hostname or "").encode("idna").decode() if not value.isascii() else parts.netloc
        port = f":{parts.port}" if parts.port and not value.isascii() else ""
        found = urlunsplit(parts._replace(netloc=host + port, path=quote(parts.path, safe=_PATH)))
    except ValueError:
        found = ""
    if not _URL.fullmatch(found) or "@" in value:
        raise ValueError(f"expected an address such as https://courier.example, got {value!r}")
    return found.rstrip("/")


def zone(value: str) -> str:
    """An IANA time zone that this machine or the tzdata package knows."""
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"expected a time zone such as Europe/Lisbon, got {value!r}") from None
    return value


def name(value: str) -> str:
    """A key that stands in addresses and file names: small letters, digits and hyphens."""
    if not _NAME.fullmatch(value):
        raise ValueError(f"expected a name of small letters, digits and hyphens, got {value!r}")
    return value


def language(value: str) -> str:
    """A language tag (RFC 5646), with a hyphen."""
    if not re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*", value):
        raise ValueError(f"expected a language tag such as en or pt-BR, got {value!r}")
    return value


def store(value: str) -> str:
    """The address of a store. What it says of a bad one leaves out all that may be a password."""
    if not re.fullmatch(r"sqlite:///[^\0]+|postgresql://[^\0]+", value):
        raise ValueError(f"expected sqlite:///path/to/file.db, got {value.partition('/')[0][:20]!r}")
    return value


def colour(value: str) -> str:
    """A colour as red, green and blue in hexadecimal digits."""
    if not re.fullmatch("#[0-9a-fA-F]{6}", value):
        raise ValueError(f"expected a colour such as '#7a1f1f', in quotes, got {value!r}")
    return value


def single_line(value: str) -> str:
    """Text that may stand in a mail header: nothing that breaks a line or smuggles an encoded word in."""
    if re.search(r"[\x00-\x1f\x7f\u0085\u2028\u2029]|=\?", value):
        raise ValueError(f"expected one plain line, got {value!r}")
    return value


def address(value: str) -> str:
    """One mail address, without a name (an ASCII addr-spec of RFC 5321 section 4.1.2, unquoted)."""
    if len(value) > _LONGEST_ADDRESS:
        raise ValueError(f"expected at most {_LONGEST_ADDRESS} characters, got {value[:40]!r} and more")
    if not _ADDRESS.fullmatch(value) or ".." in value or value.startswith(".") or ".@" in value:
        raise ValueError(f"expected one address such as editors@courier.example, got {value!r}")
    local, _, domain = value.partition("@")
    if len(local) > _LONGEST_LOCAL or max(map(len, domain.split("."))) > _LONGEST_LABEL:
        raise ValueError(f"expected at most {_LONGEST_LOCAL} characters before the @, got {value!r}")
    return value


def mailbox(value: str) -> str:
    """`Name <address>` or `address`: exactly one."""
    single_line(value)
    found = re.fullmatch(r'\s*"?([^"<>]*?)"?\s*<([^<>]+)>\s*|\s*(\S+)\s*', value)
    if not found:
        raise ValueError(f'expected "Name <address>", got {value!r}')
    spec = address(found[2] or found[3])
    return str(Address(display_name=found[1] or "", addr_spec=spec))


def _resolve(value: Any, info: ValidationInfo) -> Path:
    if not isinstance(value, (str, Path)) or not str(value):
        raise ValueError(f"expected a path, got {value!r}")
    if "\0" in str(value):
        raise ValueError(f"expected a path, got {value!r}")
    folder = (info.context or {}).get("folder", Path())
    try:
        return Path(folder, Path(value).expanduser())
    except RuntimeError:
        raise ValueError(f"expected a path, got {value!r} (there is no such person)") from None


Duration = Annotated[timedelta, BeforeValidator(duration)]
Url = Annotated[str, AfterValidator(url)]
Zone = Annotated[str, AfterValidator(zone)]
Name = Annotated[str, AfterValidator(name)]
Language = Annotated[str, AfterValidator(language)]
Colour = Annotated[str, AfterValidator(colour)]
Line = Annotated[str, AfterValidator(single_line)]
AddressSpec = Annotated[str, AfterValidator(address)]
Mailbox = Annotated[str, AfterValidator(mailbox)]
Location = Annotated[Path, BeforeValidator(_resolve)]
