"""The small types that configuration keys are made of, each with a message that says what was expected."""

from __future__ import annotations

import re
from datetime import timedelta
from email.headerregistry import Address
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, ValidationInfo

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_DOMAIN = r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z0-9-]{2,}"
_ADDRESS = re.compile(rf"[A-Za-z0-9.!#$%&'*+/=?^_`{{|}}~-]+@{_DOMAIN}")


def duration(value: Any) -> timedelta:
    """`90s`, `5m`, `48h` or `7d`."""
    if isinstance(value, timedelta):
        return value
    found = re.fullmatch(r"(\d+)\s*([smhd])", str(value).strip())
    if not found:
        raise ValueError(f"expected a duration such as 30s, 5m, 48h or 7d, got {value!r}")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def url(value: str) -> str:
    """An absolute http or https address; a trailing slash is dropped."""
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"expected an address such as https://courier.example, got {value!r}")
    return value.rstrip("/")


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


def single_line(value: str) -> str:
    """Text that may stand in a mail header: nothing that breaks a line or smuggles an encoded word in."""
    if re.search(r"[\x00-\x1f\x7f\u0085\u2028\u2029]|=\?", value):
        raise ValueError(f"expected one plain line, got {value!r}")
    return value


def address(value: str) -> str:
    """One mail address, without a name (an ASCII addr-spec of RFC 5321 section 4.1.2, unquoted)."""
    if not _ADDRESS.fullmatch(value) or ".." in value or value.startswith(".") or ".@" in value:
        raise ValueError(f"expected one address such as editors@courier.example, got {value!r}")
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
    folder = (info.context or {}).get("folder", Path())
    return Path(folder, Path(value).expanduser())


Duration = Annotated[timedelta, BeforeValidator(duration)]
Url = Annotated[str, AfterValidator(url)]
Zone = Annotated[str, AfterValidator(zone)]
Name = Annotated[str, AfterValidator(name)]
Language = Annotated[str, AfterValidator(language)]
Line = Annotated[str, AfterValidator(single_line)]
AddressSpec = Annotated[str, AfterValidator(address)]
Mailbox = Annotated[str, AfterValidator(mailbox)]
Location = Annotated[Path, BeforeValidator(_resolve)]
