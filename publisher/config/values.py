"""The small types that configuration keys are made of, each with a message that says what was expected."""

from __future__ import annotations

import re
from datetime import date, timedelta
from email.headerregistry import Address
from functools import lru_cache
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote, urlsplit, urlunsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, ValidationInfo

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_PER = {"s": 1, "min": 60, "h": 3600}
_LONGEST = timedelta(days=3653)
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_PATH = "!$%&'()*+,/:;=~"
_URL = re.compile(r"https?://[0-9A-Za-z\[][0-9A-Za-z.:\[\]_-]*(/[!$%&'()*+,./0-9:;=A-Z_a-z~-]*)?")
_LONGEST_LOCAL, _LONGEST_ADDRESS = 64, 254
_ATOM = r"-A-Za-z0-9!#$%&'*+/=?^_`{|}~"
_LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_DOMAIN = re.compile(rf"(?:{_LABEL}\.)+(?=.*[A-Za-z]){_LABEL}")
_LOCAL = re.compile(rf"[{_ATOM}\u0080-\U0010ffff]+(?:\.[{_ATOM}\u0080-\U0010ffff]+)*")
_ADDRESS = re.compile(rf"(?=[^@]{{1,64}}@)[{_ATOM}]+(?:\.[{_ATOM}]+)*@{_DOMAIN.pattern}")
_TOPIC = re.compile(r"arn:aws[a-z-]{0,12}:sns:[a-z]{2}[a-z0-9-]{3,30}:\d{12}:[A-Za-z0-9_-]{1,256}")


def duration(value: Any) -> timedelta:
    """`90s`, `5m`, `48h` or `7d`."""
    if isinstance(value, timedelta):
        return value
    found = re.fullmatch(r"([0-9]{1,9})\s*([smhd])", str(value).strip())
    if not found or (span := timedelta(**{_UNITS[found[2]]: int(found[1])})) > _LONGEST:
        raise ValueError(f"expected a duration such as 30s, 5m, 48h or 7d, ten years at most, got {value!r}")
    return span


def rate(value: Any) -> float:
    """`50/s`, `3000/min` or `100/h`: how many a second."""
    found = re.fullmatch(r"([0-9]{1,7}(?:\.[0-9]{1,3})?)\s*/\s*(s|min|h)", str(value).strip())
    if not found or not (many := float(found[1])):
        raise ValueError(f"expected a rate such as 50/s, 3000/min or 100/h, got {value!r}")
    return many / _PER[found[2]]


def day(value: Any) -> date:
    """A day as YAML knows it, `2026-11-22`."""
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise ValueError(f"expected a date such as 2026-11-22, got {str(value)!r}") from None


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


def hub(value: str) -> str:
    """The address of a WebSub hub, which may have a query and stays as it is written; empty for none."""
    plain, _, query = value.partition("?")
    if value and not (_URL.fullmatch(plain) and "@" not in plain and re.fullmatch(r"[!-~]*", query)):
        raise ValueError(f"expected an address such as https://hub.example/, got {value!r}")
    return value


def feed_url(value: str) -> str:
    """The absolute http or https address of a feed, in ASCII; without a user, a password or a fragment."""
    try:
        parts = urlsplit(value)
        odd = not parts.hostname or parts.port == 0 or "@" in parts.netloc or "#" in value
    except ValueError:
        odd = True
    if odd or not re.fullmatch(r"https?://[!-~]{1,2000}", value):
        shown = re.sub(r"//[^/]*@", "//***@", value)
        raise ValueError(f"expected an address such as https://elsewhere.example/feed.xml, got {shown!r}")
    return value


def private(value: str) -> str:
    """A host, an address or a network (`10.1.0.0/16`) that is not open to the whole internet."""
    try:
        return str(ip_network(value))
    except ValueError:
        if re.fullmatch(rf"(?=.*[A-Za-z])(?:{_LABEL}\.)*{_LABEL}", value):
            return value.lower()
    raise ValueError(f"expected a host or a network such as 10.1.0.0/16, got {value!r}")


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


_LONGEST_LANGUAGE = 35  # RFC 5646 section 4.4.1: what implementations must take


def language(value: str) -> str:
    """A language tag (RFC 5646), with a hyphen."""
    if len(value) > _LONGEST_LANGUAGE or not re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*", value):
        raise ValueError(f"expected a language tag such as en or pt-BR, got {value!r}")
    return value


def store(value: str) -> str:
    """The address of a store. What it says of a bad one leaves out all that may be a password."""
    if not re.fullmatch(r"sqlite:///[^\0]+|postgresql://[^\0\s]+", value):
        expected = "sqlite:///path/to/file.db or postgresql://user@host/database"
        raise ValueError(f"expected {expected}, got {value.partition('/')[0][:20]!r}")
    return value


