"""Where our keyed tokens may stand in a mail: in whom it is for, and anywhere in what it returns."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from publisher.bounces.fields import addresses
from publisher.bounces.mime import Part
from publisher.bounces.verdict import Traces

_ENVELOPE = (
    "delivered-to",
    "x-original-to",
    "envelope-to",
    "x-envelope-to",
    "x-rcpt-to",
    "x-delivered-to",
    "to",
    "cc",
)
_RECEIVED = re.compile(r"\bfor\s+<?([^\s<>;]{1,200}@[^\s<>;]{1,255})")
# a token is made of hexadecimal digits; no run of them is tried at more than one place
_TOKEN = re.compile(r"(?<![0-9A-Fa-f])([0-9A-Fa-f]{26,190})@([A-Za-z0-9][A-Za-z0-9.-]{0,254})")
_MOST = 50


def of_mail(mail: Part, parts: Sequence[Part]) -> Traces:
    """The candidates; whether one is a token of ours only the keys can tell."""
    known = [
        address for name in _ENVELOPE for value in mail.headers.get(name, ()) for address in addresses(value)
    ]
    known += [found for value in mail.headers.get("received", ())[:10] for found in _RECEIVED.findall(value)]
    texts = [value for part in parts for values in part.headers.values() for value in values]
    texts += [part.text for part in parts if not part.type.startswith("multipart/")]
    return Traces(tuple(dict.fromkeys(known))[:_MOST], mentioned(texts))


def mentioned(texts: Iterable[str]) -> tuple[str, ...]:
    """Every address whose local part ends like a token of ours, as `+TOKEN@domain` or `TOKEN@domain`."""
    found: dict[str, None] = {}
    for text in texts:
        for match in _TOKEN.finditer(text):
            tagged = "+" if text[max(match.start() - 1, 0) : match.start()] == "+" else ""
            found[f"{tagged}{match[1].lower()}@{match[2].lower()}"] = None
            if len(found) >= _MOST:
                return tuple(found)
    return tuple(found)