def without_password(store: str) -> str:
    """The address of a store as it may be shown."""
    shown = re.sub(r"^(postgresql://[^:@/?]*):.*@", r"\1:***@", store)
    return re.sub(r"([?&](?:ssl)?password=)[^&]*", r"\1***", shown)


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
    """One mail address, without a name, as it is typed: see `wire_address`."""
    wire_address(value)
    return value


@lru_cache(maxsize=256)  # a message asks twice for the same
def wire_address(value: str) -> str:
    """The address as SMTP and headers carry it: an addr-spec of RFC 5321 section 4.1.2, unquoted.

    A domain beyond ASCII becomes A-labels (RFC 5891); what stands before the @ may be UTF-8 (RFC 6531).
    Raises ValueError for anything else.
    """
    if value.isascii() and len(value) <= _LONGEST_ADDRESS and _ADDRESS.fullmatch(value):
        return value
    local, _, domain = value.rpartition("@")
    if len(local.encode("utf-8", "replace")) > _LONGEST_LOCAL:
        raise ValueError(f"expected at most {_LONGEST_LOCAL} characters before the @, got {value[:80]!r}")
    found = f"{local}@{_a_labels(domain)}" if len(domain) <= _LONGEST_ADDRESS else value
    if len(found.encode("utf-8", "replace")) > _LONGEST_ADDRESS:
        raise ValueError(f"expected at most {_LONGEST_ADDRESS} characters, got {value[:40]!r} and more")
    if not (_LOCAL.fullmatch(local) and local.isprintable() and _DOMAIN.fullmatch(found[len(local) + 1 :])):
        raise ValueError(f"expected one address such as editors@courier.example, got {value!r}")
    return found


def _a_labels(domain: str) -> str:
    """The domain in ASCII (RFC 5891); empty where it has no such form."""
    if domain.isascii():
        return domain
    import idna  # its tables take time to load, and most addresses need none

    try:
        return idna.encode(domain, uts46=True, std3_rules=True).decode()
    except idna.IDNAError:
        return ""


def sender_address(value: str) -> str:
    """An address of our own, in ASCII: what every server on the way takes."""
    found = wire_address(value)
    if not found.isascii():
        raise ValueError(f"expected an address in ASCII before the @, got {value!r}")
    return found


def domain(value: str) -> str:
    """The name of a domain, in ASCII and small letters."""
    found = _a_labels(value).lower()
    if len(found) > _LONGEST_ADDRESS or not _DOMAIN.fullmatch(found):
        raise ValueError(f"expected a domain such as courier.example, got {value!r}")
    return found


def selector(value: str) -> str:
    """A DKIM selector (RFC 6376 section 3.1): labels of letters, digits and hyphens, with dots between."""
    if not re.fullmatch(rf"{_LABEL}(\.{_LABEL})*", value) or len(value) > _LONGEST_LOCAL:
        raise ValueError(f"expected a selector such as 2026a, got {value!r}")
    return value.lower()


def topic(value: str) -> str:
    """The ARN of an Amazon SNS topic."""
    if not _TOPIC.fullmatch(value):
        raise ValueError(f"expected a topic such as arn:aws:sns:eu-west-1:123456789012:NAME, got {value!r}")
    return value


def mailbox(value: str) -> str:
    """`Name <address>` or `address`: exactly one."""
    single_line(value)
    found = re.fullmatch(r'\s*"?([^"<>]*?)"?\s*<([^<>]+)>\s*|\s*(\S+)\s*', value)
    if not found:
        raise ValueError(f'expected "Name <address>", got {value!r}')
    spec = sender_address(found[2] or found[3])
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
Day = Annotated[date, BeforeValidator(day)]
Rate = Annotated[float, BeforeValidator(rate)]
Url = Annotated[str, AfterValidator(url)]
HubUrl = Annotated[str, AfterValidator(hub)]
FeedUrl = Annotated[str, AfterValidator(feed_url)]
Private = Annotated[str, AfterValidator(private)]
Zone = Annotated[str, AfterValidator(zone)]
Name = Annotated[str, AfterValidator(name)]
Language = Annotated[str, AfterValidator(language)]
Colour = Annotated[str, AfterValidator(colour)]
Line = Annotated[str, AfterValidator(single_line)]
AddressSpec = Annotated[str, AfterValidator(sender_address)]
Domain = Annotated[str, AfterValidator(domain)]
Selector = Annotated[str, AfterValidator(selector)]
SnsTopic = Annotated[str, AfterValidator(topic)]
Mailbox = Annotated[str, AfterValidator(mailbox)]
Location = Annotated[Path, BeforeValidator(_resolve)]
